"""What the console shows of ThingsBoard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import ClassVar

from ..state import Row
from .base import Call, decode_json
from .thingsboard import ThingsBoard
from .view import Action, Answered, Button, Comparison, DeviceView, Field, Seen, Table, View, flags

_REQUEST = {
    "deviceName": "The device's name.",
    "provisionDeviceKey": "The key of the device profile.",
    "provisionDeviceSecret": "!The secret of the device profile.",
    "credentialsType": "Which kind of credential the device has chosen.",
    "token": "!The access token that the device has chosen, and kept, before it asked.",
}
_ANSWER = {
    "status": "SUCCESS, FAILURE or NOT_FOUND; all of them are HTTP 200.",
    "provisionDeviceStatus": "The same from an old server.",
    "credentialsType": "Which kind of credential it is.",
    "credentialsValue": "!The device's access token.",
    "accessToken": "!The device's access token.",
    "errorMsg": "Always the same words.",
}


class ThingsBoardView(View[ThingsBoard]):
    """Devices by name, and the profiles that provision them."""

    empty = (
        "There is no device yet: create a device profile, put its key and secret into enroll.json, and start the "
        "device."
    )
    made_by: ClassVar = {
        "create_profile": "Add a device profile",
        "create": "Add a device",
        "command": "Send a command",
        "set_shared": "Set shared attributes",
    }
    source = """
    SELECT *, name AS _id, rowid AS _age, CASE WHEN provisioned THEN 'registered' ELSE 'created' END AS _state
    FROM thingsboard_devices"""
    polls = frozenset({"no command"})
    states: ClassVar = {
        "created": ("Created", "A profile that only accepts existing devices provisions it: start the device."),
        "registered": ("Provisioned", "It works with its access token: nothing to do."),
        "orphaned": (
            "Provisioned",
            "A device that has chosen its token itself, as enroll's do, tests it and goes on; another one gets "
            "FAILURE: delete it, and it is provisioned again.",
        ),
        "deleted": ("Deleted", "Its access token gets 401, and it is provisioned again by itself: nothing to do."),
    }
    verdicts: ClassVar = {
        "registered": "The device is provisioned with an access token: nothing to do.",
        "key": "No device profile has this provision key: create one, or correct `provision_key` in enroll.json.",
        "secret": "The provision key is right, but the secret is wrong: correct `provision_secret` in enroll.json.",
        "no name": "deviceName is missing: send the device's name.",
        "not created": "This profile only accepts existing devices, and there is none of this name: add the device.",
        "exists": "This profile creates new devices, and there is one of this name already: delete it, or use a "
        "profile that accepts existing devices.",
        "again": "The device is provisioned already: if it does not know its token any more, delete it, and it is "
        "provisioned again.",
        "token taken": "Another device has this access token: let each device choose its own.",
        "unknown token": "No device has this access token, so the device was deleted or never provisioned here: it "
        "asks to be provisioned again by itself.",
        "no command": "No command waits for the device: nothing to do.",
    }

    def shown(self, row: Row) -> DeviceView:
        """The device in a row."""
        details = {key: json.loads(row[key]) or "" for key in ("telemetry", "client", "shared")}
        action = Action("delete", "Delete", {"name": row["name"]}, True)
        secrets = {"access token": row["token"]}
        return self.device(row["name"], row["_state"], secrets=secrets, details=details, actions=[action])

    def tables(self) -> list[Table]:
        """Device profiles."""
        drop = Button("delete_profile", "Delete", {"provision_key": "provision_key"}, True)
        return [
            self.table(
                "Device profiles",
                "thingsboard_profiles",
                ("provision_key", "provision_secret", "create_new"),
                "There is no device profile yet: create one, and put its key and secret into enroll.json.",
                drop,
                secret=("provision_secret",),
                read=flags("create_new"),
            )
        ]

    def device_in(self, call: Call) -> str:
        """The device whose token is in the path; else the name in the body."""
        if "token" in call.parts:
            where = "SELECT name FROM thingsboard_devices WHERE token = ?"
            row = self.service.state.one(where, call.parts["token"])
            return row["name"] if row else ""
        try:
            body = decode_json(call.body)
        except ValueError:
            return ""
        return str(body.get("deviceName") or "") if isinstance(body, dict) else ""

    def fields(self, seen: Seen) -> Iterator[Field]:
        """The token in the path, the body and the answer."""
        parts = {"token": "!The device's access token.", "id": "Which command is answered."}
        yield from self.named(seen.call.parts, parts)
        if seen.route == "/api/v1/provision":
            yield from self.named(seen.body, _REQUEST)
            yield from self.named(seen.answer, _ANSWER, " (answer)")
        else:
            values = dict.fromkeys(seen.body, "A value that the device sends.")
            yield from self.named(seen.body, values)

    def reason(self, seen: Seen) -> Answered:
        """Why a device was refused."""
        if seen.reason == "secret" and not seen.masked:
            given = str(seen.body.get("provisionDeviceSecret"))
            pair = Comparison("provisionDeviceSecret", given, seen.expected)
            return Answered(self.told(seen), (pair,))
        return Answered(self.told(seen))
