"""Xyte: a device registers once, is sent to its hub, and works there with its access key; children included."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from typing import Any

from ..clock import format_time
from ..history import AGAIN, REGISTERED
from ..state import Row
from .base import Answer, Call, Route, decode_json, json_answer, ordered_id, same
from .xyte_portal import XytePortal, describe_command, label
from .xyte_rules import check_firmware, is_cloud_id, normal_mac, refuse, telemetry_fault, text, updates

_CHILDREN_LIMIT = 100
_UPDATES_AN_HOUR = 10
_RESULTS = ("in_progress", "done", "failed")


class Xyte(XytePortal):
    """The provisioning server and, under ``/hub`` and ``/hub-static-cert``, the hub."""

    bases = ("/xyte",)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        # When each device was updated in the last hour.
        self._updates: dict[str, list[float]] = {}

    def routes(self) -> Iterable[Route]:
        """Registration at the provisioning server, everything else at the hubs."""
        yield Route("POST", "/v1/devices", self._register)
        yield Route("POST", "/v1/devices/{id}/children", self._register_child)
        for hub in ("/hub", "/hub-static-cert"):
            device = hub + "/v1/devices/{id}"
            yield Route("PUT", device, self.authorised(self._update))
            yield Route("POST", device + "/telemetry", self.authorised(self._telemetry))
            yield Route("GET", device + "/command", self.authorised(self._get_command))
            yield Route("POST", device + "/command", self.authorised(self._update_command))
            yield Route("GET", device + "/config", self.authorised(self._get_config))
            yield Route("POST", device + "/config", self.authorised(self._set_config))
            yield Route("POST", device + "/children/telemetries", self.authorised(self._children_telemetries))

    def sample(self, name: str) -> dict[str, Any]:
        """A model, of which any device may register."""
        model = self.create_model(f"model-{name}")
        address = f"02:00:00:{int(name) >> 16 & 255:02x}:{int(name) >> 8 & 255:02x}:{int(name) & 255:02x}"
        return {"hardware_key": model["hardware_key"], "sn": f"S{name}", "mac": address, "firmware_version": "1.0.0"}

    # Registration.

    def _register(self, call: Call) -> Answer:
        body = self._body(call)
        hardware_key = text(body, "hardware_key")
        sn = text(body, "sn")
        text(body, "firmware_version")
        model = self.state.one("SELECT * FROM xyte_models WHERE hardware_key = ?", hardware_key)
        if model is None:
            raise refuse(422, "hardware_key is invalid")
        check_firmware(body, model["api_version"])
        cloud_id = text(body, "cloud_id", needed=False)
        mac = text(body, "mac", needed=cloud_id is None)
        mac = normal_mac(mac) if mac is not None else None
        if cloud_id is not None and not is_cloud_id(cloud_id, model["short_code"]):
            raise refuse(422, "cloud_id is invalid", expected=model["short_code"])
        self._check_unclaimed(model["id"], sn, mac, cloud_id)
        self._check_parent(body)
        # The column parent_id is for children that speak through their parent; this one speaks for itself.
        device = self._insert(model["id"], body, sn=sn, mac=mac, cloud_id=cloud_id, parent_id=None)
        answer = {
            "id": device["id"],
            "access_key": device["access_key"],
            "hub_url": call.origin + "/xyte/hub",
            "hub_url_static_cert": call.origin + "/xyte/hub-static-cert",
        }
        if self.settings.mqtt:
            answer["mqtt_hub_url"] = "mqtts://localhost:8883"
        return json_answer(answer, 201, device=label(device), reason=REGISTERED)

    def _check_parent(self, body: dict[str, Any]) -> None:
        parent_id = text(body, "parent_id", needed=False)
        if parent_id and not self.state.one("SELECT 1 FROM xyte_devices WHERE id = ? AND NOT deleted", parent_id):
            raise refuse(422, "parent_id is invalid")

    def _check_unclaimed(self, model_id: str, sn: str | None, mac: str | None, cloud_id: str | None) -> None:
        if cloud_id is not None:
            taken = self.state.one("SELECT 1 FROM xyte_devices WHERE cloud_id = ? AND NOT deleted", cloud_id)
            if taken:
                raise refuse(422, "Cloud ID has already been taken", cloud_id, AGAIN)
        elif self.state.one(
            "SELECT 1 FROM xyte_devices WHERE sn = ? AND mac = ? AND model_id = ? AND parent_id IS NULL"
            " AND NOT deleted",
            sn,
            mac,
            model_id,
        ):
            raise refuse(422, "MAC/SN has already been taken", f"{sn} {mac}", AGAIN)

    def _register_child(self, call: Call) -> Answer:
        parent = self._device(call)
        body = self._body(call)
        model_id = text(body, "model_id")
        text(body, "firmware_version")
        sn, mac = text(body, "sn", needed=False), text(body, "mac", needed=False)
        model = self.state.one("SELECT * FROM xyte_models WHERE id = ?", model_id)
        if model is None:
            raise refuse(422, "model_id is invalid")
        check_firmware(body, model["api_version"])
        # The vendor's page: a child's serial number need not be unique, so that asking twice makes two children.
        child = self._insert(
            model_id, body, sn=sn, mac=normal_mac(mac) if mac else None, cloud_id=None, parent_id=parent["id"]
        )
        answer = {"id": child["id"], "access_key": child["access_key"]}
        return json_answer(answer, 201, device=label(child), reason=REGISTERED)

    def _insert(self, model_id: str | None, body: dict[str, Any], **columns: str | None) -> Row:
        kept = {name: value for name, value in body.items() if name != "hardware_key"}
        row = {
            "id": ordered_id(),
            "access_key": secrets.token_hex(32),
            "model_id": model_id,
            "registration": json.dumps(kept),
            **columns,
        }
        self.state.put("xyte_devices", **row)
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
            raise refuse(401, "Not authorized", label(device))
        if not same(call.headers.get("Authorization", ""), device["access_key"]):
            raise refuse(403, "Forbidden", label(device), expected=device["access_key"])
        return device

    def _update(self, call: Call) -> Answer:
        device = self._device(call)
        body = self._body(call)
        now = self.clock.now()
        recent = [moment for moment in self._updates.get(device["id"], []) if 0 <= now - moment < 3600]
        if len(recent) >= _UPDATES_AN_HOUR:
            raise refuse(429, "Too Many Requests")
        self._updates[device["id"]] = [*recent, now]
        model = self.state.one("SELECT * FROM xyte_models WHERE id = ?", device["model_id"])
        assert model is not None
        changes = updates(body, model["api_version"])
        self._check_parent(changes)
        if changes.get("parent_id") == device["id"]:
            raise refuse(422, "parent_id is invalid")
        kept = json.dumps({**json.loads(device["registration"]), **changes})
        self.state.run("UPDATE xyte_devices SET registration = ? WHERE id = ?", kept, device["id"])
        return json_answer({"success": True})

    def _telemetry(self, call: Call) -> Answer:
        device = self._device(call)
        report = self._body(call)
        wrong = telemetry_fault(report)
        if wrong:
            raise refuse(422, wrong)
        return json_answer(self._take_telemetry(device, report))

    def _take_telemetry(self, device: Row, report: object) -> dict[str, Any]:
        self.state.run("UPDATE xyte_devices SET telemetry = ? WHERE id = ?", json.dumps(report), device["id"])
        return {
            "config_version": device["config_version"],
            "command": self._next_command(device["id"]) is not None,
            "info_version": 0,
            "new_licenses": False,
            "latest_fw_version": None,
            "latest_fw_file_id": None,
            "space_data_version": 0,
            "success": True,
        }

    def _children_telemetries(self, call: Call) -> Answer:
        """Each child's report is taken or refused alone, and the answer says so by its id."""
        parent = self._device(call)
        body = self._body(call)
        if len(body) > _CHILDREN_LIMIT:
            raise refuse(422, f"at most {_CHILDREN_LIMIT} children at a time")
        return json_answer({child_id: self._child_telemetry(parent, child_id, body[child_id]) for child_id in body})

    def _child_telemetry(self, parent: Row, child_id: str, report: object) -> dict[str, Any]:
        where = "SELECT * FROM xyte_devices WHERE id = ? AND parent_id = ? AND NOT deleted"
        child = self.state.one(where, child_id, parent["id"])
        wrong = "Device not found" if child is None else telemetry_fault(report)
        return {"error": wrong} if child is None or wrong else self._take_telemetry(child, report)

    def _next_command(self, device_id: str) -> Row | None:
        return self.state.one(
            "SELECT * FROM xyte_commands WHERE device_id = ? AND status IN ('pending', 'in_progress') ORDER BY number",
            device_id,
        )

    def _get_command(self, call: Call) -> Answer:
        command = self._next_command(self._device(call)["id"])
        return json_answer(describe_command(command)) if command else Answer(204)

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
                "name": json.loads(device["registration"]).get("name"),
                "device_id": device["id"],
            }
        )

    def _set_config(self, call: Call) -> Answer:
        device = self._device(call)
        body = self._body(call)
        config = body.get("config", body)
        if not isinstance(config, dict):
            raise refuse(422, "config must be an object")
        return json_answer({"version": self._store_config(device["id"], config)})
