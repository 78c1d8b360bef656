"""What the console shows of Centagate."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import ClassVar

from ..state import Row
from .base import Call, decode_json
from .centagate import Centagate, login_message
from .centagate_portal import CODES
from .view import SEARCHED, Action, Answered, Button, Comparison, DeviceView, Field, Seen, Table, View, flags

_BIND = {
    "username": "The user that the token is bound to.",
    "tokenSn": "The token's serial number, or the phone number.",
    "tokenType": "1: SMS, 2: OTP.",
    "cenToken": "!HMAC-SHA256 with the secretCode of the administrator's session over administrator and authToken.",
}
_LOGIN = {
    "username": "The administrator.",
    "password": "!The administrator's password.",
    "integrationKey": "The app that logs in.",
    "unixTimestamp": "Unix seconds by the device's clock.",
    "hmac": "!HMAC-SHA256 with the app's secret key over the other fields.",
    **dict.fromkeys(("supportFido", "ipAddress", "userAgent", "browserFp"), "Optional, and part of what is signed."),
}


class CentagateView(View[Centagate]):
    """OTP tokens and phone numbers, which are bound to users."""

    empty = "There is no token yet: create a user, a session of an administrator, and a token that is deactivated."
    made_by: ClassVar = {
        "create_token": "Add an OTP token",
        "create_user": "Add a user",
        "create_session": "Log an administrator in",
        "create_integration": "Add an app",
    }
    source = """
    SELECT sn AS _id, rowid AS _age, CASE status WHEN 'new' THEN 'created' WHEN 'deactivated' THEN 'enabled'
        WHEN 'active' THEN 'registered' ELSE 'disabled' END AS _state, status, cr, username FROM centagate_tokens
    UNION ALL SELECT number, rowid, 'registered', NULL, NULL, username FROM centagate_phones"""
    states: ClassVar = {
        "created": ("New", "Binding it is refused with 29002: set it to deactivated."),
        "enabled": ("Deactivated", "It may be bound to a user: start the device."),
        "registered": ("Active", "It is bound to its user: nothing to do."),
        "orphaned": (
            "Active",
            "Asking again gives 29008 for an OTP token, which the device takes as done after a lost answer: nothing "
            "to do.",
        ),
        "disabled": ("Not usable", "Binding it is refused with 29017: set it to deactivated."),
        "deleted": ("Deleted", "Binding it is refused with 29001: create it again."),
    }
    verdicts: ClassVar = {
        "registered": "The token is bound to the user: nothing to do.",
        "login": "The administrator is logged in, and got authToken and secretCode: nothing to do.",
        "queued": "This code was asked for with `fail`, and the request was not looked at: the device tries again, "
        "or not, as the code wants.",
        "no session": "The administrator in the path has no session, or is unknown: log the administrator in, and take "
        "authToken and secretCode from there.",
        "integration": "No app has this integration key: create it, or correct `integration_key`.",
        "no such user": "The signature is right, but there is no such user: create the administrator.",
        "held by it": "This very token is bound to this user already, perhaps by an attempt whose answer was lost: "
        "if the device is not content with that, deactivate the token, and it is bound again.",
        "23001": "The signature is right, but the password is wrong: correct `password`.",
        "10001": "The session is right, but its user is not an administrator: log an administrator in.",
        "10002": "A field is missing, is not text, or has a wrong form: correct the fields.",
        "22002": "There is no such user: create the user, or correct `username` in enroll.json.",
        "29001": "There is no OTP token with this serial number: create it, or correct `token_sn` in enroll.json.",
        "29002": "The OTP token is new: set it to deactivated, which the vendor wants for binding.",
        "29004": "The phone number is in use: free it, or take another one.",
        "29008": "The user has another OTP token already: unbind that one (set it to deactivated), or take another "
        "user.",
        "29017": "The OTP token is bound, locked, lost or expired: set it to deactivated.",
        "6007": "The user may not have a challenge-response token: create a user that may, or take another token.",
    }

    def shown(self, row: Row) -> DeviceView:
        """The token or the phone number in a row."""
        if row["status"] is None:
            action = Action("delete_phone", "Free the number", {"number": row["_id"]}, True)
            details = {"kind": "SMS", "user": row["username"]}
            return self.device(row["_id"], "registered", details=details, actions=[action])
        state, given = row["_state"], {"sn": row["_id"]}
        unbind = Action("set_token", "Deactivate", {**given, "status": "deactivated"}, state == "registered")
        actions = [
            *([unbind] if row["status"] != "deactivated" else []),
            *([Action("set_token", "Lock", {**given, "status": "locked"}, True)] if state == "registered" else []),
            Action("delete_token", "Delete", given, True),
        ]
        kind = "OTP, challenge-response" if row["cr"] else "OTP"
        details = {"kind": kind, "status": row["status"], "user": row["username"]}
        return self.device(row["_id"], state, details=details, actions=actions)

    def tables(self) -> list[Table]:
        """Users, sessions and apps."""
        log_in = Button("create_session", "Log in", {"username": "username"})
        drop = Button("delete_user", "Delete", {"username": "username"}, True)
        end = Button("delete_sessions", "End all of this user", {"username": "username"}, True)
        return [
            self.table(
                "Users",
                "centagate_users",
                ("username", "password", "admin", "allow_cr"),
                "There is no user yet: create the one that the token is bound to.",
                log_in,
                drop,
                secret=("password",),
                read=flags("admin", "allow_cr"),
            ),
            self.table(
                "Sessions",
                "centagate_sessions",
                ("username", "auth_token", "secret_code"),
                "Nobody is logged in: log an administrator in, and copy authToken and secretCode to enroll.json.",
                end,
                secret=("auth_token", "secret_code"),
            ),
            self.table(
                "Apps",
                "centagate_integrations",
                ("key", "secret_key"),
                "There is no app: create one only if the device itself logs in.",
                secret=("secret_key",),
            ),
        ]

    def device_in(self, call: Call) -> str:
        """The token's serial number."""
        try:
            body = decode_json(call.body)
        except ValueError:
            return ""
        return str(body.get("tokenSn", "")) if isinstance(body, dict) else ""

    def fields(self, seen: Seen) -> Iterator[Field]:
        """The body, and the code in the answer with its words."""
        yield from self.named(seen.call.parts, {"admin": "The administrator whose session signs."})
        yield from self.named(seen.body, _LOGIN if (seen.route or "").startswith("/auth") else _BIND)
        code = str(seen.answer.get("code", ""))
        words = CODES.get(int(code), "unknown") if code.lstrip("-").isdigit() else "unknown"
        result = "What is bound to whom, or the session; empty on failure."
        meanings = {"code": f"{words}. Failures are HTTP 200, too.", "message": "The code in words."}
        meanings["object"] = "!" + result if (seen.route or "").startswith("/auth") else result
        yield from self.named(seen.answer, meanings, " (answer)")

    def reason(self, seen: Seen) -> Answered:
        """Why a call was refused, and which input of a signature differs."""
        if seen.entry.status in (406, 415):
            name = "Accept" if seen.entry.status == 406 else "Content-Type"
            return Answered(f"The header {name} does not allow application/json: send application/json.")
        if seen.reason == "23023":
            return _expired(seen)
        if seen.reason not in ("signature", "hmac"):
            return Answered(self.told(seen))
        name = "cenToken" if seen.reason == "signature" else "hmac"
        received = str(seen.body.get(name, ""))
        if seen.masked:
            return Answered(f"{name} is wrong, and what differs cannot be told: show the secrets.")
        pairs = (Comparison(name, received, seen.expected),) if seen.expected else ()
        for words, digest in self._mistakes(seen):
            if received in (digest.hex(), base64.b64encode(digest).decode()):
                return Answered(f"{name} is wrong: {words}.", pairs)
        if received.lower() == seen.expected:
            return Answered(f"{name} is in capitals: send lower-case hexadecimal digits.", pairs)
        if seen.expected and received == base64.b64encode(bytes.fromhex(seen.expected)).decode():
            return Answered(f"{name} is in Base64: send hexadecimal digits.", pairs)
        what = "made with authToken or secretCode of another session, or over another text"
        if name == "hmac":
            what = "made with another secret key or over another text"
        return Answered(f"{name} is wrong, {what}, and the sandbox cannot tell which: copy the values again.", pairs)

    def _mistakes(self, seen: Seen) -> Iterator[tuple[str, bytes]]:
        """Signatures that differ from the right one in one input, from sessions and apps that are here now."""
        if seen.reason == "hmac":
            yield from self._of_login(seen)
            return
        admin, user = seen.call.parts["admin"], str(seen.body.get("username", ""))
        for row in self.service.state.all("SELECT * FROM centagate_sessions ORDER BY rowid DESC LIMIT ?", SEARCHED):
            key, token, owner = row["secret_code"], row["auth_token"], row["username"]
            if owner != admin:
                yield (
                    f"it is of the session of {owner!r}, so correct `admin_username` or take the session of {admin!r}",
                    _hmac(key, owner + token),
                )
            yield (
                "the user's name is in it in place of the administrator's, so sign the administrator's",
                _hmac(key, user + token),
            )
            yield "authToken comes first in it, so sign administrator and authToken", _hmac(key, token + admin)
            yield "only authToken is in it, so sign administrator and authToken", _hmac(key, token)
            yield "only the administrator is in it, so sign administrator and authToken", _hmac(key, admin)
            yield "authToken and secretCode are exchanged, so use secretCode as the key", _hmac(token, admin + key)
            yield "it is SHA-256 and not HMAC, so use HMAC", hashlib.sha256((admin + token + key).encode()).digest()

    def _of_login(self, seen: Seen) -> Iterator[tuple[str, bytes]]:
        fields = {name: str(value) for name, value in seen.body.items()}
        message = login_message(fields)
        for row in self.service.state.all("SELECT * FROM centagate_integrations LIMIT ?", SEARCHED):
            if row["key"] != fields.get("integrationKey"):
                words = f"it was made with the secret key of the app {row['key']!r}, so correct `secret_key`"
                yield words, _hmac(row["secret_key"], message)
                continue
            for name in ("username", "password", "integrationKey", "unixTimestamp"):
                without = login_message({**fields, name: ""})
                yield f"{name} is not in it, so sign all fields", _hmac(row["secret_key"], without)


def _hmac(key: str, message: str) -> bytes:
    return hmac.digest(key.encode(), message.encode("utf-8", "surrogatepass"), hashlib.sha256)


def _expired(seen: Seen) -> Answered:
    given = str(seen.body.get("unixTimestamp", ""))
    off = int(given) - int(seen.expected)
    where = "ahead" if off > 0 else "behind"
    hint = ", which began in 2000 (its epoch), so send Unix time" if abs(off + 946_684_800) < 86_400 else ""
    verdict = f"The signature is right, but the device's clock is {abs(off)} s {where}{hint}: set the clock (NTP)."
    return Answered(verdict, (Comparison("unixTimestamp", given, seen.expected, False),))
