"""Creates and enables a device in a service of the sandbox, and makes the enroll.json that registers it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from .errors import SandboxError
from .services import ALL

if TYPE_CHECKING:
    from .server import Sandbox

SERVICES = tuple(service.name for service in ALL)
FIRST = SERVICES[:4]  # the firmware's first services, in which one request registers
MOST = 10_000  # devices that one service is given

_COUNTED = "CREATE TABLE IF NOT EXISTS examples (service TEXT PRIMARY KEY, number INTEGER NOT NULL)"


def create(sandbox: Sandbox, service: str, name: str = "1", by_hand: bool = False) -> dict[str, Any]:
    """Create and enable the device `name` (digits) at `service`; returns the provider's section of enroll.json.

    `by_hand`: it waits until a person accepts it.
    """
    it = sandbox.services[service]
    return it.sample_by_hand(name) if by_hand else it.sample(name)


def configuration(sandbox: Sandbox, service: str, section: dict[str, Any], listener: str = "https") -> dict[str, Any]:
    """enroll.json for a device that `create` has made, which reaches the sandbox by `listener`."""
    return {
        "provider": service,
        "url": sandbox.url(service, listener),
        "ca": str(sandbox.ca_der),
        "ntp": [sandbox.ntp],
        service: section,
    }


def fresh(sandbox: Sandbox, service: str, by_hand: bool = False) -> dict[str, Any]:
    """The same as `create`, for a device that `service` does not have yet. Raises SandboxError."""
    it, tried = sandbox.services[service], 0
    if by_hand and not it.decided:
        it.sample_by_hand("1")  # which says why not
    it.state.run(_COUNTED)
    while tried < MOST:
        with contextlib.suppress(SandboxError), it.state.transaction():
            row = it.state.one("SELECT number FROM examples WHERE service = ?", service)
            tried = max(tried, row["number"] if row else 0) + 1
            section = create(sandbox, service, str(tried), by_hand)
            it.state.run("REPLACE INTO examples VALUES (?, ?)", service, tried)
            return section
    raise SandboxError(f"{service} has {MOST} devices: use another --state folder")


class _Undo(Exception):
    pass


def form(sandbox: Sandbox, service: str, by_hand: bool = False) -> dict[str, Any]:
    """The section of a device that is not created: `enroll-provision` asks for each value that the service made up."""
    it, sections = sandbox.services[service], []
    for _ in range(2):
        with contextlib.suppress(_Undo), it.state.transaction():
            sections.append(fresh(sandbox, service, by_hand))
            raise _Undo
    asked: dict[str, Any] = _asked(sections[0], sections[1], service)
    return asked


def _asked(one: Any, other: Any, where: str) -> Any:
    """A section whose random values, which are those that differ, are replaced by questions."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: _asked(one[name], other[name], f"{where}.{name}") for name in one}
    return one if one == other else {"$prompt": where}
