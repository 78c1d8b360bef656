"""Xyte: a device registers once, is sent to its hub, and works there with its access key; children included."""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from ..clock import format_time
from ..errors import SandboxError
from ..state import Row
from .base import Answer, Call, Refused, Route, Service, decode_json, hide, json_answer, operation, same

_MAC = re.compile(r"[0-9a-f]{2}([:-]?)[0-9a-f]{2}(\1[0-9a-f]{2}){4}", re.ASCII)
_CHILDREN_LIMIT = 100
_STATES = ("online", "offline", "error")
_RESULTS = ("in_progress", "done", "failed")


@dataclasses.dataclass
class Settings:
    """``mqtt``: answers to a registration have an ``mqtt_hub_url`` (nothing listens there)."""

    mqtt: bool = False


def refuse(status: int, message: str) -> Refused:
    """The service's form of an error."""
    return Refused(json_answer({"error": message}, status))


def text(body: dict[str, Any], name: str, needed: bool = True) -> str | None:
    """A text member of the body. Raises Refused (422) that names it if it is missing or no text."""
    value = body.get(name)
    if value is None and not needed:
        return None
    if value is None or value == "":
        raise refuse(422, f"{name} can't be blank")
    if not isinstance(value, str):
        raise refuse(422, f"{name} must be a string")
    return value


def normal_mac(value: str) -> str:
    """A MAC address without separators in lower case. Raises Refused (422)."""
    if not _MAC.fullmatch(value.lower()):
        raise refuse(422, "mac is invalid")
    return value.lower().replace(":", "").replace("-", "")


def is_cloud_id(value: str, short_code: str) -> bool:
    """Tell whether a Cloud ID is the partner's short code and 16 to 36 ASCII letters and digits."""
    return re.fullmatch(re.escape(short_code) + "[A-Za-z0-9]{16,36}", value, re.ASCII) is not None


class Xyte(Service):
    """The provisioning server and, under ``/hub`` and ``/hub-static-cert``, the hub."""

    name = "xyte"
    bases = ("/xyte",)
    schema = """
    CREATE TABLE IF NOT EXISTS xyte_models (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, hardware_key TEXT NOT NULL UNIQUE, short_code TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS xyte_devices (
        id TEXT PRIMARY KEY, model_id TEXT NOT NULL REFERENCES xyte_models (id), parent_id TEXT, sn TEXT, mac TEXT,
        cloud_id TEXT, access_key TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0, registration TEXT NOT NULL,
        telemetry TEXT, config TEXT NOT NULL DEFAULT '{}', config_version INTEGER NOT NULL DEFAULT 0,
        config_updated REAL);
    CREATE TABLE IF NOT EXISTS xyte_commands (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, device_id TEXT NOT NULL,
        name TEXT NOT NULL, parameters TEXT NOT NULL, status TEXT NOT NULL, message TEXT);
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.settings = Settings()

    def routes(self) -> Iterable[Route]:
        """Registration at the provisioning server, everything else at the hubs."""
        yield Route("POST", "/v1/devices", self._register)
        yield Route("POST", "/v1/devices/{id}/children", self._register_child)
        for hub in ("/hub", "/hub-static-cert"):
            device = hub + "/v1/devices/{id}"
            yield Route("POST", device + "/telemetry", self._telemetry)
            yield Route("GET", device + "/command", self._get_command)
            yield Route("POST", device + "/command", self._update_command)
            yield Route("GET", device + "/config", self._get_config)
            yield Route("POST", device + "/config", self._set_config)
            yield Route("POST", device + "/children/telemetries", self._children_telemetries)

    # Registration.

    def _register(self, call: Call) -> Answer:
        body = self._body(call)
        hardware_key = text(body, "hardware_key")
        text(body, "firmware_version")
        sn = text(body, "sn")
        model = self.state.one("SELECT * FROM xyte_models WHERE hardware_key = ?", hardware_key)
        if model is None:
            raise refuse(422, "hardware_key is invalid")
        cloud_id = text(body, "cloud_id", needed=False)
        mac = text(body, "mac", needed=cloud_id is None)
        mac = normal_mac(mac) if mac is not None else None
        if cloud_id is not None and not is_cloud_id(cloud_id, model["short_code"]):
            raise refuse(422, "cloud_id is invalid")
        self._check_unclaimed(model["id"], sn, mac, cloud_id)
        parent_id = text(body, "parent_id", needed=False)
        device = self._insert(model["id"], body, sn=sn, mac=mac, cloud_id=cloud_id, parent_id=parent_id)
        answer = {
            "id": device["id"],
            "access_key": device["access_key"],
            "hub_url": call.origin + "/xyte/hub",
            "hub_url_static_cert": call.origin + "/xyte/hub-static-cert",
        }
        if self.settings.mqtt:
            answer["mqtt_hub_url"] = "mqtts://localhost:8883"
        return json_answer(answer, 201)

    def _check_unclaimed(self, model_id: str, sn: str | None, mac: str | None, cloud_id: str | None) -> None:
        if cloud_id is not None:
            taken = self.state.one("SELECT 1 FROM xyte_devices WHERE cloud_id = ? AND NOT deleted", cloud_id)
            if taken:
                raise refuse(422, "Cloud ID has already been taken")
        elif self.state.one(
            "SELECT 1 FROM xyte_devices WHERE sn = ? AND mac = ? AND model_id = ? AND parent_id IS NULL"
            " AND NOT deleted",
            sn,
            mac,
            model_id,
        ):
            raise refuse(422, "MAC/SN has already been taken")

    def _register_child(self, call: Call) -> Answer:
        parent = self._device(call)
        body = self._body(call)
        model_id = text(body, "model_id")
        text(body, "firmware_version")
        sn, mac = text(body, "sn", needed=False), text(body, "mac", needed=False)
        if not self.state.one("SELECT 1 FROM xyte_models WHERE id = ?", model_id):
            raise refuse(422, "model_id is invalid")
        # The vendor's page: a child's serial number need not be unique, so that asking twice makes two children.
        child = self._insert(
            model_id, body, sn=sn, mac=normal_mac(mac) if mac else None, cloud_id=None, parent_id=parent["id"]
        )
        return json_answer({"id": child["id"], "access_key": child["access_key"]}, 201)

    def _insert(self, model_id: str | None, body: dict[str, Any], **columns: str | None) -> Row:
        kept = {name: value for name, value in body.items() if name != "hardware_key"}
        row = {
            "id": str(uuid.uuid4()),
            "access_key": secrets.token_hex(32),
            "model_id": model_id,
            "registration": json.dumps(kept),
            **columns,
        }
        self.state.insert("xyte_devices", **row)
        return row

    def _body(self, call: Call) -> dict[str, Any]:
        if not call.is_json():
            raise refuse(415, "Content-Type must be application/json")
        try:
            body = decode_json(call.body)
        except ValueError:
            raise refuse(400, "the body is not JSON") from None
        if not isinstance(body, dict):
            raise refuse(400, "the body must be a JSON object")
        if not isinstance(body.get("details") or {}, dict):
            raise refuse(422, "details must be an object")
        return body

    # The hub.

    def _device(self, call: Call) -> Row:
        """The device in the path, if the Authorization header holds its access key. Raises Refused.

        401 means one thing only, that the device was deleted; a wrong key of a living device is 403.
        """
        device = self.state.one("SELECT * FROM xyte_devices WHERE id = ?", call.parts["id"])
        if device is None:
            raise refuse(404, "Device not found")
        if device["deleted"]:
            raise refuse(401, "Not authorized")
        if not same(call.headers.get("Authorization", ""), device["access_key"]):
            raise refuse(403, "Forbidden")
        return device

    def _telemetry(self, call: Call) -> Answer:
        device = self._device(call)
        self._store_telemetry(device["id"], self._body(call))
        return self._telemetry_answer(device)

    def _store_telemetry(self, device_id: str, body: object) -> None:
        if not isinstance(body, dict) or body.get("status") not in _STATES:
            raise refuse(422, f"status must be one of {', '.join(_STATES)}")
        if not isinstance(body.get("telemetries", {}), dict):
            raise refuse(422, "telemetries must be an object")
        self.state.run("UPDATE xyte_devices SET telemetry = ? WHERE id = ?", json.dumps(body), device_id)

    def _telemetry_answer(self, device: Row) -> Answer:
        return json_answer(
            {
                "config_version": device["config_version"],
                "command": self._next_command(device["id"]) is not None,
                "new_licenses": False,
            }
        )

    def _children_telemetries(self, call: Call) -> Answer:
        parent = self._device(call)
        body = self._body(call)
        if len(body) > _CHILDREN_LIMIT:
            raise refuse(422, f"at most {_CHILDREN_LIMIT} children at a time")
        for child_id, telemetry in body.items():
            where = "SELECT 1 FROM xyte_devices WHERE id = ? AND parent_id = ? AND NOT deleted"
            if not self.state.one(where, child_id, parent["id"]):
                raise refuse(422, "a key is not the id of a child")
            self._store_telemetry(child_id, telemetry)
        return self._telemetry_answer(parent)

    def _next_command(self, device_id: str) -> Row | None:
        return self.state.one(
            "SELECT * FROM xyte_commands WHERE device_id = ? AND status IN ('pending', 'in_progress') ORDER BY number",
            device_id,
        )

    def _get_command(self, call: Call) -> Answer:
        command = self._next_command(self._device(call)["id"])
        return json_answer(_command(command)) if command else Answer(204)

    def _update_command(self, call: Call) -> Answer:
        device = self._device(call)
        body = self._body(call)
        status, message = body.get("status"), text(body, "message", needed=False)
        if status not in _RESULTS:
            raise refuse(422, f"status must be one of {', '.join(_RESULTS)}")
        where = "UPDATE xyte_commands SET status = ?, message = ? WHERE id = ? AND device_id = ?"
        if not self.state.run(where, status, message, text(body, "id"), device["id"]):
            raise refuse(404, "Command not found")
        return json_answer({"success": True})

    def _get_config(self, call: Call) -> Answer:
        device = self._device(call)
        updated = device["config_updated"]
        return json_answer(
            {
                "version": device["config_version"],
                "last_updated": format_time(updated) if updated is not None else None,
                "config": json.loads(device["config"]),
            }
        )

    def _set_config(self, call: Call) -> Answer:
        device = self._device(call)
        body = self._body(call)
        config = body.get("config", body)
        if not isinstance(config, dict):
            raise refuse(422, "config must be an object")
        return json_answer({"version": self._store_config(device["id"], config)})

    def _store_config(self, device_id: str, config: dict[str, Any]) -> int:
        change = "config = ?, config_version = config_version + 1, config_updated = ?"
        now = self.clock.now()
        self.state.run(f"UPDATE xyte_devices SET {change} WHERE id = ?", json.dumps(config), now, device_id)
        row = self.state.one("SELECT config_version FROM xyte_devices WHERE id = ?", device_id)
        return int(row["config_version"]) if row else 0

    # The administrator's operations.

    def _living(self, device_id: str) -> Row:
        device = self.state.one("SELECT * FROM xyte_devices WHERE id = ? AND NOT deleted", device_id)
        if device is None:
            raise SandboxError(f"xyte has no device {device_id!r}")
        return device

    @operation
    def create_model(self, name: str, hardware_key: str = "", short_code: str = "SBX", model_id: str = "") -> Row:
        """Create a model: its hardware key and id (made up if left out) and its partner's short code."""
        row = {
            "id": model_id or str(uuid.uuid4()),
            "name": name,
            "hardware_key": hardware_key or str(uuid.uuid4()),
            "short_code": short_code,
        }
        with self.state.transaction():
            taken = "SELECT 1 FROM xyte_models WHERE hardware_key = ? OR id = ?"
            if self.state.one(taken, row["hardware_key"], row["id"]):
                raise SandboxError("xyte already has a model with that hardware key or id")
            self.state.insert("xyte_models", **row)
        return row

    @operation
    def delete(self, device_id: str) -> None:
        """Delete a device and its children: their calls get 401, and they may register again."""
        self._living(device_id)
        self.state.run("UPDATE xyte_devices SET deleted = 1 WHERE id = ? OR parent_id = ?", device_id, device_id)

    @operation
    def queue_command(self, device_id: str, name: str, parameters: dict[str, Any] | None = None) -> str:
        """Queue a command for a device; returns its id."""
        with self.state.transaction():
            self._living(device_id)
            command_id = str(uuid.uuid4())
            self.state.insert(
                "xyte_commands",
                id=command_id,
                device_id=device_id,
                name=name,
                parameters=json.dumps(parameters or {}),
                status="pending",
            )
        return command_id

    @operation
    def set_config(self, device_id: str, config: dict[str, Any]) -> int:
        """Give a device another configuration; returns its version."""
        with self.state.transaction():
            self._living(device_id)
            return self._store_config(device_id, config)

    @operation
    def models(self, reveal: bool = False) -> list[Row]:
        """All models; their hardware keys only with reveal."""
        rows = self.state.all("SELECT * FROM xyte_models ORDER BY name")
        return [hide(row, ("hardware_key",), reveal) for row in rows]

    @operation
    def devices(self, reveal: bool = False) -> list[Row]:
        """All devices, deleted ones too, with their last telemetry; access keys only with reveal."""
        decode: dict[str, Callable[[Any], Any]] = {
            "deleted": bool,
            "registration": json.loads,
            "config": json.loads,
            "telemetry": lambda value: json.loads(value) if value else None,
        }
        rows = self.state.all("SELECT * FROM xyte_devices")
        plain = [{name: decode.get(name, lambda same: same)(row[name]) for name in row} for row in rows]
        return [hide(row, ("access_key",), reveal) for row in plain]

    @operation
    def commands(self, device_id: str = "") -> list[Row]:
        """The commands of one device or of all, with their results."""
        rows = self.state.all("SELECT * FROM xyte_commands WHERE ? IN ('', device_id) ORDER BY number", device_id)
        return [{**_command(row), "message": row["message"]} for row in rows]


def _command(row: Row) -> Row:
    names = ("id", "device_id", "status", "name")
    return {**{name: row[name] for name in names}, "parameters": json.loads(row["parameters"])}
