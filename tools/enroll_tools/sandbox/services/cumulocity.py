"""Cumulocity: a device asks for its credentials until a person has registered and accepted it, then works with them."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import secrets
from collections.abc import Iterable
from typing import Annotated, Any

from ..errors import SandboxError
from ..history import AGAIN, DELETED, LOST, REGISTERED
from ..operations import About, DeviceId, Reveal, operation
from ..state import Row
from .base import Answer, Call, Route, Service, decode_json, hide, json_answer, same

TENANT = "t100"
BOOTSTRAP = ("management/devicebootstrap", "bootstrap-password")
_FINAL = ("SUCCESSFUL", "FAILED")


@dataclasses.dataclass
class Settings:
    """What a person does in the portal."""

    accept: Annotated[bool, About("Accept each registered device as soon as it asks, as if a person stood by.")] = False


class Cumulocity(Service):
    """Device credentials, and as much of inventory, identity, measurements and operations as a device needs."""

    name = "cumulocity"
    bases = ("/cumulocity", "/devicecontrol")  # the latter for clients that know no path before the API's own
    schema = """
    CREATE TABLE IF NOT EXISTS cumulocity_devices (
        id TEXT PRIMARY KEY, status TEXT NOT NULL, auto INTEGER NOT NULL, username TEXT, password TEXT, source TEXT);
    CREATE INDEX IF NOT EXISTS cumulocity_by_user ON cumulocity_devices (username);
    CREATE TABLE IF NOT EXISTS cumulocity_measurements (
        number INTEGER PRIMARY KEY, source TEXT NOT NULL, body TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS cumulocity_operations (
        id INTEGER PRIMARY KEY, source TEXT NOT NULL, status TEXT NOT NULL, body TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS cumulocity_operations_of ON cumulocity_operations (source, status);
    """
    settings: Settings
    decided = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.settings = Settings()

    def routes(self) -> Iterable[Route]:
        """What a device calls."""
        return (
            Route("POST", "/devicecontrol/deviceCredentials", self._credentials),
            Route("POST", "/deviceCredentials", self._credentials),
            Route("GET", "/inventory/managedObjects", self.authorised(self._list_objects)),
            Route("POST", "/inventory/managedObjects", self.authorised(self._create_object)),
            Route("GET", "/identity/externalIds/{type}/{id}", self.authorised(self._identity)),
            Route("POST", "/identity/globalIds/{source}/externalIds", self.authorised(self._set_identity)),
            Route("POST", "/measurement/measurements", self.authorised(self._measurement)),
            Route("GET", "/devicecontrol/operations", self.authorised(self._operations)),
            Route("PUT", "/devicecontrol/operations/{id}", self.authorised(self._operation)),
        )

    def sample(self, name: str) -> dict[str, Any]:
        """A device that is accepted once it has asked."""
        return self._sample(name, accept=True)

    def sample_by_hand(self, name: str) -> dict[str, Any]:
        """A device that a person accepts."""
        return self._sample(name, accept=False)

    def _sample(self, name: str, accept: bool) -> dict[str, Any]:
        serial = f"serial-{name:0>4}"
        self.create(serial, accept=accept)
        return {
            "serial": serial,
            "bootstrap_user": BOOTSTRAP[0],
            "bootstrap_password": BOOTSTRAP[1],
            "interval": 1,
        }

    # What devices call.

    def _credentials(self, call: Call) -> Answer:
        user, password = basic_of(call)
        identity = str(_object(call).get("id"))
        if user != BOOTSTRAP[0] or not same(password, BOOTSTRAP[1]):
            answer = _error(401, "security/Unauthorized", "Invalid credentials! : Bad credentials")
            expected = "Basic " + base64.b64encode(":".join(BOOTSTRAP).encode()).decode()
            return dataclasses.replace(answer, device=identity, reason="bootstrap", expected=expected)
        device = self._find(identity)
        if device is None:
            answer = _error(404, "devicecontrol/Not Found", "There is no newDeviceRequest for this device")
            return dataclasses.replace(answer, device=identity, reason=self.history.missing(identity))
        if device["status"] == "WAITING_FOR_CONNECTION":
            self._change(device["id"], "UPDATE cumulocity_devices SET status = 'PENDING_ACCEPTANCE'")
            if device["auto"] or self.settings.accept:
                self.accept(device["id"])
        if device["status"] != "ACCEPTED":
            answer = _error(404, "devicecontrol/Not Found", "The device is not accepted yet")
            reason = AGAIN if device["status"] == "REGISTERED" else "waiting"
            return dataclasses.replace(answer, device=identity, reason=reason)
        username, new = f"device_{device['id']}", secrets.token_urlsafe(18)
        self._change(
            device["id"],
            "UPDATE cumulocity_devices SET status = 'REGISTERED', username = ?, password = ?",
            username,
            new,
        )
        if "Accept" not in call.headers:
            self.history.add(identity, REGISTERED)
            self.history.add(identity, LOST)
            return Answer(201, device=identity, reason="no accept")
        told = {"id": device["id"], "tenantId": TENANT, "username": username, "password": new, "self": call.origin}
        return json_answer(told, 201, device=identity, reason=REGISTERED)

    def _list_objects(self, call: Call) -> Answer:
        if self._user(call) is None:
            return _unauthorised()
        return json_answer({"managedObjects": [], "statistics": {"pageSize": 1, "currentPage": 1}})

    def _create_object(self, call: Call) -> Answer:
        device = self._user(call)
        if device is None:
            return _unauthorised()
        source = str(1000 + secrets.randbelow(10**9))
        return json_answer({"id": source, **_object(call)}, 201)

    def _set_identity(self, call: Call) -> Answer:
        device = self._user(call)
        if device is None:
            return _unauthorised()
        self._change(device["id"], "UPDATE cumulocity_devices SET source = ?", call.parts["source"])
        return json_answer({**_object(call), "managedObject": {"id": call.parts["source"]}}, 201)

    def _identity(self, call: Call) -> Answer:
        if self._user(call) is None:
            return _unauthorised()
        device = self._find(call.parts["id"])
        if device is None or not device["source"]:
            return _error(404, "identity/Not Found", "External id not found")
        it = {"type": call.parts["type"], "externalId": device["id"], "managedObject": {"id": device["source"]}}
        return json_answer(it)

    def _measurement(self, call: Call) -> Answer:
        device = self._user(call)
        if device is None:
            return _unauthorised()
        body = _object(call)
        if (
            not device["source"]
            or not body.get("type")
            or not body.get("time")
            or body.get("source") != {"id": device["source"]}
        ):
            return _error(422, "measurement/Unprocessable Entity", "type, time and source are needed")
        self.keep("cumulocity_measurements", source=device["source"], body=json.dumps(body))
        return json_answer({"id": "1", **body}, 201)

    def _operations(self, call: Call) -> Answer:
        device = self._user(call)
        if device is None:
            return _unauthorised()
        rows = self.state.all(
            "SELECT * FROM cumulocity_operations WHERE source = ? AND source = ? AND status = ? ORDER BY id",
            call.parameter("deviceId"),
            device["source"],  # its user sees no other's
            call.parameter("status"),
        )
        return json_answer({"operations": [_shown(row) for row in rows]})

    def _operation(self, call: Call) -> Answer:
        device = self._user(call)
        if device is None:
            return _unauthorised()
        change = "UPDATE cumulocity_operations SET status = ? WHERE CAST(id AS TEXT) = ? AND source = ?"
        status = str(_object(call).get("status"))
        if status not in ("EXECUTING", *_FINAL):
            return _error(422, "devicecontrol/Unprocessable Entity", "no such status")
        if not self.state.run(change, status, call.parts["id"], device["source"]):
            return _error(404, "devicecontrol/Not Found", "no such operation")
        return json_answer({"id": call.parts["id"], "status": status})

    def _find(self, device_id: str) -> Row | None:
        return self.state.one("SELECT * FROM cumulocity_devices WHERE id = ?", device_id)

    def _user(self, call: Call) -> Row | None:
        """The device whose user makes this call."""
        user, password = basic_of(call)
        tenant, _, name = user.partition("/")
        device = (
            self.state.one("SELECT * FROM cumulocity_devices WHERE username = ?", name) if tenant == TENANT else None
        )
        return device if device and same(password, device["password"] or secrets.token_hex()) else None

    # What a person does.

    def _change(self, device_id: str, change: str, *values: object) -> None:
        if not self.state.run(f"{change} WHERE id = ?", *values, device_id):
            raise SandboxError(f"cumulocity has no device {device_id!r}")

    @operation
    def create(self, device_id: DeviceId, accept: Annotated[bool, About("Accept it at once.")] = False) -> None:
        """Register a device: it may connect, and then waits to be accepted. ``accept``: accept it as soon as it
        connects."""
        with self.state.transaction():
            found = self._find(device_id)
            if found and found["status"] != "REGISTERED":
                raise SandboxError(f"cumulocity already waits for a device {device_id!r}")
            self.state.run("DELETE FROM cumulocity_devices WHERE id = ?", device_id)
            self.state.insert("cumulocity_devices", id=device_id, status="WAITING_FOR_CONNECTION", auto=accept)
            self.history.add(device_id, "created")

    @operation
    def accept(self, device_id: DeviceId) -> None:
        """Accept a device that has connected: its next request returns its user."""
        device = self._find(device_id)
        if device is None or device["status"] != "PENDING_ACCEPTANCE":
            raise SandboxError(f"no device {device_id!r} of cumulocity waits to be accepted")
        self._change(device_id, "UPDATE cumulocity_devices SET status = 'ACCEPTED'")
        self.history.add(device_id, "accepted")

    @operation
    def delete(self, device_id: DeviceId) -> None:
        """Delete a device and its user."""
        self._change(device_id, "DELETE FROM cumulocity_devices")
        self.history.add(device_id, DELETED)

    @operation
    def send(self, device_id: DeviceId, body: Annotated[dict[str, Any], About("The operation.")]) -> int:
        """Create an operation for a device, such as {"c8y_Restart": {}}; returns its number."""
        device = self._find(device_id)
        if device is None or not device["source"]:
            raise SandboxError(f"cumulocity has no managed object of a device {device_id!r}")
        row = {"source": device["source"], "status": "PENDING", "body": json.dumps(body)}
        self.state.insert("cumulocity_operations", **row)
        newest = self.state.one("SELECT MAX(id) AS id FROM cumulocity_operations")
        return int(newest["id"]) if newest else 0

    @operation
    def operations(self) -> list[Row]:
        """All operations with their status."""
        return [_shown(row) for row in self.state.all("SELECT * FROM cumulocity_operations ORDER BY id")]

    @operation
    def measurements(self) -> list[Any]:
        """The newest measurements, the oldest of them first."""
        return [json.loads(row["body"]) for row in self.state.all("SELECT * FROM cumulocity_measurements")]

    @operation
    def devices(self, reveal: Reveal = False) -> list[Row]:
        """All devices and their states; their passwords only with reveal."""
        rows = self.state.all("SELECT * FROM cumulocity_devices ORDER BY id")
        return [hide({**row, "auto": bool(row["auto"])}, ("password",), reveal) for row in rows]


def _shown(row: Row) -> Row:
    return {"id": str(row["id"]), "status": row["status"], "deviceId": row["source"], **json.loads(row["body"])}


def _error(status: int, error: str, message: str) -> Answer:
    return json_answer({"error": error, "message": message, "info": "https://cumulocity.com/docs/"}, status)


def _unauthorised() -> Answer:
    answer = _error(401, "security/Unauthorized", "Invalid credentials! : Bad credentials")
    return dataclasses.replace(answer, reason="credentials")


def _object(call: Call) -> dict[str, Any]:
    try:
        body = decode_json(call.body)
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {}


def basic_of(call: Call) -> tuple[str, str]:
    """User and password of HTTP Basic, "" if there are none."""
    scheme, _, encoded = call.headers.get("Authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return "", ""
    return (user, password) if scheme.lower() == "basic" else ("", "")
