"""What the console shows of Cumulocity."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import ClassVar

from ..state import Row
from .base import Call, decode_json
from .cumulocity import BOOTSTRAP, TENANT, Cumulocity, basic_of
from .view import Action, Answered, Comparison, DeviceView, Field, Seen, Table, View, lines

_REGISTER = "register and accept it again in Device management"
_ANSWER = {
    "id": "The device's id, or that of the object.",
    "tenantId": "The tenant, which stands before the user's name.",
    "username": "The device's user from now on.",
    "password": "!The user's password. It is told only once.",
    "self": "This address.",
    "error": "What kind of refusal it is.",
    "message": "Why it was refused.",
    "info": "Where the documentation is.",
}


class CumulocityView(View[Cumulocity]):
    """Devices that are registered and accepted in Device management."""

    empty = "No device is registered yet: register one with the serial number that is in enroll.json, and start it."
    made_by: ClassVar = {"create": "Register a device", "send": "Send an operation"}
    again = (Action("create", "Register again", {"device_id": "{id}"}),)
    source = """
    SELECT *, id AS _id, rowid AS _age, CASE status WHEN 'WAITING_FOR_CONNECTION' THEN 'created'
        WHEN 'PENDING_ACCEPTANCE' THEN 'waiting' WHEN 'ACCEPTED' THEN 'enabled' ELSE 'registered' END AS _state
    FROM cumulocity_devices"""
    states: ClassVar = {
        "created": ("Waiting for connection", "It has not asked yet: start the device."),
        "waiting": ("Pending acceptance", "It has asked, and asks again until a person accepts it: accept it."),
        "enabled": ("Accepted", "Its next request gets its user and password: wait."),
        "registered": ("Registered", "It works with its own user: nothing to do."),
        "orphaned": ("Registered, user lost", f"It gets 404 whenever it asks again: {_REGISTER}."),
        "deleted": ("Deleted", f"Its user gets 401, then it asks again and gets 404: {_REGISTER}."),
    }
    verdicts: ClassVar = {
        "registered": "The device got its user and password: nothing to do.",
        "waiting": "Nobody has accepted the device yet: accept it, and its next request gets its user.",
        "unknown": "No device of this id is registered: register it, or correct `serial` in enroll.json.",
        "deleted": f"The device was deleted: {_REGISTER}.",
        "again": f"The device got its user before, and the password is told only once: {_REGISTER}.",
        "no accept": "The request has no header Accept, so the password was not in the answer and is lost: add the "
        f"header, then {_REGISTER}.",
        "bootstrap": "These are not the bootstrap user and password of the tenant: correct `bootstrap_user` and "
        "`bootstrap_password` in enroll.json.",
        "credentials": "This is not the user and password of a device here: if the device was deleted, "
        + _REGISTER
        + ".",
    }

    def shown(self, row: Row) -> DeviceView:
        """The device in a row."""
        state, given = row["_state"], {"device_id": row["id"]}
        actions = [
            *([Action("accept", "Accept", given)] if state == "waiting" else []),
            *([Action("create", "Register again", given, True, True)] if state == "registered" else []),
            Action("delete", "Delete", given, True),
        ]
        details = {
            "user": row["username"],
            "managed object": row["source"],
            "accepted at once": bool(row["auto"]) or "",
        }
        secrets = {"password": row["password"]}
        return self.device(row["id"], state, secrets=secrets, details=details, actions=actions)

    def tables(self) -> list[Table]:
        """The bootstrap user, operations and measurements."""
        rows = [{"user": BOOTSTRAP[0], "password": BOOTSTRAP[1]}]
        return [
            Table(
                "Bootstrap user",
                ("user", "password"),
                lines(rows, ("user", "password")),
                "There is none.",
                frozenset({"password"}),
                1,
            ),
            self.table(
                "Operations",
                "(SELECT id, source AS deviceId, status, rowid FROM cumulocity_operations)",
                ("id", "deviceId", "status"),
                "No operation yet: send one.",
            ),
            self.table(
                "Measurements",
                "cumulocity_measurements",
                ("type", "time", "body"),
                "No measurement yet: register a device, and let it send.",
                read=_measurement,
            ),
        ]

    def device_in(self, call: Call) -> str:
        """The id of the device's user; else that in the body of a request for credentials."""
        user = basic_of(call)[0]
        if user.startswith(f"{TENANT}/device_"):
            return user.removeprefix(f"{TENANT}/device_")
        try:
            body = decode_json(call.body)
        except ValueError:
            return ""
        return str(body.get("id", "")) if isinstance(body, dict) and user == BOOTSTRAP[0] else ""

    def fields(self, seen: Seen) -> Iterator[Field]:
        """The user, the body and the answer."""
        yield from self.header(seen, "Authorization", "HTTP Basic: the bootstrap user, or tenant/user of the device.")
        bootstrap = (seen.route or "").endswith("/deviceCredentials")
        meanings = dict.fromkeys(seen.body, "A value that the device sends.")
        yield from self.named(seen.body, {"id": "The device's serial number."} if bootstrap else meanings)
        yield from self.named(seen.answer, {**dict.fromkeys(seen.answer, "Of the object."), **_ANSWER}, " (answer)")

    def reason(self, seen: Seen) -> Answered:
        """Why a device was refused."""
        if seen.reason not in ("bootstrap", "credentials"):
            if seen.entry.status >= 400 and seen.reason not in self.verdicts:
                return Answered(f"The request is refused ({seen.answer.get('message', '')}): correct that.")
            return Answered(self.told(seen))
        given = seen.header("Authorization")
        if not given:
            return Answered("The Authorization header is missing: send HTTP Basic.")
        if seen.masked:
            return Answered(self.told(seen))
        if basic_of(seen.call) == ("", ""):
            return Answered("The Authorization header is not HTTP Basic in valid Base64: correct it.")
        if seen.reason == "credentials":
            return self._user(seen)
        words = self.told(seen)
        if basic_of(seen.call)[0] == BOOTSTRAP[0]:
            words = "The bootstrap user is right, but the password is wrong: correct `bootstrap_password`."
        return Answered(words, (Comparison("Authorization", _plain(given), _plain(seen.expected)),))

    def _user(self, seen: Seen) -> Answered:
        user = basic_of(seen.call)[0]
        if user == BOOTSTRAP[0]:
            return Answered("The bootstrap user may only ask for credentials: send the device's own user.")
        if user.startswith("device_"):
            return Answered(f"The tenant is missing before the user: send {TENANT}/{user}.")
        name = user.removeprefix(f"{TENANT}/")
        row = self.service.state.one("SELECT password FROM cumulocity_devices WHERE username = ?", name)
        if row and row["password"]:
            given = basic_of(seen.call)[1]
            if given != row["password"]:
                pair = Comparison("password", given, row["password"])
                return Answered(f"The password is not the present one of this user: {_REGISTER}.", (pair,))
        return Answered(self.told(seen))


def _measurement(row: Row) -> Row:
    body = json.loads(row["body"])
    return {"type": body.get("type"), "time": body.get("time"), "body": row["body"]}


def _plain(header: str) -> str:
    """User and password of HTTP Basic as they were before Base64."""
    try:
        return base64.b64decode(header.partition(" ")[2], validate=True).decode()
    except (ValueError, binascii.Error):
        return header
