"""Azure: a Device Provisioning Service with symmetric keys, and the hub that it assigns devices to."""

from __future__ import annotations

import base64
import dataclasses
import json
import secrets
import uuid
from collections.abc import Iterable
from typing import Annotated, Any

from ..errors import SandboxError
from ..history import DELETED, REGISTERED
from ..operations import About, DeviceId, Reveal, operation
from ..state import Row
from .azure_token import decoded, derived, fault
from .base import Answer, Call, Refused, Route, Service, decode_json, hide, json_answer
from .settings import amount

SCOPE = "0ne00SANDBOX"
_VERSIONS = ("2019-03-31", "2021-06-01")


@dataclasses.dataclass
class Settings:
    """How devices are assigned."""

    polls: Annotated[int, amount("How often a device asks until it is assigned.")] = 1
    retry_after: Annotated[int, amount("Seconds that a device is told to wait before it asks again.")] = 1


class Azure(Service):
    """The provisioning service under ``/azure``, and the hub, which is at the root of a server."""

    name = "azure"
    bases = ("/azure", "/devices")
    schema = """
    CREATE TABLE IF NOT EXISTS azure_devices (
        id TEXT PRIMARY KEY, device_key TEXT NOT NULL, enabled INTEGER NOT NULL, operation TEXT, polls INTEGER,
        outcome TEXT, assigned INTEGER NOT NULL DEFAULT 0, fails INTEGER NOT NULL DEFAULT 0, payload TEXT);
    CREATE TABLE IF NOT EXISTS azure_events (number INTEGER PRIMARY KEY, device TEXT NOT NULL, body TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS azure_messages (lock TEXT PRIMARY KEY, device TEXT NOT NULL, body TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS azure_messages_to ON azure_messages (device);
    """
    settings: Settings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.settings = Settings()

    def routes(self) -> Iterable[Route]:
        """Registration and its operations; events and messages of the hub."""
        place = "/{scope}/registrations/{id}"
        return (
            Route("PUT", place + "/register", self._register),
            Route("GET", place + "/operations/{operation}", self._operation),
            Route("POST", "/{id}/messages/events", self.authorised(self._event)),
            Route("GET", "/{id}/messages/deviceBound", self.authorised(self._message)),
            Route("DELETE", "/{id}/messages/deviceBound/{lock}", self.authorised(self._complete)),
        )

    def sample(self, name: str) -> dict[str, Any]:
        """An individual enrollment."""
        serial = f"sensor-{name:0>4}"
        return {"id_scope": SCOPE, "serial": serial, "device_key": self.create(serial)["device_key"]}

    # What devices call.

    def _register(self, call: Call) -> Answer:
        device = self._enrolled(call)
        try:
            body = decode_json(call.body)
        except ValueError:
            body = None
        if not isinstance(body, dict) or body.get("registrationId") != device["id"]:
            raise _refuse(400, 400004, "registrationId does not match", device["id"], "id", device["id"])
        operation = f"4.{secrets.token_hex(8)}.{uuid.uuid4()}"
        self._change(
            device["id"],
            "UPDATE azure_devices SET operation = ?, polls = ?, payload = ?, outcome = NULL",
            operation,
            self.settings.polls,
            json.dumps(body.get("payload")),
        )
        return self._progress(call, device["id"])

    def _operation(self, call: Call) -> Answer:
        device = self._enrolled(call)
        if device["operation"] != call.parts["operation"]:
            raise _refuse(404, 404206, "Operation not found", device["id"], "operation")
        self._change(device["id"], "UPDATE azure_devices SET polls = polls - 1")
        return self._progress(call, device["id"])

    def _progress(self, call: Call, device_id: str) -> Answer:
        device = self._find(device_id) or {}
        outcome = device["outcome"] or _outcome(device)
        state: dict[str, Any] = {"registrationId": device_id, "status": outcome}
        answer = {"operationId": device["operation"], "status": outcome, "registrationState": state}
        if outcome == "assigning":
            wait = {"Retry-After": str(self.settings.retry_after)}
            return json_answer(answer, 202, wait, device=device_id, reason=outcome)
        self._change(device_id, "UPDATE azure_devices SET outcome = ?", outcome)  # an operation's is final
        if outcome == "failed":
            state.update(errorCode=400209, errorMessage="No IoT hub is linked")
        elif outcome == "assigned":
            self._change(device_id, "UPDATE azure_devices SET assigned = 1")
            hub = call.origin.partition("://")[2]
            state.update(assignedHub=hub, deviceId=device_id, substatus="initialAssignment")
        return json_answer(answer, device=device_id, reason=REGISTERED if outcome == "assigned" else outcome)

    def _event(self, call: Call) -> Answer:
        device = self._of_hub(call)
        self.keep("azure_events", device=device["id"], body=call.body.decode("utf-8", "backslashreplace"))
        return Answer(204)

    def _message(self, call: Call) -> Answer:
        device = self._of_hub(call)
        row = self.state.one("SELECT * FROM azure_messages WHERE device = ? ORDER BY rowid LIMIT 1", device["id"])
        if row is None:
            return Answer(204)
        return Answer(200, row["body"].encode(), "application/octet-stream", {"ETag": f'"{row["lock"]}"'})

    def _complete(self, call: Call) -> Answer:
        device = self._of_hub(call)
        done = "DELETE FROM azure_messages WHERE lock = ? AND device = ?"
        if not self.state.run(done, call.parts["lock"], device["id"]):
            raise _refuse(412, 412001, "DeviceMessageLockLost", device["id"], "lock")
        return Answer(204)

    def _enrolled(self, call: Call) -> Row:
        """The device whose enrollment matches this call. Raises Refused."""
        device_id = call.parts["id"]
        if call.parameter("api-version") not in _VERSIONS:
            raise _refuse(400, 400002, "Unsupported api-version", device_id, "api-version", _VERSIONS[-1])
        if call.parts["scope"] != SCOPE:
            raise _refuse(404, 404201, "Id scope not found", device_id, "scope", SCOPE)
        device = self._find(device_id)
        if device is None:
            raise _refuse(401, 401002, "Unauthorized", device_id, self.history.missing(device_id))
        self._check(call, device, f"{SCOPE}/registrations/{device_id}", "registration", "Unauthorized")
        return device

    def _of_hub(self, call: Call) -> Row:
        """The device of the hub that makes this call. Raises Refused."""
        device_id, message = call.parts["id"], "IotHubUnauthorizedAccess"
        device = self._find(device_id)
        if device is None:
            raise _refuse(401, 401002, message, device_id, self.history.missing(device_id))
        if not device["assigned"] or not device["enabled"]:
            reason = "hub disabled" if device["assigned"] else "not assigned"
            raise _refuse(401, 401002, message, device_id, reason)
        self._check(call, device, f"{call.origin.partition('://')[2]}/devices/{device_id}", None, message)
        return device

    def _check(self, call: Call, device: Row, place: str, policy: str | None, message: str) -> None:
        """Refuse a request without a right token for ``place``. Raises Refused."""
        header = call.headers.get("Authorization", "")
        reason, expected = fault(header, place, device["device_key"], policy, self.clock.now())
        if reason:
            raise _refuse(401, 401002, message, device["id"], reason, expected)

    def _find(self, device_id: str) -> Row | None:
        return self.state.one("SELECT * FROM azure_devices WHERE id = ?", device_id)

    # What a person does.

    def _change(self, device_id: str, change: str, *values: object) -> None:
        if not self.state.run(f"{change} WHERE id = ?", *values, device_id):
            raise SandboxError(f"azure has no enrollment {device_id!r}")

    @operation
    def create(
        self,
        device_id: DeviceId,
        device_key: Annotated[str | None, About("Its key in Base64; else a random one.")] = None,
    ) -> Row:
        """Create an individual enrollment, with a new key if none is given. Returns id and key."""
        key = device_key or base64.b64encode(secrets.token_bytes(32)).decode()
        decoded("device_key", key)
        with self.state.transaction():
            if self._find(device_id):
                raise SandboxError(f"azure already has an enrollment {device_id!r}")
            self.state.insert("azure_devices", id=device_id, device_key=key, enabled=True)
            self.history.add(device_id, "created")
        return {"id": device_id, "device_key": key}

    @operation
    def create_in_group(
        self, device_id: DeviceId, group_key: Annotated[str, About("The group's key in Base64.")]
    ) -> Row:
        """Let a device register with the key that is derived from the group's key."""
        return self.create(device_id, derived(group_key, device_id))

    @operation
    def enable(self, device_id: DeviceId) -> None:
        """Enable an enrollment."""
        self._change(device_id, "UPDATE azure_devices SET enabled = 1")
        self.history.add(device_id, "enabled")

    @operation
    def disable(self, device_id: DeviceId) -> None:
        """Disable an enrollment, and the device in the hub."""
        self._change(device_id, "UPDATE azure_devices SET enabled = 0")
        self.history.add(device_id, "disabled")

    @operation
    def fail(self, device_id: DeviceId, fails: Annotated[bool, About("Fail, or succeed again.")] = True) -> None:
        """Make the assignment of a device to a hub fail, or succeed again."""
        self._change(device_id, "UPDATE azure_devices SET fails = ?", fails)

    @operation
    def delete(self, device_id: DeviceId) -> None:
        """Delete the device from the hub; it keeps its enrollment and may register again."""
        self._change(device_id, "UPDATE azure_devices SET assigned = 0, operation = NULL")
        self.history.add(device_id, "deleted from the hub")

    @operation
    def delete_enrollment(self, device_id: DeviceId) -> None:
        """Delete an enrollment, and the device from the hub; it may not register again."""
        self._change(device_id, "DELETE FROM azure_devices")
        self.history.add(device_id, DELETED)

    @operation
    def send(self, device_id: DeviceId, body: Annotated[str, About("The message.")]) -> str:
        """Send a message to a device; returns its lock token."""
        lock = str(uuid.uuid4())
        self.state.insert("azure_messages", lock=lock, device=device_id, body=body)
        return lock

    @operation
    def events(self) -> list[Row]:
        """The newest messages of devices, the oldest of them first."""
        rows = self.state.all("SELECT * FROM azure_events ORDER BY number")
        return [{"device": row["device"], "body": row["body"]} for row in rows]

    @operation
    def devices(self, reveal: Reveal = False) -> list[Row]:
        """All enrollments; their keys only with reveal."""
        rows = self.state.all("SELECT * FROM azure_devices ORDER BY id")
        for row in rows:
            row.update({name: bool(row[name]) for name in ("enabled", "assigned", "fails")})
        return [hide(row, ("device_key",), reveal) for row in rows]


def _outcome(device: Row) -> str:
    """The present status of an operation."""
    if not device["enabled"]:
        return "disabled"
    if device["polls"] > 0:
        return "assigning"
    return "failed" if device["fails"] else "assigned"


def _refuse(status: int, code: int, message: str, device: str, reason: str, expected: str = "") -> Refused:
    body = {"errorCode": code, "trackingId": str(uuid.uuid4()), "message": message}
    return Refused(json_answer(body, status, device=device, reason=reason, expected=expected))
