"""What the console shows of Xyte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import ClassVar

from ..state import Row
from .base import Call, Refused, decode_json
from .view import SEARCHED, Action, Answered, Button, Comparison, DeviceView, Field, Seen, Table, View
from .xyte import Xyte
from .xyte_portal import LABEL, label
from .xyte_rules import normal_mac

_FIELDS = {
    "hardware_key": "!The key of the model, the same in all of its devices.",
    "sn": "The device's serial number.",
    "mac": "The device's MAC address; with the serial number it tells the device.",
    "cloud_id": "The partner's short code and 16 to 36 letters and digits; it tells the device.",
    "firmware_version": "The firmware's version: semantic (1.0.0) for new models.",
    "model_id": "The child's model.",
    "name": "What the portal calls the device.",
    "sub_model": "A variant of the model.",
    "details": "What the device tells besides.",
    "parent_id": "The device above it.",
    "status": "online, offline or error; done or failed for a command.",
    "telemetries": "Values, by name.",
    "timestamp": "When it was measured.",
    "config": "The device's configuration.",
    "id": "Which command is reported.",
    "message": "How a command went, in words.",
}
_ANSWER = {
    "id": "The device's id, part of each path at the hub.",
    "access_key": "!The device's key from now on, sent as it is in Authorization. It is told only once.",
    "hub_url": "Where the device calls from now on.",
    "hub_url_static_cert": "The same for devices with a CA of their own.",
    "mqtt_hub_url": "Where the device reaches MQTT.",
    "error": "Why it was refused.",
    "success": "Whether it was done.",
    "command": "Whether a command waits.",
    "config_version": "A higher one than the device's means a new configuration.",
}


class XyteView(View[Xyte]):
    """Devices, which make themselves by registering with a model's hardware key."""

    empty = "No device has registered yet: create a model, put its hardware_key into enroll.json, and start the device."
    made_by: ClassVar = {
        "create_model": "Create a model",
        "queue_command": "Send a command",
        "set_config": "Set a configuration",
    }
    names = ("_id", "json_extract(registration, '$.name')")
    source = f"""
    SELECT *, {LABEL} AS _id, rowid AS _age, 'registered' AS _state,
        (SELECT name FROM xyte_models WHERE id = model_id) AS model FROM xyte_devices WHERE NOT deleted"""
    states: ClassVar = {
        "registered": (
            "Registered",
            "It works at its hub with its access_key, and may not register again: nothing to do.",
        ),
        "orphaned": ("Registered, key lost", "It gets 422 whenever it asks again: delete it, and it registers again."),
        "deleted": ("Deleted", "Its calls get 401, and it registers again by itself: nothing to do."),
    }
    verdicts: ClassVar = {
        "registered": "The device has registered, and got id, access_key and hub_url: nothing to do.",
        "again": "The device has registered before, and its access_key is told only once: delete it in the portal, "
        "and it registers again.",
        "hardware_key is invalid": "No model has this hardware key: create the model, or correct `hardware_key`.",
        "model_id is invalid": "No model has this id: create it, or correct `model_id` of the child.",
        "parent_id is invalid": "The parent is unknown, was deleted, or is the device itself: correct `parent_id`.",
        "mac is invalid": "mac is no MAC address: send six bytes in hexadecimal digits.",
        "firmware_version must be a semantic version, e.g. 1.0.0": "The model wants a semantic firmware version: send "
        "three numbers, such as 1.0.0, or create a model of API version 1.0.3.",
        "Content-Type must be application/json": "The Content-Type is not application/json in UTF-8: correct it.",
        "Not authorized": "The device was deleted in the portal: nothing to do, it registers again by itself.",
        "Device not found": "No device has this id here, so the credential is of another sandbox or state folder: "
        "reset the device, and it registers here.",
        "Too Many Requests": "The device was updated ten times in an hour: let it wait.",
        "Command not found": "The device has no such command: fetch the command before you report it.",
    }

    def shown(self, row: Row) -> DeviceView:
        """The device in a row."""
        registration, telemetry = json.loads(row["registration"]), json.loads(row["telemetry"] or "{}")
        details = {
            "id": row["id"],
            "model": row["model"],
            "firmware_version": registration.get("firmware_version"),
            "status": telemetry.get("status"),
            "telemetries": json.dumps(telemetry["telemetries"]) if "telemetries" in telemetry else "",
            "parent": row["parent_id"],
        }
        return self.device(
            row["_id"],
            "registered",
            name=str(registration.get("name") or row["_id"]),
            secrets={"access_key": row["access_key"]},
            details=details,
            actions=[Action("delete", "Delete", {"device_id": row["id"]}, True)],
        )

    def tables(self) -> list[Table]:
        """Models and commands."""
        drop = Button("delete_model", "Delete", {"model_id": "id"}, True)
        return [
            self.table(
                "Models",
                "xyte_models",
                ("name", "hardware_key", "id", "short_code", "api_version"),
                "There is no model yet: create one, and put its hardware_key into enroll.json.",
                drop,
                secret=("hardware_key",),
            ),
            self.table(
                "Commands",
                "xyte_commands",
                ("name", "device_id", "status", "message"),
                "No command was sent yet: send one.",
            ),
        ]

    def device_in(self, call: Call) -> str:
        """The device with the id in the path; before there is one, what it calls itself."""
        if "id" in call.parts:
            row = self.service.state.one("SELECT * FROM xyte_devices WHERE id = ?", call.parts["id"])
            return label(row) if row else ""
        try:
            body = decode_json(call.body)
            mac = normal_mac(str(body["mac"])) if body.get("mac") else ""
            return str(body.get("cloud_id") or " ".join(filter(None, (str(body.get("sn") or ""), mac))))
        except (ValueError, AttributeError, Refused):
            return ""

    def fields(self, seen: Seen) -> Iterator[Field]:
        """The path's id, the key, the body and the answer."""
        yield from self.named(seen.call.parts, {"id": "The device's id."})
        yield from self.header(seen, "Authorization", "The device's access_key as it is, without Bearer.")
        yield from self.named(seen.body, _FIELDS)
        yield from self.named(seen.answer, _ANSWER, " (answer)")

    def reason(self, seen: Seen) -> Answered:
        """Why a device was refused."""
        if seen.reason == "Forbidden":
            return self._key(seen)
        if seen.reason == "cloud_id is invalid":
            return Answered(
                f"cloud_id does not fit the model: send the short code {seen.expected} and 16 to 36 letters and "
                "digits.",
                (Comparison("cloud_id", str(seen.body.get("cloud_id")), seen.expected + "...", False),),
            )
        if seen.reason == "hardware_key is invalid" and not seen.masked:
            return Answered(self._model(str(seen.body.get("hardware_key"))))
        if seen.reason in self.verdicts or seen.entry.status < 400:
            return Answered(self.told(seen))
        # The other refusals name the field and its fault themselves.
        return Answered(f"The request is refused ({seen.reason}): correct that.")

    def _model(self, given: str) -> str:
        for row in self.service.state.all("SELECT * FROM xyte_models LIMIT ?", SEARCHED):
            if given.strip().lower() == row["hardware_key"].lower() and given != row["hardware_key"]:
                return (
                    f"The hardware key differs from that of {row['name']!r} in blanks or capitals only: copy it again."
                )
            if given == row["id"]:
                return f"This is the id of the model {row['name']!r}: send its hardware key."
        return self.verdicts["hardware_key is invalid"]

    def _key(self, seen: Seen) -> Answered:
        received = seen.header("Authorization")
        if not received:
            return Answered("The Authorization header is missing: send the access_key in it.")
        if seen.masked:
            return Answered("The access_key is wrong: show the secrets to compare it.")
        pairs = (Comparison("Authorization", received, seen.expected),)
        if received.partition(" ")[2] == seen.expected:
            return Answered(f"{received.partition(' ')[0]} stands before the access_key: send the key alone.", pairs)
        others = self.service.state.one("SELECT * FROM xyte_devices WHERE access_key = ?", received)
        if others:
            return Answered(f"This is the access_key of {label(others)!r}: send id and key of one device.", pairs)
        return Answered(
            "The access_key is not that of this device: delete it in the portal, and it registers again.", pairs
        )
