"""Creates and enables a device in a service of the sandbox, and makes the enroll.json that registers it."""

from __future__ import annotations

from typing import Any

from .server import Sandbox
from .services import ALL

SERVICES = tuple(service.name for service in ALL)
FIRST = SERVICES[:4]  # the firmware's first services, in which one request registers


def create(sandbox: Sandbox, service: str, name: str = "1") -> dict[str, Any]:
    """Create and enable the device `name` (digits) at `service`; returns the provider's section of enroll.json."""
    return sandbox.services[service].sample(name)


def configuration(sandbox: Sandbox, service: str, section: dict[str, Any], listener: str = "https") -> dict[str, Any]:
    """enroll.json for a device that `create` has made, which reaches the sandbox by `listener`."""
    return {
        "provider": service,
        "url": sandbox.url(service, listener),
        "ca": str(sandbox.ca_der),
        "ntp": [sandbox.ntp],
        service: section,
    }
