"""A back end as people write their own: five ways to register, each as an example in firmware/examples describes it."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import secrets
import urllib.parse
from collections.abc import Iterable
from typing import Annotated, Any

from ..errors import SandboxError
from ..history import AGAIN, AUTHORISED, DELETED, REGISTERED
from ..operations import About, Reveal, name_of, operation
from ..state import Row
from .base import Answer, Call, Refused, Route, Service, decode_json, hide, json_answer, same
from .settings import amount

SHARED = ("X-Api-Key", "X-Auth-Token", "Authorization")  # where a registered device may have its key


@dataclasses.dataclass
class Settings:
    """How strict the service is."""

    tolerance: Annotated[
        int, amount("Seconds by which the time of a signed request may differ from the sandbox's.")
    ] = 300
    automatic: Annotated[bool, About("Accept each device as soon as it asks, as if a person stood by.")] = False


Serial = Annotated[str, name_of("The device's serial number.")]


def refuse(status: int, message: str, device: str = "", reason: str = "", expected: str = "") -> Refused:
    """An answer that says no; the reason is its message, if there is no other."""
    answer = json_answer({"message": message}, status, device=device, reason=reason or message, expected=expected)
    return Refused(answer)


class Rest(Service):
    """Devices are created with a secret each, by which they register."""

    name = "rest"
    bases = ("/rest",)
    schema = """
    CREATE TABLE IF NOT EXISTS rest_devices (
        serial TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, secret TEXT NOT NULL, key TEXT, ticket TEXT,
        decision TEXT NOT NULL DEFAULT 'waiting');
    CREATE TABLE IF NOT EXISTS rest_nonces (nonce TEXT PRIMARY KEY);
    CREATE INDEX IF NOT EXISTS rest_by_key ON rest_devices (key);
    CREATE INDEX IF NOT EXISTS rest_by_ticket ON rest_devices (ticket);
    """
    settings: Settings
    decided = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.settings = Settings()

    def routes(self) -> Iterable[Route]:
        """Five ways to register, and what registered devices call."""
        return (
            Route("POST", "/devices/claim", self._claim),
            Route("POST", "/devices/register", self._signed),
            Route("POST", "/enrollments", self._ask),
            Route("GET", "/enrollments/{ticket}", self._decision),
            Route("POST", "/register", self._form),
            Route("PUT", "/devices/{serial}/key", self._again),
            Route("GET", "/me", self._me),
        )

    def sample(self, name: str) -> dict[str, Any]:
        """A device that signs its request."""
        serial = f"SN-{name:0>4}"
        return {
            "serial": serial,
            "secrets": {"device_secret": self.create(serial)["secret"]},
            "values": {"message": "{serial}\n{now}\n{nonce}"},
            "steps": [
                {
                    "method": "POST",
                    "path": "/devices/register",
                    "headers": {
                        "X-Timestamp": "{now}",
                        "X-Nonce": "{nonce}",
                        "X-Signature": "{hmac_sha256(device_secret, message)}",
                    },
                    "json": {"serial": "{serial}"},
                    "take": {"id": "id", "secret": "api_key"},
                }
            ],
            "headers": {"X-Api-Key": "{secret}"},
        }

    def sample_by_hand(self, name: str) -> dict[str, Any]:
        """A device that asks until a person accepts or denies it."""
        serial = f"SN-{name:0>4}"
        denied = "a person has denied this device: accept it in the portal"
        return {
            "serial": serial,
            "secrets": {"fleet_token": self.create(serial)["secret"]},
            "steps": [
                {
                    "method": "POST",
                    "path": "/enrollments",
                    "headers": {"X-Fleet-Token": "{fleet_token}"},
                    "json": {"serial": "{serial}"},
                    "take": {"ticket": "ticket"},
                },
                {
                    "method": "GET",
                    "path": "/enrollments/{ticket}",
                    "resume": 3600,
                    "answers": [
                        {"status": 202, "means": "pending", "seconds": 1},
                        {"field": "status", "value": "denied", "means": "refused", "text": denied},
                    ],
                    "take": {"id": "id", "secret": "token"},
                },
            ],
        }

    # Registration.

    def _claim(self, call: Call) -> Answer:
        """JSON, a claim code as Bearer."""
        device = self._device(str(self._object(call).get("serial")))
        wanted = f"Bearer {device['secret']}"
        if not same(call.headers.get("Authorization", ""), wanted):
            raise refuse(401, "unknown claim code", device["serial"], expected=wanted)
        key = self._first(device)
        answer = {"device": {"id": device["id"], "token": key}, "region": "north"}
        return json_answer(answer, 201, secrets=(key,), device=device["serial"], reason=REGISTERED)

    def _signed(self, call: Call) -> Answer:
        """JSON, signed over serial number, time and nonce."""
        device = self._device(str(self._object(call).get("serial")))
        moment, nonce = call.headers.get("X-Timestamp", ""), call.headers.get("X-Nonce", "")
        message = f"{device['serial']}\n{moment}\n{nonce}".encode()
        signature = hmac.new(device["secret"].encode(), message, hashlib.sha256).hexdigest()
        serial = device["serial"]
        if not same(call.headers.get("X-Signature", ""), signature):
            raise refuse(401, "bad signature", serial, expected=signature)
        if not moment.isdecimal() or abs(int(moment) - self.clock.now()) > self.settings.tolerance:
            raise refuse(401, "too early or too late", serial, expected=str(int(self.clock.now())))
        if self.state.one("SELECT 1 FROM rest_nonces WHERE nonce = ?", nonce):
            raise refuse(401, "replayed", serial)
        self.state.insert("rest_nonces", nonce=nonce)
        key = self._first(device)
        answer = {"id": device["id"], "api_key": key}
        return json_answer(answer, 201, secrets=(key,), device=serial, reason=REGISTERED)

    def _ask(self, call: Call) -> Answer:
        """A request that a person decides."""
        device = self._device(str(self._object(call).get("serial")))
        if not same(call.headers.get("X-Fleet-Token", ""), device["secret"]):
            raise refuse(401, "unknown fleet token", device["serial"], expected=device["secret"])
        ticket = secrets.token_urlsafe(9)
        self.state.run("UPDATE rest_devices SET ticket = ? WHERE serial = ?", ticket, device["serial"])
        return json_answer({"ticket": ticket}, 202, device=device["serial"], reason="asked")

    def _decision(self, call: Call) -> Answer:
        device = self.state.one("SELECT * FROM rest_devices WHERE ticket = ?", call.parts["ticket"])
        if device is None:
            raise refuse(404, "no such request")
        if self.settings.automatic:
            device["decision"] = "accepted"
        serial = device["serial"]
        if device["decision"] == "waiting":
            return Answer(202, device=serial, reason="waiting")
        if device["decision"] == "denied":
            return json_answer({"status": "denied"}, device=serial, reason="denied")
        key = self._first(device)
        answer = {"status": "accepted", "token": key, "id": device["id"]}
        return json_answer(answer, secrets=(key,), device=serial, reason=REGISTERED)

    def _form(self, call: Call) -> Answer:
        """A form; the key is in a header, the id is the body."""
        kind = call.headers.get("Content-Type")
        if kind != "application/x-www-form-urlencoded":
            raise refuse(415, "a form is wanted")
        try:
            fields = dict(urllib.parse.parse_qsl(call.body.decode(), keep_blank_values=True, strict_parsing=True))
        except ValueError:
            raise refuse(400, "a form is wanted") from None
        device = self._device(fields.get("serial", ""))
        if not same(fields.get("code", ""), device["secret"]):
            raise refuse(403, "unknown code", device["serial"], expected=device["secret"])
        key = self._first(device)
        found = {"X-Auth-Token": key}
        body, serial = device["id"].encode(), device["serial"]
        hidden = (key, device["secret"])
        return Answer(200, body, "text/plain", found, secrets=hidden, device=serial, reason=REGISTERED)

    def _again(self, call: Call) -> Answer:
        """The same key each time, for anyone with the password."""
        device = self._device(call.parts["serial"])
        login = base64.b64encode(f"{device['serial']}:{device['secret']}".encode()).decode()
        if not same(call.headers.get("Authorization", ""), f"Basic {login}"):
            raise refuse(401, "unknown password", device["serial"], expected=f"Basic {login}")
        key = device["key"] or self._first(device)
        return json_answer({"key": key}, secrets=(key,), device=device["serial"], reason=REGISTERED)

    def _me(self, call: Call) -> Answer:
        """What a registered device is called here."""
        keys = [call.headers.get(name, "").removeprefix("Bearer ") for name in SHARED]
        for key in filter(None, keys):
            device = self.state.one("SELECT * FROM rest_devices WHERE key = ?", key)
            if device:
                answer = {"serial": device["serial"], "id": device["id"]}
                return json_answer(answer, device=device["serial"], reason=AUTHORISED)
        raise refuse(401, "unknown key")

    def _device(self, serial: str) -> Row:
        device = self.state.one("SELECT * FROM rest_devices WHERE serial = ?", serial)
        if device is None:
            raise refuse(403, "unknown device", serial, self.history.missing(serial))
        return device

    def _first(self, device: Row) -> str:
        """The key of a device that had none."""
        if device["key"]:
            raise refuse(409, "registered before", device["serial"], AGAIN)
        key = secrets.token_urlsafe(24)
        self.state.run("UPDATE rest_devices SET key = ? WHERE serial = ?", key, device["serial"])
        return key

    def _object(self, call: Call) -> dict[str, Any]:
        try:
            body = decode_json(call.body) if call.is_json() else None
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise refuse(400, "a JSON object is wanted")
        return body

    # What a person does.

    def _change(self, serial: str, change: str, event: str) -> None:
        if not self.state.run(f"{change} WHERE serial = ?", serial):
            raise SandboxError(f"rest has no device {serial!r}")
        self.history.add(serial, event)

    @operation
    def create(
        self, serial: Serial, secret: Annotated[str | None, About("Its secret; else a random one.")] = None
    ) -> Row:
        """Create a device; returns the secret by which it registers."""
        with self.state.transaction():
            if self.state.one("SELECT 1 FROM rest_devices WHERE serial = ?", serial):
                raise SandboxError(f"rest already has a device {serial!r}")
            row = {"serial": serial, "secret": secret or secrets.token_urlsafe(18)}
            self.state.insert("rest_devices", id=f"device-{secrets.token_hex(6)}", **row)
            self.history.add(serial, "created")
        return row

    @operation
    def accept(self, serial: Serial) -> None:
        """Accept the request of a device."""
        self._change(serial, "UPDATE rest_devices SET decision = 'accepted'", "accepted")

    @operation
    def deny(self, serial: Serial) -> None:
        """Deny the request of a device."""
        self._change(serial, "UPDATE rest_devices SET decision = 'denied'", "denied")

    @operation
    def reset(self, serial: Serial) -> None:
        """Take the key of a device back; it may register again."""
        self._change(serial, "UPDATE rest_devices SET key = NULL, ticket = NULL", "reset")

    @operation
    def delete(self, serial: Serial) -> None:
        """Delete a device."""
        self._change(serial, "DELETE FROM rest_devices", DELETED)

    @operation
    def devices(self, reveal: Reveal = False) -> list[Row]:
        """All devices; their secrets only with reveal."""
        rows = self.state.all("SELECT * FROM rest_devices ORDER BY serial")
        return [hide(row, ("secret", "key", "ticket"), reveal) for row in rows]
