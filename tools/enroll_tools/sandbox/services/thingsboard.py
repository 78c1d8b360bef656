"""ThingsBoard: device profiles whose provision key and secret let devices register, and the device's HTTP API."""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
from collections.abc import Iterable
from typing import Annotated, Any

from ..errors import SandboxError
from ..history import AGAIN, DELETED, REGISTERED
from ..operations import About, Reveal, name_of, operation
from ..state import Row
from .base import Answer, Call, Route, Service, decode_json, hide, json_answer, same
from .settings import amount

_KEPT = 65_536  # characters of a device's values; a message that makes more of them replaces the older ones
_LONGEST = 300  # seconds of a long poll, as ThingsBoard is delivered (transport.http.max_request_timeout)


@dataclasses.dataclass
class Settings:
    """Which release the server is of, and how long it waits."""

    old_answers: Annotated[bool, About("Answer as releases before 3.3, which take no token from the device.")] = False
    patience: Annotated[int, amount("Seconds that a request for a command waits if it names no `timeout`.")] = 60


Name = Annotated[str, name_of("The device's name.")]


class ThingsBoard(Service):
    """The provisioning request, telemetry, attributes and commands."""

    name = "thingsboard"
    bases = ("/thingsboard",)
    schema = """
    CREATE TABLE IF NOT EXISTS thingsboard_profiles (
        provision_key TEXT PRIMARY KEY, provision_secret TEXT NOT NULL, create_new INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS thingsboard_devices (
        name TEXT PRIMARY KEY, token TEXT UNIQUE, provisioned INTEGER NOT NULL, telemetry TEXT NOT NULL DEFAULT '{}',
        client TEXT NOT NULL DEFAULT '{}', shared TEXT NOT NULL DEFAULT '{}');
    CREATE TABLE IF NOT EXISTS thingsboard_commands (
        id INTEGER PRIMARY KEY, device TEXT NOT NULL REFERENCES thingsboard_devices (name) ON DELETE CASCADE,
        method TEXT NOT NULL, params TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 0, result TEXT);
    CREATE INDEX IF NOT EXISTS thingsboard_commands_to ON thingsboard_commands (device, sent);
    """
    settings: Settings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.settings = Settings()

    def routes(self) -> Iterable[Route]:
        """Provisioning, and what a device with a token calls."""
        device = "/api/v1/{token}"
        return (
            Route("POST", "/api/v1/provision", self._provision),
            Route("POST", device + "/telemetry", self.authorised(self._telemetry)),
            Route("POST", device + "/attributes", self.authorised(self._set_attributes)),
            Route("GET", device + "/attributes", self.authorised(self._attributes)),
            Route("GET", device + "/rpc", self.authorised(self._next_command)),
            Route("POST", device + "/rpc/{id}", self.authorised(self._command_done)),
        )

    def sample(self, name: str) -> dict[str, Any]:
        """A profile that creates new devices."""
        return {"serial": f"sensor-{name:0>4}", **self.create_profile()}

    # What devices call.

    def _provision(self, call: Call) -> Answer:
        body = self._object(call) or {}
        key, secret, name = (
            str(body.get(field)) for field in ("provisionDeviceKey", "provisionDeviceSecret", "deviceName")
        )
        profile = self.state.one("SELECT * FROM thingsboard_profiles WHERE provision_key = ?", key)
        if profile is None or not same(profile["provision_secret"], secret):
            expected = profile["provision_secret"] if profile else ""
            return self._outcome("NOT_FOUND", "", name, "secret" if profile else "key", expected)
        device = self.state.one("SELECT * FROM thingsboard_devices WHERE name = ?", name)
        refused = _refusal(body, profile, device)
        if refused:
            return self._outcome("FAILURE", "", name, refused)
        token = secrets.token_urlsafe(15)
        if body.get("credentialsType") == "ACCESS_TOKEN" and not self.settings.old_answers:
            token = str(body.get("token") or token)
        if self.state.one("SELECT 1 FROM thingsboard_devices WHERE token = ?", token):
            return self._outcome("FAILURE", "", name, "token taken")
        if not device:
            self.state.insert("thingsboard_devices", name=name, provisioned=1, token=token)
        else:
            self.state.run("UPDATE thingsboard_devices SET provisioned = 1, token = ? WHERE name = ?", token, name)
        return self._outcome("SUCCESS", token, name, REGISTERED)

    def _outcome(self, status: str, token: str, device: str, reason: str, expected: str = "") -> Answer:
        """Every outcome is HTTP 200."""
        if self.settings.old_answers:
            answer = {"provisionDeviceStatus": status, **({"accessToken": token} if token else {})}
        elif token:
            answer = {"status": status, "credentialsType": "ACCESS_TOKEN", "credentialsValue": token}
        else:
            answer = {"status": status, "errorMsg": "Failed to provision device!"}
        secrets = tuple(filter(None, (token, expected)))
        return json_answer(answer, secrets=secrets, device=device, reason=reason, expected=expected)

    def _telemetry(self, call: Call) -> Answer:
        return self._merge(call, "telemetry")

    def _set_attributes(self, call: Call) -> Answer:
        return self._merge(call, "client")

    def _attributes(self, call: Call) -> Answer:
        device = self._device(call)
        if device is None:
            return self._unauthorised(call)
        found = {}
        for kind in ("client", "shared"):
            values, wanted = json.loads(device[kind]), call.parameter(kind + "Keys")
            if wanted is not None or not call.query:
                chosen = values if wanted is None else {key: values[key] for key in wanted.split(",") if key in values}
                if chosen:
                    found[kind] = chosen
        return json_answer(found, secrets=(device["token"],))

    def _next_command(self, call: Call) -> Answer:
        """The next command. Waits for one up to ``timeout`` (ms), as a long poll."""
        device = self._device(call)
        if device is None:
            return self._unauthorised(call)
        timeout = call.parameter("timeout") or "0"
        if not re.fullmatch("[0-9]{1,9}", timeout):
            return Answer(400, secrets=(device["token"],))
        patience = int(timeout) / 1000 or self.settings.patience
        row = self.state.one(
            "SELECT * FROM thingsboard_commands WHERE device = ? AND NOT sent ORDER BY id LIMIT 1", device["name"]
        )
        if row is None:
            patience, hidden = min(patience, _LONGEST), (device["token"],)
            return Answer(408, secrets=hidden, patience=patience, device=device["name"], reason="no command")
        self.state.run("UPDATE thingsboard_commands SET sent = 1 WHERE id = ?", row["id"])
        command = {"id": row["id"], "method": row["method"], "params": json.loads(row["params"])}
        return json_answer(command, secrets=(device["token"],))

    def _command_done(self, call: Call) -> Answer:
        device = self._device(call)
        if device is None:
            return self._unauthorised(call)
        done = "UPDATE thingsboard_commands SET result = ? WHERE CAST(id AS TEXT) = ? AND device = ?"
        try:
            result = json.dumps(decode_json(call.body))
        except ValueError:
            return Answer(400, secrets=(device["token"],))
        status = 200 if self.state.run(done, result, call.parts["id"], device["name"]) else 404
        return Answer(status, secrets=(device["token"],))

    def _merge(self, call: Call, column: str) -> Answer:
        device = self._device(call)
        if device is None:
            return self._unauthorised(call)
        new = self._object(call)
        if new is None:
            return Answer(400, secrets=(device["token"],))
        if isinstance(new.get("values"), dict) and "ts" in new:  # telemetry may say when it was measured
            new = new["values"]
        kept = json.dumps({**json.loads(device[column]), **new})
        if len(kept) > _KEPT:
            kept = json.dumps(new)
        self.state.run(f"UPDATE thingsboard_devices SET {column} = ? WHERE name = ?", kept, device["name"])
        return Answer(200, secrets=(device["token"],))

    def _object(self, call: Call) -> dict[str, Any] | None:
        try:
            body = decode_json(call.body)
        except ValueError:
            body = None
        return body if isinstance(body, dict) else None

    def _device(self, call: Call) -> Row | None:
        return self.state.one("SELECT * FROM thingsboard_devices WHERE token = ?", call.parts["token"])

    def _unauthorised(self, call: Call) -> Answer:
        return Answer(401, secrets=(call.parts["token"],), reason="unknown token")

    # What a person does.

    def _change(self, name: str, change: str, *values: object) -> None:
        if not self.state.run(f"{change} WHERE name = ?", *values, name):
            raise SandboxError(f"thingsboard has no device {name!r}")

    @operation
    def delete_profile(self, provision_key: Annotated[str, name_of("The profile's key.")]) -> None:
        """Delete a device profile; its devices stay, and no other device registers with its key."""
        if not self.state.run("DELETE FROM thingsboard_profiles WHERE provision_key = ?", provision_key):
            raise SandboxError(f"thingsboard has no profile {provision_key!r}")

    @operation
    def profiles(self, reveal: Reveal = False) -> list[Row]:
        """All device profiles; their secrets only with reveal."""
        rows = self.state.all("SELECT * FROM thingsboard_profiles ORDER BY rowid")
        shown = [{**row, "create_new": bool(row["create_new"])} for row in rows]
        return [hide(row, ("provision_secret",), reveal) for row in shown]

    @operation
    def create_profile(self, create_new: Annotated[bool, About("Let it create new devices.")] = True) -> Row:
        """Create a device profile that creates new devices, or only accepts existing ones. Returns its key."""
        row = {"provision_key": secrets.token_urlsafe(15), "provision_secret": secrets.token_urlsafe(15)}
        self.state.insert("thingsboard_profiles", **row, create_new=create_new)
        return row

    @operation
    def create(self, name: Name) -> None:
        """Create a device, for profiles that only accept existing ones."""
        with self.state.transaction():
            if self.state.one("SELECT 1 FROM thingsboard_devices WHERE name = ?", name):
                raise SandboxError(f"thingsboard already has a device {name!r}")
            self.state.insert("thingsboard_devices", name=name, provisioned=0)
            self.history.add(name, "created")

    @operation
    def delete(self, name: Name) -> None:
        """Delete a device; its token becomes invalid."""
        self._change(name, "DELETE FROM thingsboard_devices")
        self.history.add(name, DELETED)

    @operation
    def set_shared(self, name: Name, attributes: Annotated[dict[str, Any], About("Their names and values.")]) -> None:
        """Set the shared attributes of a device."""
        self._change(name, "UPDATE thingsboard_devices SET shared = ?", json.dumps(attributes))

    @operation
    def command(
        self,
        name: Name,
        method: Annotated[str, name_of("The command's method.")],
        params: Annotated[dict[str, Any] | None, About("Its parameters.")] = None,
    ) -> int:
        """Send a command to a device; returns its number."""
        if not self.state.one("SELECT 1 FROM thingsboard_devices WHERE name = ?", name):
            raise SandboxError(f"thingsboard has no device {name!r}")
        self.state.insert("thingsboard_commands", device=name, method=method, params=json.dumps(params))
        newest = self.state.one("SELECT MAX(id) AS id FROM thingsboard_commands")
        return int(newest["id"]) if newest else 0

    @operation
    def result(self, number: Annotated[int, About("The command's number.", least=0)]) -> Any:
        """Show a device's answer to a command, None if there is none yet."""
        row = self.state.one("SELECT result FROM thingsboard_commands WHERE id = ?", number)
        return json.loads(row["result"]) if row and row["result"] else None

    @operation
    def devices(self, reveal: Reveal = False) -> list[Row]:
        """All devices; their tokens only with reveal."""
        rows = self.state.all("SELECT * FROM thingsboard_devices ORDER BY name")
        for row in rows:
            row.update({name: json.loads(row[name]) for name in ("telemetry", "client", "shared")})
        return [hide({**row, "provisioned": bool(row["provisioned"])}, ("token",), reveal) for row in rows]


def _refusal(body: dict[str, Any], profile: Row, device: Row | None) -> str:
    """Why a profile does not provision a device, "" if it does."""
    if not body.get("deviceName"):
        return "no name"
    if device is None:
        return "" if profile["create_new"] else "not created"
    if device["provisioned"]:
        return AGAIN
    return "exists" if profile["create_new"] else ""
