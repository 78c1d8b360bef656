"""Xyte's models, devices and commands: what they are kept in, and what a person does with them in the portal."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable
from typing import Annotated, Any

from ..errors import SandboxError
from ..history import DELETED
from ..operations import About, DeviceId, Reveal, name_of, operation
from ..state import Row
from .base import Service, hide
from .xyte_rules import LATEST, is_api_version


@dataclasses.dataclass
class Settings:
    """What answers hold."""

    mqtt: Annotated[bool, About("Add `mqtt_hub_url` to the answer to a registration. Nothing listens there.")] = False


def describe_command(row: Row) -> Row:
    """A command as the device gets it."""
    names = ("id", "device_id", "status", "name")
    return {**{name: row[name] for name in names}, "parameters": json.loads(row["parameters"])}


def label(row: Row) -> str:
    """What a device is called before it has an id, and afterwards: its Cloud ID, or serial number and MAC address. A
    child's need not be unique, so a child has its id besides."""
    own = row["cloud_id"] or " ".join(filter(None, (row["sn"], row["mac"])))
    return f"{own} {row['id']}" if own and row["parent_id"] else own or str(row["id"])


# The same in SQL, spelled as in its index.
_OWN = """CASE WHEN coalesce(cloud_id, '') != '' THEN cloud_id WHEN coalesce(sn, '') = '' THEN coalesce(mac, '')
    WHEN coalesce(mac, '') = '' THEN sn ELSE sn || ' ' || mac END"""
LABEL = f"""CASE WHEN {_OWN} = '' THEN id WHEN coalesce(parent_id, '') = '' THEN {_OWN} ELSE {_OWN} || ' ' || id END"""


class XytePortal(Service):
    """The state and the administrator's operations."""

    name = "xyte"
    # Models of a state folder from before there were versions stay as lenient as they were.
    added = (("xyte_models", "api_version TEXT NOT NULL DEFAULT '1.0.3'"),)
    schema = f"""
    CREATE TABLE IF NOT EXISTS xyte_models (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, hardware_key TEXT NOT NULL UNIQUE, short_code TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS xyte_devices (
        id TEXT PRIMARY KEY, model_id TEXT NOT NULL REFERENCES xyte_models (id), parent_id TEXT, sn TEXT, mac TEXT,
        cloud_id TEXT, access_key TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0, registration TEXT NOT NULL,
        telemetry TEXT, config TEXT NOT NULL DEFAULT '{{}}', config_version INTEGER NOT NULL DEFAULT 0,
        config_updated REAL);
    CREATE TABLE IF NOT EXISTS xyte_commands (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, device_id TEXT NOT NULL,
        name TEXT NOT NULL, parameters TEXT NOT NULL, status TEXT NOT NULL, message TEXT);
    CREATE INDEX IF NOT EXISTS xyte_by_number ON xyte_devices (sn, mac);
    DROP INDEX IF EXISTS xyte_by_cloud_id; -- of an earlier version
    DROP INDEX IF EXISTS xyte_by_key; -- of an earlier version; random entries cost a registration the most
    CREATE INDEX IF NOT EXISTS xyte_by_given_cloud_id ON xyte_devices (cloud_id) WHERE cloud_id IS NOT NULL;
    CREATE INDEX IF NOT EXISTS xyte_by_label ON xyte_devices ({LABEL}) WHERE NOT deleted;
    CREATE INDEX IF NOT EXISTS xyte_by_parent ON xyte_devices (parent_id) WHERE parent_id IS NOT NULL;
    CREATE INDEX IF NOT EXISTS xyte_by_device ON xyte_commands (device_id);
    """
    settings: Settings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.settings = Settings()

    def _store_config(self, device_id: str, config: dict[str, Any]) -> int:
        change = "config = ?, config_version = config_version + 1, config_updated = ?"
        now = self.clock.now()
        self.state.run(f"UPDATE xyte_devices SET {change} WHERE id = ?", json.dumps(config), now, device_id)
        row = self.state.one("SELECT config_version FROM xyte_devices WHERE id = ?", device_id)
        return int(row["config_version"]) if row else 0

    def _living(self, device_id: str) -> Row:
        device = self.state.one("SELECT * FROM xyte_devices WHERE id = ? AND NOT deleted", device_id)
        if device is None:
            raise SandboxError(f"xyte has no device {device_id!r}")
        return device

    @operation
    def create_model(
        self,
        name: Annotated[str, name_of("The model's name.")],
        hardware_key: Annotated[str, About("Its hardware key; else a random one.")] = "",
        short_code: Annotated[str, About("The partner's short code.")] = "SBX",
        model_id: Annotated[str, About("Its id; else a random one.")] = "",
        api_version: Annotated[str, About(f"From 1.0.0 to {LATEST}.")] = LATEST,
    ) -> Row:
        """Create a model, with its partner's short code and API version. Hardware key and id are generated if left out.

        From API version 1.0.4 on firmware versions must be semantic (1.0.0), from 1.0.6 on an update of a device must
        not have unknown fields.
        """
        if not is_api_version(api_version):
            raise SandboxError(f"api_version must be from 1.0.0 to {LATEST}")
        row = {
            "id": model_id or str(uuid.uuid4()),
            "name": name,
            "hardware_key": hardware_key or str(uuid.uuid4()),
            "short_code": short_code,
            "api_version": api_version,
        }
        with self.state.transaction():
            taken = "SELECT 1 FROM xyte_models WHERE hardware_key = ? OR id = ?"
            if self.state.one(taken, row["hardware_key"], row["id"]):
                raise SandboxError("xyte already has a model with that hardware key or id")
            self.state.insert("xyte_models", **row)
        return row

    @operation
    def delete(self, device_id: DeviceId) -> None:
        """Delete a device and its children: their calls get 401, and they may register again."""
        self._living(device_id)
        where = "WHERE NOT deleted AND (id = ?1 OR parent_id = ?1)"
        for row in self.state.all(f"SELECT * FROM xyte_devices {where}", device_id):
            self.history.add(label(row), DELETED)
        self.state.run(f"UPDATE xyte_devices SET deleted = 1 {where}", device_id)

    @operation
    def delete_model(self, model_id: Annotated[str, name_of("The model's id.")]) -> None:
        """Delete a model that has no device; devices with its hardware key cannot register any more."""
        with self.state.transaction():
            if self.state.one("SELECT 1 FROM xyte_devices WHERE model_id = ? AND NOT deleted", model_id):
                raise SandboxError(f"xyte's model {model_id!r} has devices: delete these first")
            self.state.run("DELETE FROM xyte_devices WHERE model_id = ?", model_id)
            if not self.state.run("DELETE FROM xyte_models WHERE id = ?", model_id):
                raise SandboxError(f"xyte has no model {model_id!r}")

    @operation
    def queue_command(
        self,
        device_id: DeviceId,
        name: Annotated[str, name_of("The command's name.")],
        parameters: Annotated[dict[str, Any] | None, About("Its parameters.")] = None,
    ) -> str:
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
    def set_config(
        self, device_id: DeviceId, config: Annotated[dict[str, Any], About("The whole configuration.")]
    ) -> int:
        """Set a device's configuration; returns its version."""
        with self.state.transaction():
            self._living(device_id)
            return self._store_config(device_id, config)

    @operation
    def models(self, reveal: Reveal = False) -> list[Row]:
        """All models; their hardware keys only with reveal."""
        rows = self.state.all("SELECT * FROM xyte_models ORDER BY name")
        return [hide(row, ("hardware_key",), reveal) for row in rows]

    @operation
    def devices(self, reveal: Reveal = False) -> list[Row]:
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
    def commands(self, device_id: Annotated[str, About("Only this device's.")] = "") -> list[Row]:
        """The commands of one device or of all, with their results."""
        rows = self.state.all("SELECT * FROM xyte_commands WHERE ? IN ('', device_id) ORDER BY number", device_id)
        return [{**describe_command(row), "message": row["message"]} for row in rows]
