"""Azure: a Device Provisioning Service with symmetric keys, and the hub that it assigns devices to."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import re
import secrets
import uuid
from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import unquote

from ..errors import SandboxError
from ..operations import About, DeviceId, Reveal, operation
from ..state import Row
from .base import Answer, Call, Route, Service, decode_json, hide, json_answer, same

SCOPE = "0ne00SANDBOX"
_VERSIONS = ("2019-03-31", "2021-06-01")


@dataclasses.dataclass
class Settings:
    """``polls``: how often a device asks until it is assigned. ``retry_after``: seconds that it is told to wait."""

    polls: int = 1
    retry_after: int = 1


def derived(group_key: str, registration_id: str) -> str:
    """The key of a device in a group, as Azure's documentation computes it."""
    try:
        key = base64.b64decode(group_key, validate=True)
    except ValueError:
        raise SandboxError("group_key is not Base64: copy it from the enrollment group") from None
    digest = hmac.digest(key, registration_id.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return base64.b64encode(digest).decode()


def signed(resource: str, key: str, until: str) -> str:
    """The signature of a token for ``resource``, as the token spells it."""
    digest = hmac.digest(base64.b64decode(key), f"{resource}\n{until}".encode(), hashlib.sha256)
    return base64.b64encode(digest).decode()


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
            Route("POST", "/{id}/messages/events", self._event),
            Route("GET", "/{id}/messages/deviceBound", self._message),
            Route("DELETE", "/{id}/messages/deviceBound/{lock}", self._complete),
        )

    def sample(self, name: str) -> dict[str, Any]:
        """An individual enrollment."""
        serial = f"sensor-{name:0>4}"
        return {"id_scope": SCOPE, "serial": serial, "device_key": self.create(serial)["device_key"]}

    # What devices call.

    def _register(self, call: Call) -> Answer:
        device = self._enrolled(call)
        if isinstance(device, Answer):
            return device
        try:
            body = decode_json(call.body)
        except ValueError:
            body = None
        if not isinstance(body, dict) or body.get("registrationId") != device["id"]:
            return _error(400, 400004, "registrationId does not match")
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
        if isinstance(device, Answer):
            return device
        if device["operation"] != call.parts["operation"]:
            return _error(404, 404206, "Operation not found")
        self._change(device["id"], "UPDATE azure_devices SET polls = polls - 1")
        return self._progress(call, device["id"])

    def _progress(self, call: Call, device_id: str) -> Answer:
        device = self._find(device_id) or {}
        outcome = device["outcome"] or _outcome(device)
        state: dict[str, Any] = {"registrationId": device_id, "status": outcome}
        answer = {"operationId": device["operation"], "status": outcome, "registrationState": state}
        if outcome == "assigning":
            return json_answer(answer, 202, {"Retry-After": str(self.settings.retry_after)})
        self._change(device_id, "UPDATE azure_devices SET outcome = ?", outcome)  # an operation's is final
        if outcome == "failed":
            state.update(errorCode=400209, errorMessage="No IoT hub is linked")
        elif outcome == "assigned":
            self._change(device_id, "UPDATE azure_devices SET assigned = 1")
            hub = call.origin.partition("://")[2]
            state.update(assignedHub=hub, deviceId=device_id, substatus="initialAssignment")
        return json_answer(answer)

    def _event(self, call: Call) -> Answer:
        device = self._of_hub(call)
        if device is None:
            return _error(401, 401002, "IotHubUnauthorizedAccess")
        self.state.insert("azure_events", device=device["id"], body=call.body.decode("utf-8", "backslashreplace"))
        return Answer(204)

    def _message(self, call: Call) -> Answer:
        device = self._of_hub(call)
        if device is None:
            return _error(401, 401002, "IotHubUnauthorizedAccess")
        row = self.state.one("SELECT * FROM azure_messages WHERE device = ? ORDER BY rowid LIMIT 1", device["id"])
        if row is None:
            return Answer(204)
        return Answer(200, row["body"].encode(), "application/octet-stream", {"ETag": f'"{row["lock"]}"'})

    def _complete(self, call: Call) -> Answer:
        device = self._of_hub(call)
        if device is None:
            return _error(401, 401002, "IotHubUnauthorizedAccess")
        done = "DELETE FROM azure_messages WHERE lock = ? AND device = ?"
        if not self.state.run(done, call.parts["lock"], device["id"]):
            return _error(412, 412001, "DeviceMessageLockLost")
        return Answer(204)

    def _enrolled(self, call: Call) -> Row | Answer:
        """The device whose enrollment matches this call, or the refusal to return."""
        if call.parameter("api-version") not in _VERSIONS:
            return _error(400, 400002, "Unsupported api-version")
        if call.parts["scope"] != SCOPE:
            return _error(404, 404201, "Id scope not found")
        device = self._find(call.parts["id"])
        place = f"{SCOPE}/registrations/{call.parts['id']}"
        if device is None or not self._good(call, place, device["device_key"], "registration"):
            return _error(401, 401002, "Unauthorized")
        return device

    def _of_hub(self, call: Call) -> Row | None:
        """The device of the hub that makes this call."""
        device = self._find(call.parts["id"])
        place = f"{call.origin.partition('://')[2]}/devices/{call.parts['id']}"
        if device is None or not device["assigned"] or not device["enabled"]:
            return None
        return device if self._good(call, place, device["device_key"], None) else None

    def _good(self, call: Call, place: str, key: str, policy: str | None) -> bool:
        """Whether the request bears a token for ``place`` that is signed with ``key`` and has not expired."""
        kind, _, text = call.headers.get("Authorization", "").partition(" ")
        fields = dict(field.partition("=")[::2] for field in text.split("&"))
        resource, until = fields.get("sr", ""), fields.get("se", "")
        if kind != "SharedAccessSignature" or not re.fullmatch("[0-9]{1,12}", until) or fields.get("skn") != policy:
            return False
        # Microsoft's SDK for Python quotes the resource, its client for Node does not.
        right = unquote(resource) == place and same(unquote(fields.get("sig", "")), signed(resource, key, until))
        return right and int(until) > self.clock.now()

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
        with self.state.transaction():
            if self._find(device_id):
                raise SandboxError(f"azure already has an enrollment {device_id!r}")
            self.state.insert("azure_devices", id=device_id, device_key=key, enabled=True)
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

    @operation
    def disable(self, device_id: DeviceId) -> None:
        """Disable an enrollment, and the device in the hub."""
        self._change(device_id, "UPDATE azure_devices SET enabled = 0")

    @operation
    def fail(self, device_id: DeviceId, fails: Annotated[bool, About("Fail, or succeed again.")] = True) -> None:
        """Make the assignment of a device to a hub fail, or succeed again."""
        self._change(device_id, "UPDATE azure_devices SET fails = ?", fails)

    @operation
    def delete(self, device_id: DeviceId) -> None:
        """Delete the device from the hub; it keeps its enrollment and may register again."""
        self._change(device_id, "UPDATE azure_devices SET assigned = 0, operation = NULL")

    @operation
    def send(self, device_id: DeviceId, body: Annotated[str, About("The message.")]) -> str:
        """Send a message to a device; returns its lock token."""
        lock = str(uuid.uuid4())
        self.state.insert("azure_messages", lock=lock, device=device_id, body=body)
        return lock

    @operation
    def events(self) -> list[Row]:
        """What devices have sent, the oldest first."""
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


def _error(status: int, code: int, message: str) -> Answer:
    return json_answer({"errorCode": code, "trackingId": str(uuid.uuid4()), "message": message}, status)
