"""OAuth 2.0: device flow (RFC 8628), refresh (RFC 6749), dynamic registration (RFC 7591), and a userinfo endpoint."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from ..history import AUTHORISED, REGISTERED
from ..state import Row
from .base import Answer, Call, Refused, Route, decode_json, json_answer, same
from .oauth_portal import OAuthPortal

_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_NO_STORE = {"Cache-Control": "no-store"}
_GOOGLE = {"authorization_pending": 428, "slow_down": 403, "access_denied": 403}


def _refuse(error: str, status: int = 400, reason: str = "", device: str = "", expected: str = "") -> Refused:
    headers = {**_NO_STORE, **({"WWW-Authenticate": 'Basic realm="oauth"'} if status == 401 else {})}
    reason = reason or error
    return Refused(json_answer({"error": error}, status, headers, device=device, reason=reason, expected=expected))


def _form(call: Call) -> dict[str, str]:
    """The fields of a form. No field may be there twice (RFC 6749, 3.2)."""
    kind = call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    try:
        pairs = parse_qsl(call.body.decode(), keep_blank_values=True, strict_parsing=bool(call.body))
    except ValueError:
        pairs = [("", ""), ("", "")]
    fields = dict(pairs)
    if kind != "application/x-www-form-urlencoded" or len(fields) != len(pairs):
        raise _refuse("invalid_request")
    return fields


def basic_of(call: Call) -> tuple[str, str] | None:
    """Client and secret of HTTP Basic, whose parts are encoded as in a form (RFC 6749, 2.3.1)."""
    scheme, _, value = call.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise _refuse("invalid_client", 401, "no Basic") from None
    return unquote_plus(name), unquote_plus(secret)


class OAuth(OAuthPortal):
    """The endpoints."""

    bases = ("/oauth",)
    decided = True

    def routes(self) -> Iterable[Route]:
        """What a device calls, and the page that it tells a person."""
        return (
            Route("POST", "/device_authorization", self._authorize),
            Route("POST", "/token", self._token),
            Route("POST", "/register", self._register),
            Route("GET", "/userinfo", self._userinfo),
            Route("GET", "/device", self._where),
        )

    def sample(self, name: str) -> dict[str, Any]:
        """A client whose codes are approved at once."""
        return self._sample(name, approve=True)

    def sample_by_hand(self, name: str) -> dict[str, Any]:
        """A client whose codes a person approves or denies."""
        return self._sample(name, approve=False)

    def _sample(self, name: str, approve: bool) -> dict[str, Any]:
        serial = f"board-{name:0>4}"
        return {
            **self.create_client(approve, name=serial),
            "serial": serial,
            "device_path": "/device_authorization",
            "token_path": "/token",
            "scope": "telemetry",
        }

    # Authentication.

    def _client(self, call: Call, form: dict[str, str]) -> Row:
        """The client that asks, authenticated. It may use one way alone (RFC 6749, 2.3)."""
        basic = basic_of(call)
        name, secret = basic or (form.get("client_id", ""), form.get("client_secret", ""))
        if basic and ("client_secret" in form or self.settings.google):
            raise _refuse("invalid_request", reason="two ways", device=name)
        client = self.state.one("SELECT * FROM oauth_clients WHERE client_id = ?", name)
        told = self.settings.google and not secret and call.path.endswith("/device_authorization")
        if client is None:
            raise _refuse("invalid_client", 401, self.history.missing(name), name)
        if not (told or same(client["client_secret"] or "", secret)):
            raise _refuse("invalid_client", 401, "client secret", name, client["client_secret"] or "")
        return client

    # The device flow.

    def _authorize(self, call: Call) -> Answer:
        form = _form(call)
        code = self._new_code(self._client(call, form), form.get("scope", ""))
        found = {"device_code": code["device_code"], "user_code": code["user_code"]}
        found["verification_url" if self.settings.google else "verification_uri"] = self._page(call)
        more = {"interval": self.settings.interval} if self.settings.interval else {}
        answer = {**found, "expires_in": self.settings.expires, **more}
        return json_answer(answer, headers=_NO_STORE, device=code["client_id"], reason="code")

    def _page(self, call: Call) -> str:
        """Where a person enters a code: the console, which a browser trusts, or a page here that says where it is."""
        return (self.console_at(call.remote) or call.origin + "/") + "oauth/device"

    def _token(self, call: Call) -> Answer:
        form = _form(call)
        client = self._client(call, form)
        kind = form.get("grant_type")
        if kind == _DEVICE:
            return self._poll(client, form.get("device_code", ""))
        if kind == "refresh_token":
            return self._refresh(client, form.get("refresh_token", ""))
        raise _refuse("unsupported_grant_type")

    def _poll(self, client: Row, device_code: str) -> Answer:
        code = self.state.one("SELECT * FROM oauth_codes WHERE device_code = ?", device_code)
        if code is None or code["client_id"] != client["client_id"]:
            reason = "code unknown" if code is None else "code of another"
            raise _refuse("invalid_grant", reason=reason, device=client["client_id"])
        now, error = self.clock.now(), {"pending": "authorization_pending", "denied": "access_denied"}
        said = error.get(code["status"], "")
        if code["expires"] <= now:
            said = "expired_token"
        # Half a second for what clocks and networks do to an interval.
        elif said == "authorization_pending" and now - code["polled"] < code["interval"] - 0.5:
            said = "slow_down"
            self.state.run("UPDATE oauth_codes SET interval = interval + 5 WHERE device_code = ?", device_code)
        if said:
            # An answer, not Refused: that would undo what is noted of the poll.
            self.state.run("UPDATE oauth_codes SET polled = ? WHERE device_code = ?", now, device_code)
            status = _GOOGLE.get(said, 400) if self.settings.google else 400
            return json_answer({"error": said}, status, _NO_STORE, device=client["client_id"], reason=said)
        self.state.run("DELETE FROM oauth_codes WHERE device_code = ?", device_code)
        return self._issue(client, code["scope"], secrets.token_hex(8))

    def _where(self, call: Call) -> Answer:
        """A person has followed the address that a device shows."""
        text = (
            "Enter the code in the sandbox's console, on the page OAuth: `enroll-sandbox console` prints its address.\n"
        )
        return Answer(200, text.encode(), "text/plain")

    # Tokens.

    def _issue(self, client: Row, scope: str, family: str, refresh: bool = True) -> Answer:
        found: dict[str, Any] = {"token_type": "Bearer", "expires_in": self.settings.life, "scope": scope}
        for kind, life in (("access", self.settings.life), ("refresh", 1e12))[: 1 + refresh]:
            found[kind + "_token"] = token = secrets.token_urlsafe(24)
            row = {"client_id": client["client_id"], "family": family, "scope": scope}
            self.state.insert("oauth_tokens", token=token, kind=kind, expires=self.clock.now() + life, **row)
        return json_answer(found, headers=_NO_STORE, device=client["client_id"], reason=REGISTERED)

    def _refresh(self, client: Row, token: str) -> Answer:
        row = self.state.one("SELECT * FROM oauth_tokens WHERE token = ? AND kind = 'refresh'", token)
        if row is None or row["client_id"] != client["client_id"]:
            reason = "refresh unknown" if row is None else "refresh of another"
            raise _refuse("invalid_grant", reason=reason, device=client["client_id"])
        if row["used"]:  # somebody else may have it: all its tokens become invalid (RFC 9700, 4.14.2)
            self.state.run("DELETE FROM oauth_tokens WHERE family = ?", row["family"])
            return _refuse("invalid_grant", reason="refresh used", device=client["client_id"]).answer
        if self.settings.rotate:
            self.state.run("UPDATE oauth_tokens SET used = 1 WHERE token = ?", token)
        return self._issue(client, row["scope"], row["family"], self.settings.rotate)

    def _userinfo(self, call: Call) -> Answer:
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        row = self.state.one("SELECT * FROM oauth_tokens WHERE token = ? AND kind = 'access'", token)
        if scheme.lower() != "bearer" or row is None or row["expires"] <= self.clock.now():
            headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            reason = "no Bearer" if scheme.lower() != "bearer" else "token unknown" if row is None else "token expired"
            device = row["client_id"] if row else ""
            raise Refused(json_answer({"error": "invalid_token"}, 401, headers, device=device, reason=reason))
        answer = {"sub": "user-1", "client_id": row["client_id"]}
        return json_answer(answer, device=row["client_id"], reason=AUTHORISED)

    # Dynamic registration.

    def _register(self, call: Call) -> Answer:
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        initial = self.state.one("SELECT * FROM oauth_initial WHERE initial_token = ?", token)
        if scheme.lower() != "bearer" or initial is None:
            raise _refuse("invalid_token", 401, "no initial token")
        if initial["once"] and initial["used"]:
            raise _refuse("invalid_token", 401, "initial token used")
        try:
            wanted = decode_json(call.body)
        except ValueError:
            wanted = None
        if not isinstance(wanted, dict) or not call.is_json():
            raise _refuse("invalid_client_metadata")
        kinds = wanted.get("grant_types")
        if not isinstance(kinds, list) or _DEVICE not in kinds:
            raise _refuse("invalid_client_metadata")
        self.state.run("UPDATE oauth_initial SET used = used + 1 WHERE initial_token = ?", token)
        client = self.create_client(public=wanted.get("token_endpoint_auth_method") == "none")
        change = "UPDATE oauth_clients SET registered = 1, name = ? WHERE client_id = ?"
        self.state.run(change, str(wanted.get("client_name", "")), client["client_id"])
        answer = {**wanted, **client, "client_secret_expires_at": 0}
        return json_answer(answer, 201, _NO_STORE, device=client["client_id"], reason="client")
