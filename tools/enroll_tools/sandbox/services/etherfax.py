"""etherFAX: a device that was created and enabled registers once, with an MD5 token of its serial and the UTC day."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
import secrets
from collections.abc import Iterable
from typing import Annotated, Any

from ..errors import SandboxError
from ..history import AGAIN, AUTHORISED, DELETED, REGISTERED
from ..operations import About, Reveal, name_of, operation
from ..state import Row
from .base import Answer, Call, Route, Service, hide, json_answer, same


@dataclasses.dataclass
class Settings:
    """How strict the service is."""

    day_tolerance: Annotated[
        int, About("Days by which the day of a token may differ from the sandbox's.", choices=(0, 1))
    ] = 0

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse a tolerance that would hide a wrong clock."""
        if name == "day_tolerance" and value not in (0, 1):
            raise SandboxError("etherfax.day_tolerance must be 0 or 1")
        super().__setattr__(name, value)


Serial = Annotated[str, name_of("The device's serial number.")]


def registration_token(serial: str, day: datetime.date) -> str:
    """The token a device with this serial shows on this day, as the vendor's page computes it."""
    inner = hashlib.md5(serial.encode("utf-8", "surrogatepass")).hexdigest()
    day_of_year = day.timetuple().tm_yday - 1
    text = f"{day.year - 1900:04d}:{day.month - 1:02d}:{inner}.{day_of_year:03d}"
    return hashlib.md5(text.encode()).hexdigest()


def accepted_tokens(serial: str, today: datetime.date, tolerance: int) -> list[str]:
    """Every token that is right today."""
    days = [datetime.timedelta(days=number) for number in range(-tolerance, tolerance + 1)]
    return [registration_token(serial, today + day) for day in days]


def basic_credentials(header: str) -> tuple[str, str] | None:
    """Serial and device token of an Authorization header with the account ``device/<serial>``, or None."""
    scheme, _, encoded = header.partition(" ")
    try:
        account, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    kind, slash, serial = account.partition("/")
    if scheme.lower() != "basic" or not colon or kind != "device" or not slash:
        return None
    return serial, password


def _refusal(device: Row, right: bool) -> str:
    """Why a registration is refused. A right token of a registered device: it asks a second time."""
    if not device["enabled"]:
        return "disabled" if device["device_token"] else "not enabled"
    if device["device_token"]:
        return AGAIN if right else "registered, wrong token"
    return "token"


def _unauthorised(device: Row) -> str:
    if not device["device_token"]:
        return "not registered"
    return "disabled" if not device["enabled"] else "device token"


class EtherFax(Service):
    """The registration and the account check of etherFAX's REST API."""

    name = "etherfax"
    bases = ("/etherfax/rest/2.0/api", "/etherfax/rest/3.0/api")
    schema = """
    CREATE TABLE IF NOT EXISTS etherfax_devices (
        serial TEXT PRIMARY KEY, enabled INTEGER NOT NULL, device_token TEXT, registered_at REAL);
    """
    settings: Settings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.settings = Settings()

    def routes(self) -> Iterable[Route]:
        """``GET /devices`` and ``GET /accounts``."""
        return (Route("GET", "/devices", self._devices), Route("GET", "/accounts", self._accounts))

    def sample(self, name: str) -> dict[str, Any]:
        """A device that is enabled."""
        serial = f"MT{name:0>9}"
        self.create(serial, enabled=True)
        return {"serial": serial}

    def _devices(self, call: Call) -> Answer:
        if call.parameter("a") != "register":
            return json_answer({"Message": "Unknown action."}, 400)
        serial, token = call.parameter("id"), call.parameter("token")
        if not serial or not token:
            message = {"Message": "Parameters id and token are required."}
            return json_answer(message, 400, device=serial or "", reason="missing")
        device = self._find(serial)
        right = [same(token, valid) for valid in self._tokens(serial)]
        if device is None or not device["enabled"] or device["device_token"] or not any(right):
            # One answer for all: the real service documents nothing that would tell the reasons apart.
            reason = _refusal(device, any(right)) if device else self.history.missing(serial)
            expected = registration_token(serial, self.clock.today())
            return json_answer({"Message": "Forbidden."}, 403, device=serial, reason=reason, expected=expected)
        device_token = secrets.token_hex(16)
        self.state.run(
            "UPDATE etherfax_devices SET device_token = ?, registered_at = ? WHERE serial = ?",
            device_token,
            self.clock.now(),
            serial,
        )
        return json_answer({"DeviceToken": device_token}, device=serial, reason=REGISTERED)

    def _accounts(self, call: Call) -> Answer:
        if call.parameter("a") != "status":
            return json_answer({"Message": "Unknown action."}, 400)
        serial, token = basic_credentials(call.headers.get("Authorization", "")) or ("", "")
        device = self._find(serial)
        if not device or not device["enabled"] or not same(token, device["device_token"] or secrets.token_hex(16)):
            headers = {"WWW-Authenticate": 'Basic realm="etherFAX"'}
            reason = _unauthorised(device) if device else self.history.missing(serial) if serial else "no account"
            expected = device["device_token"] if device else None
            message = {"Message": "Unauthorized."}
            return json_answer(message, 401, headers, device=serial, reason=reason, expected=expected or "")
        return json_answer({"Account": f"device/{serial}", "Status": "Active"}, device=serial, reason=AUTHORISED)

    def _tokens(self, serial: str) -> list[str]:
        return accepted_tokens(serial, self.clock.today(), self.settings.day_tolerance)

    def _find(self, serial: str) -> Row | None:
        return self.state.one("SELECT * FROM etherfax_devices WHERE serial = ?", serial)

    def _change(self, serial: str, change: str, event: str) -> None:
        if not self.state.run(f"{change} WHERE serial = ?", serial):
            raise SandboxError(f"etherfax has no device {serial!r}")
        self.history.add(serial, event)

    @operation
    def create(self, serial: Serial, enabled: Annotated[bool, About("Let it register at once.")] = False) -> Row:
        """Create a device, as a person does in the portal."""
        if not serial or not serial.isprintable():
            raise SandboxError("serial must not be empty, and every character of it must be printable")
        with self.state.transaction():
            if self._find(serial):
                raise SandboxError(f"etherfax already has a device {serial!r}")
            self.state.insert("etherfax_devices", serial=serial, enabled=enabled)
            self.history.add(serial, "enabled" if enabled else "created")
        return {"serial": serial, "enabled": enabled}

    @operation
    def enable(self, serial: Serial) -> None:
        """Let a device register and work."""
        self._change(serial, "UPDATE etherfax_devices SET enabled = 1", "enabled")

    @operation
    def disable(self, serial: Serial) -> None:
        """Stop a device from registering and working; it keeps its token."""
        self._change(serial, "UPDATE etherfax_devices SET enabled = 0", "disabled")

    @operation
    def reset(self, serial: Serial) -> None:
        """Let a device register again; its old token becomes invalid."""
        self._change(serial, "UPDATE etherfax_devices SET device_token = NULL, registered_at = NULL", "reset")

    @operation
    def delete(self, serial: Serial) -> None:
        """Delete a device."""
        self._change(serial, "DELETE FROM etherfax_devices", DELETED)

    @operation
    def devices(self, reveal: Reveal = False) -> list[Row]:
        """All devices; their tokens only with reveal."""
        rows = self.state.all("SELECT * FROM etherfax_devices ORDER BY serial")
        return [hide({**row, "enabled": bool(row["enabled"])}, ("device_token",), reveal) for row in rows]
