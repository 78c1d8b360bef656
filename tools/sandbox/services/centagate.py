"""Centagate: an administrator's session binds an SMS number or an OTP token to a user."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable
from typing import Any

from ..errors import SandboxError
from ..state import Row
from .base import Answer, Call, Refused, Route, Service, decode_json, hide, json_answer, operation, same

# Every code with the words of the vendor's pages.
CODES = {
    0: "Success",
    6002: "Token register to user failed",
    6007: "User is not allowed to bind with CR OTP token",
    10001: "Permission denied",
    10002: "Invalid Input",
    10003: "DB protection error",
    10004: "DB error",
    22002: "User not found",
    23001: "Invalid credentials",
    23020: "Untrusted IP address",
    23022: "Bad signature",
    23023: "Request expired",
    23024: "API not found",
    23025: "API error",
    29001: "Token not found",
    29002: "Token not active",
    29004: "Phone number had been used",
    29008: "An OTP token already registered to this user",
    29011: "Invalid token activation code",
    29017: "Invalid token status",
}

SMS, OTP = "1", "2"

# "deactivated" is the state in which the vendor's page wants a token to be bound.
TOKEN_STATES = ("new", "deactivated", "active", "locked", "lost", "expired")

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


@dataclasses.dataclass
class Settings:
    """``code_as_string``, ``object_as_string``: how the answer's members are spelled.

    ``sms_repeat_refused``: the same number for the same user again is 29004 instead of a success.
    ``timestamp_tolerance``: seconds by which a login's time may differ from the sandbox's.
    """

    code_as_string: bool = False
    object_as_string: bool = False
    sms_repeat_refused: bool = False
    timestamp_tolerance: float = 300.0


class Failed(Exception):
    """Ends a call with a return code other than 0."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def sign(key: str, message: str) -> str:
    """HMAC-SHA256 in lower-case hexadecimal, as every signature of the service."""
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


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


class Centagate(Service):
    """``registerActiveToken`` and the basic login."""

    name = "centagate"
    bases = ("/centagate/CentagateWS/webresources", "/centagate/v2/CentagateWS/webresources")
    schema = """
    CREATE TABLE IF NOT EXISTS centagate_users (
        username TEXT PRIMARY KEY, password TEXT NOT NULL, admin INTEGER NOT NULL, allow_cr INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS centagate_sessions (
        auth_token TEXT PRIMARY KEY, secret_code TEXT NOT NULL,
        username TEXT NOT NULL REFERENCES centagate_users (username) ON DELETE CASCADE);
    CREATE TABLE IF NOT EXISTS centagate_tokens (
        sn TEXT PRIMARY KEY, state TEXT NOT NULL, cr INTEGER NOT NULL,
        username TEXT REFERENCES centagate_users (username) ON DELETE SET NULL);
    CREATE TABLE IF NOT EXISTS centagate_phones (
        number TEXT PRIMARY KEY,
        username TEXT NOT NULL REFERENCES centagate_users (username) ON DELETE CASCADE);
    CREATE TABLE IF NOT EXISTS centagate_integrations (key TEXT PRIMARY KEY, secret_key TEXT NOT NULL);
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.settings = Settings()
        self._queued: list[int] = []

    def routes(self) -> Iterable[Route]:
        """``PUT /token/registerActiveToken/{admin}`` and ``POST /auth/authBasic``."""
        return (
            Route("PUT", "/token/registerActiveToken/{admin}", self._register),
            Route("POST", "/auth/authBasic", self._login),
        )

    def unknown(self, call: Call) -> Answer:
        """The service answers even this with HTTP 200 and a code."""
        return self._answer(23024)

    def _register(self, call: Call) -> Answer:
        return self._run(call, self._bind)

    def _login(self, call: Call) -> Answer:
        return self._run(call, self._authenticate)

    def _run(self, call: Call, work: Any) -> Answer:
        if not call.is_json():
            return json_answer({"error": "Content-Type must be application/json"}, 415)
        if not accepts_json(call.headers.get("Accept", "")):
            return json_answer({"error": "Accept must allow application/json"}, 406)
        if self._queued:
            return self._answer(self._queued.pop(0))
        try:
            return self._answer(0, work(call))
        except Failed as failed:
            raise Refused(self._answer(failed.code)) from None

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
        if not signed:
            raise Failed(23022)
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
        if self.state.one("SELECT 1 FROM centagate_tokens WHERE username = ?", user["username"]):
            raise Failed(29008)
        if token["state"] == "new":
            raise Failed(29002)
        if token["state"] != "deactivated" or token["username"]:
            raise Failed(29017)
        if token["cr"] and not user["allow_cr"]:
            raise Failed(6007)
        change = "UPDATE centagate_tokens SET username = ?, state = 'active' WHERE sn = ?"
        self.state.run(change, user["username"], sn)

    # Logging in.

    def _authenticate(self, call: Call) -> dict[str, Any]:
        fields = strings(call.body, _LOGIN_NEEDED)
        stamp = fields["unixTimestamp"]
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 16):
            raise Failed(10002)
        integration = self.state.one("SELECT * FROM centagate_integrations WHERE key = ?", fields["integrationKey"])
        if not integration or not same(fields["hmac"], sign(integration["secret_key"], login_message(fields))):
            raise Failed(23022)
        if abs(int(stamp) - self.clock.now()) > self.settings.timestamp_tolerance:
            raise Failed(23023)
        user = self.state.one("SELECT * FROM centagate_users WHERE username = ?", fields["username"])
        if user is None or not same(fields["password"], user["password"]):
            raise Failed(23001)
        session = self._new_session(fields["username"])
        return {
            "username": session["username"],
            "authToken": session["auth_token"],
            "secretCode": session["secret_code"],
            "defAuth": "PASSWORD",
        }

    def _new_session(self, username: str) -> Row:
        row = {
            "username": username,
            "auth_token": secrets.token_hex(16),
            "secret_code": secrets.token_hex(16),
        }
        self.state.insert("centagate_sessions", **row)
        return row

    # The administrator's operations.

    @operation
    def create_user(self, username: str, password: str = "", admin: bool = False, allow_cr: bool = False) -> Row:
        """Create a user; admin may bind tokens, allow_cr may have challenge-response tokens bound."""
        with self.state.transaction():
            if not username or self.state.one("SELECT 1 FROM centagate_users WHERE username = ?", username):
                raise SandboxError(f"centagate already has a user {username!r} or the name is empty")
            password = password or secrets.token_urlsafe(12)
            self.state.insert("centagate_users", username=username, password=password, admin=admin, allow_cr=allow_cr)
        return {"username": username, "password": password, "admin": admin, "allow_cr": allow_cr}

    @operation
    def delete_user(self, username: str) -> None:
        """Delete a user with his sessions and phone numbers; his OTP token stays, bound to nobody."""
        if not self.state.run("DELETE FROM centagate_users WHERE username = ?", username):
            raise SandboxError(f"centagate has no user {username!r}")

    @operation
    def create_session(self, username: str) -> Row:
        """Log a user in, made an administrator if there is none of that name: username, auth_token, secret_code."""
        with self.state.transaction():
            if not self.state.one("SELECT 1 FROM centagate_users WHERE username = ?", username):
                self.create_user(username, admin=True)
            return self._new_session(username)

    @operation
    def delete_sessions(self, username: str) -> None:
        """End every session of a user."""
        self.state.run("DELETE FROM centagate_sessions WHERE username = ?", username)

    @operation
    def create_token(self, sn: str, state: str = "deactivated", cr: bool = False) -> Row:
        """Create an OTP token with a serial number; cr makes it a challenge-response token."""
        _check_state(state)
        with self.state.transaction():
            if not sn or self.state.one("SELECT 1 FROM centagate_tokens WHERE sn = ?", sn):
                raise SandboxError(f"centagate already has a token {sn!r} or the number is empty")
            self.state.insert("centagate_tokens", sn=sn, state=state, cr=cr)
        return {"sn": sn, "state": state, "cr": cr}

    @operation
    def set_token(self, sn: str, state: str) -> None:
        """Put an OTP token into another state; "new" and "deactivated" unbind it."""
        _check_state(state)
        keep = "username" if state not in ("new", "deactivated") else "NULL"
        if not self.state.run(f"UPDATE centagate_tokens SET state = ?, username = {keep} WHERE sn = ?", state, sn):
            raise SandboxError(f"centagate has no token {sn!r}")

    @operation
    def delete_token(self, sn: str) -> None:
        """Delete an OTP token."""
        if not self.state.run("DELETE FROM centagate_tokens WHERE sn = ?", sn):
            raise SandboxError(f"centagate has no token {sn!r}")

    @operation
    def delete_phone(self, number: str) -> None:
        """Free a phone number."""
        if not self.state.run("DELETE FROM centagate_phones WHERE number = ?", number):
            raise SandboxError(f"centagate has no phone number {number!r}")

    @operation
    def create_integration(self, key: str = "", secret_key: str = "") -> Row:
        """Create an app that logs in: its integration key and secret key, made up if left out."""
        row = {"key": key or secrets.token_hex(16), "secret_key": secret_key or secrets.token_urlsafe(24)}
        with self.state.transaction():
            if self.state.one("SELECT 1 FROM centagate_integrations WHERE key = ?", row["key"]):
                raise SandboxError("centagate already has an app with that integration key")
            self.state.insert("centagate_integrations", **row)
        return row

    @operation
    def fail(self, code: int, times: int = 1) -> None:
        """Answer the next calls with this return code and do nothing else; kept in memory."""
        if code not in CODES or times < 1:
            raise SandboxError(f"code must be one of {', '.join(map(str, sorted(CODES)))} and times at least 1")
        self._queued += [code] * times

    @operation
    def users(self, reveal: bool = False) -> list[Row]:
        """All users; their passwords only with reveal."""
        rows = self.state.all("SELECT * FROM centagate_users ORDER BY username")
        flags = [{**row, "admin": bool(row["admin"]), "allow_cr": bool(row["allow_cr"])} for row in rows]
        return [hide(row, ("password",), reveal) for row in flags]

    @operation
    def sessions(self, reveal: bool = False) -> list[Row]:
        """All sessions; their secrets only with reveal."""
        rows = self.state.all("SELECT * FROM centagate_sessions")
        return [hide(row, ("auth_token", "secret_code"), reveal) for row in rows]

    @operation
    def tokens(self) -> list[Row]:
        """All OTP tokens and whom they are bound to."""
        rows = self.state.all("SELECT * FROM centagate_tokens ORDER BY sn")
        return [{**row, "cr": bool(row["cr"])} for row in rows]

    @operation
    def phones(self) -> list[Row]:
        """All phone numbers and whom they are bound to."""
        return self.state.all("SELECT * FROM centagate_phones ORDER BY number")


def _check_state(state: str) -> None:
    if state not in TOKEN_STATES:
        raise SandboxError(f"state must be one of {', '.join(TOKEN_STATES)}")
