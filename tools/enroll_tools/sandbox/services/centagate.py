"""Centagate: an administrator's session binds an SMS number or an OTP token to a user."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from ..history import REGISTERED
from ..state import Row
from .base import Answer, Call, Refused, Route, decode_json, json_answer, same
from .centagate_portal import CODES, CentagatePortal

SMS, OTP = "1", "2"

_PHONE = re.compile(r"\+?[0-9]{6,15}", re.ASCII)

# In the order of the vendor's formula for the login's hmac.
_LOGIN_ORDER = (
    "username",
    "password",
    "userAgent",
    "integrationKey",
    "supportFido",
    "browserFp",
    "unixTimestamp",
    "ipAddress",
)
_LOGIN_NEEDED = ("username", "password", "integrationKey", "unixTimestamp", "hmac")


class Failed(Exception):
    """Ends a call with a return code other than 0. ``reason`` and ``expected`` as in Answer."""

    def __init__(self, code: int, reason: str = "", expected: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason or str(code)
        self.expected = expected


def sign(key: str, message: str) -> str:
    """HMAC-SHA256 in lower-case hexadecimal, as every signature of the service."""
    return hmac.new(key.encode(), message.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def login_message(fields: dict[str, str]) -> str:
    """What a login's hmac signs."""
    return "".join(fields.get(name, "") for name in _LOGIN_ORDER)


def strings(body: bytes, needed: tuple[str, ...]) -> dict[str, str]:
    """The members of a JSON object that holds strings only and the needed ones not empty. Raises Failed(10002)."""
    try:
        value = decode_json(body)
    except ValueError:
        raise Failed(10002) from None
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise Failed(10002)
    if not all(value.get(name) for name in needed):
        raise Failed(10002)
    return value


def accepts_json(header: str) -> bool:
    """Tell whether an Accept header names application/json or a range that holds it."""
    kinds = [item.split(";")[0].strip().lower() for item in header.split(",")]
    return any(kind in ("application/json", "application/*", "*/*") for kind in kinds)


class Centagate(CentagatePortal):
    """``registerActiveToken`` and the basic login."""

    bases = ("/centagate/CentagateWS/webresources", "/centagate/v2/CentagateWS/webresources")

    def routes(self) -> Iterable[Route]:
        """``PUT /token/registerActiveToken/{admin}`` and ``POST /auth/authBasic``."""
        return (
            Route("PUT", "/token/registerActiveToken/{admin}", self._register),
            Route("POST", "/auth/authBasic", self._login),
        )

    def sample(self, name: str) -> dict[str, Any]:
        """An administrator with a session, a user and a token that is bound to nobody."""
        admin, user, serial = f"admin-{name}", f"user-{name}", f"OTP{name}"
        self.create_user(admin, admin=True)
        session = self.create_session(admin)
        self.create_user(user)
        self.create_token(serial)
        return {
            "admin_username": admin,
            "username": user,
            "token_sn": serial,
            "token_type": "2",
            "auth_token": session["auth_token"],
            "secret_code": session["secret_code"],
        }

    def unknown(self, call: Call) -> Answer:
        """The service answers even this with HTTP 200 and a code."""
        return self._answer(23024)

    def _register(self, call: Call) -> Answer:
        return self._run(call, self._bind)

    def _login(self, call: Call) -> Answer:
        return self._run(call, self._authenticate)

    def _run(self, call: Call, work: Callable[[Call], dict[str, Any]]) -> Answer:
        # The vendor's Java sample sends its JSON as a plain string, which Jersey's client declares as text/plain.
        if not call.is_json("text/plain"):
            return json_answer({"error": "Content-Type must be application/json or text/plain"}, 415)
        if not accepts_json(call.headers.get("Accept", "")):
            return json_answer({"error": "Accept must allow application/json"}, 406)
        if self._queued:
            return dataclasses.replace(self._answer(self._queued.pop(0)), reason="queued")
        try:
            result = work(call)
        except Failed as failed:
            answer = self._answer(failed.code)
            raise Refused(dataclasses.replace(answer, reason=failed.reason, expected=failed.expected)) from None
        device, reason = result.get("boundTokenSn", ""), REGISTERED if "boundTokenSn" in result else "login"
        return dataclasses.replace(self._answer(0, result), device=device, reason=reason)

    def _answer(self, code: int, result: dict[str, Any] | None = None) -> Answer:
        shown: Any = result if result is not None else ""
        if self.settings.object_as_string and result is not None:
            shown = json.dumps(result)
        spelled: Any = str(code) if self.settings.code_as_string else code
        return json_answer({"code": spelled, "message": CODES.get(code, "Error"), "object": shown})

    # Binding a token.

    def _bind(self, call: Call) -> dict[str, Any]:
        fields = strings(call.body, ("username", "tokenSn", "tokenType", "cenToken"))
        if fields["tokenType"] not in (SMS, OTP):
            raise Failed(10002)
        self._check_session(call.parts["admin"], fields["cenToken"])
        user = self.state.one("SELECT * FROM centagate_users WHERE username = ?", fields["username"])
        if user is None:
            raise Failed(22002)
        if fields["tokenType"] == SMS:
            self._bind_phone(fields["username"], fields["tokenSn"])
        else:
            self._bind_token(user, fields["tokenSn"])
        return {
            "boundUser": fields["username"],
            "boundTokenSn": fields["tokenSn"],
            "boundTokenType": fields["tokenType"],
            "boundTokenStatus": "ACTIVE",
        }

    def _check_session(self, admin: str, signature: str) -> None:
        sessions = self.state.all(
            "SELECT * FROM centagate_sessions JOIN centagate_users USING (username) WHERE username = ?", admin
        )
        signed = [session for session in sessions if same(signature, self._expected(session))]
        if not sessions:
            raise Failed(23022, "no session")
        if not signed:
            raise Failed(23022, "signature", self._expected(sessions[0]) if len(sessions) == 1 else "")
        if not signed[0]["admin"]:
            raise Failed(10001)

    @staticmethod
    def _expected(session: Row) -> str:
        return sign(session["secret_code"], session["username"] + session["auth_token"])

    def _bind_phone(self, username: str, number: str) -> None:
        if not _PHONE.fullmatch(number):
            raise Failed(10002)
        holder = self.state.one("SELECT username FROM centagate_phones WHERE number = ?", number)
        if holder and (holder["username"] != username or self.settings.sms_repeat_refused):
            raise Failed(29004)
        if not holder:
            self.state.insert("centagate_phones", number=number, username=username)

    def _bind_token(self, user: Row, sn: str) -> None:
        token = self.state.one("SELECT * FROM centagate_tokens WHERE sn = ?", sn)
        if token is None:
            raise Failed(29001)
        held = self.state.one("SELECT sn FROM centagate_tokens WHERE username = ?", user["username"])
        if held:
            raise Failed(29008, "held by it" if held["sn"] == sn else "29008")
        if token["status"] == "new":
            raise Failed(29002)
        if token["status"] != "deactivated":
            raise Failed(29017)
        if token["cr"] and not user["allow_cr"]:
            raise Failed(6007)
        change = "UPDATE centagate_tokens SET username = ?, status = 'active' WHERE sn = ?"
        self.state.run(change, user["username"], sn)

    # Logging in.

    def _authenticate(self, call: Call) -> dict[str, Any]:
        fields = strings(call.body, _LOGIN_NEEDED)
        stamp = fields["unixTimestamp"]
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 16):
            raise Failed(10002)
        integration = self.state.one("SELECT * FROM centagate_integrations WHERE key = ?", fields["integrationKey"])
        if not integration:
            raise Failed(23022, "integration")
        expected = sign(integration["secret_key"], login_message(fields))
        if not same(fields["hmac"], expected):
            raise Failed(23022, "hmac", expected)
        if abs(int(stamp) - self.clock.now()) > self.settings.timestamp_tolerance:
            raise Failed(23023, expected=str(int(self.clock.now())))
        user = self.state.one("SELECT * FROM centagate_users WHERE username = ?", fields["username"])
        if user is None:
            raise Failed(23001, "no such user")
        if not same(fields["password"], user["password"]):
            raise Failed(23001)
        session = self._new_session(fields["username"])
        return {
            "username": session["username"],
            "authToken": session["auth_token"],
            "secretCode": session["secret_code"],
            "defAuth": "PASSWORD",
        }
