"""What the console shows of ickStream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from ..state import Row
from .base import Call, decode_json
from .ickstream import IckStream
from .view import Action, Answered, Button, Comparison, DeviceView, Field, Seen, Table, View

_REQUEST = {
    "jsonrpc": "The version of JSON-RPC.",
    "id": "The number of the request, which the answer repeats.",
    "method": "What is asked for.",
    "params": "With what.",
}
_PARAMS = {
    "hardwareId": "The hardware's own id, at most 100 characters; it never changes.",
    "applicationId": "The key of the application that the device belongs to.",
    "address": "The device's address in its network.",
    "deviceId": "Which device is meant.",
    "id": "The id that the new device is to have.",
    "name": "The name that the new device is to have.",
}
_RESULT = {
    "id": "The device's id.",
    "accessToken": "!The device's token from now on.",
    "name": "The device's name.",
    "model": "The model of its application.",
    "address": "Its address in its network.",
    "publicAddress": "The address that it calls from.",
    "userId": "The user that it belongs to.",
    "hardwareId": "The hardware's own id.",
}
_TOKEN = "create another one for the user, and give it to the device as `registration_token`."


class IckStreamView(View[IckStream]):
    """Devices by hardware id; users, applications and registration tokens."""

    empty = (
        "No device has registered yet: create a user, an application and a registration token, and start the device."
    )
    made_by: ClassVar = {
        "create_token": "Create a device registration token",
        "create_user": "Create a user",
        "create_application": "Create an application",
    }
    names = ("_id", "name")
    source = """
    SELECT *, hardware_id AS _id, rowid AS _age, 'registered' AS _state,
        (SELECT name FROM ickstream_users WHERE id = user_id) AS user FROM ickstream_devices"""
    states: ClassVar = {
        "registered": ("Registered", "It works with its access token: nothing to do."),
        "orphaned": ("Registered, answer lost", "Its registration token is used up: " + _TOKEN),
        "deleted": ("Removed", "Its access token gets 401: " + _TOKEN),
    }
    verdicts: ClassVar = {
        "registered": "The device has registered, and got its access token; the registration token is used up: nothing "
        "to do.",
        "no token": "No such registration token was created here: " + _TOKEN,
        "used": "The registration token was used before, perhaps by an attempt whose answer was lost: " + _TOKEN,
        "expired": "The registration token has expired before it was used: " + _TOKEN,
        "unauthorized": "The access token is not that of a device or user here: if the device was removed, " + _TOKEN,
        "unknown applicationId": "There is no such application: create it, or correct `application_id` in enroll.json.",
        "unknown deviceId": "There is no such device of this user, or another device asks: send the device's own id.",
        "unknown method": "The service has no such method: correct the method's name.",
        "the body is not JSON": "The body is not JSON: correct it.",
    }

    def shown(self, row: Row) -> DeviceView:
        """The device in a row."""
        details = {
            "id": row["id"],
            "user": row["user"],
            "application": row["application_id"],
            "model": row["model"],
            "address": row["address"],
        }
        action = Action("delete_device", "Remove", {"device_id": row["id"]}, True)
        secrets = {"accessToken": row["access_token"]}
        return self.device(
            row["hardware_id"], "registered", name=row["name"], secrets=secrets, details=details, actions=[action]
        )

    def tables(self) -> list[Table]:
        """Users, applications and registration tokens."""
        give = Button("create_token", "Create a registration token", {"user": "name"})
        drop = Button("delete_user", "Delete", {"name": "name"}, True)
        leave = Button("delete_application", "Delete", {"application_id": "application_id"}, True)
        return [
            self.table(
                "Users",
                "ickstream_users",
                ("name", "id", "access_token"),
                "There is no user yet: create the one that the devices belong to.",
                give,
                drop,
                secret=("access_token",),
            ),
            self.table(
                "Applications",
                "(SELECT id AS application_id, model, rowid FROM ickstream_applications)",
                ("application_id", "model"),
                "There is no application yet: create one, and put its id into enroll.json.",
                leave,
            ),
            self.table(
                "Registration tokens",
                "ickstream_tokens",
                ("token", "name", "state"),
                "There is no registration token: create one for a user, and give it to the device.",
                secret=("token",),
                read=lambda row: {**row, "state": self._state(row)},
            ),
        ]

    def _state(self, row: dict[str, Any]) -> str:
        if row["used_at"] is not None:
            return "used"
        return "good" if row["expires"] > self.service.clock.now() else "expired"

    def device_in(self, call: Call) -> str:
        """The device whose token it is; else the hardware id."""
        token = call.headers.get("Authorization", "").rpartition(" ")[2]
        state = self.service.state
        row = state.one("SELECT hardware_id FROM ickstream_devices WHERE access_token = ?", token)
        if row:
            return str(row["hardware_id"])
        try:
            params = decode_json(call.body)["params"]
            return str(params.get("hardwareId", ""))
        except (ValueError, LookupError, TypeError, AttributeError):
            return ""

    def fields(self, seen: Seen) -> Iterator[Field]:
        """The token, the request, its parameters, and the result."""
        yield from self.header(seen, "Authorization", "The registration token, or the access token afterwards.")
        yield from self.named({key: seen.body[key] for key in seen.body if key != "params"}, _REQUEST)
        params = seen.body.get("params")
        yield from self.named(params if isinstance(params, dict) else {}, _PARAMS)
        result = seen.answer.get("result")
        yield from self.named(result if isinstance(result, dict) else {}, _RESULT, " (answer)")
        error = seen.answer.get("error")
        words = {"code": "The number of the error; -32000 always means the token.", "message": "Why it was refused."}
        yield from self.named(error if isinstance(error, dict) else {}, words, " (answer)")

    def reason(self, seen: Seen) -> Answered:
        """Why a device was refused."""
        if seen.entry.status == 415:
            return Answered("The Content-Type is not application/json: correct it.")
        if seen.reason in ("no token", "unauthorized"):
            return self._token(seen)
        if "error" in seen.answer and seen.reason not in self.verdicts:
            return Answered(f"The request is refused ({seen.reason}): correct that.")
        return Answered(self.told(seen))

    def _token(self, seen: Seen) -> Answered:
        given, wanted = seen.header("Authorization"), self.service.settings.scheme
        scheme, blank, token = given.partition(" ")
        if not given:
            return Answered("The Authorization header is missing: send the token in it.")
        if wanted and (not blank or scheme.lower() != wanted.lower()):
            found = scheme if blank else "no word"
            pair = Comparison("scheme", found, wanted, False)
            return Answered(f"{found} stands before the token, and {wanted} is wanted: correct `scheme`.", (pair,))
        if seen.masked:
            return Answered("No such token is known here: show the secrets to compare it.")
        state = self.service.state
        for table, words in (
            ("ickstream_tokens", "This is a device registration token: send it with addDevice only."),
            ("ickstream_users", "This is a user's access token: send the registration token with addDevice."),
            ("ickstream_devices", "This is the access token of a device: send a registration token with addDevice."),
        ):
            column = "token" if table == "ickstream_tokens" else "access_token"
            if state.one(f"SELECT 1 FROM {table} WHERE {column} = ?", token):
                return Answered(words)
        return Answered(self.told(seen))
