"""The timeline of a device: its requests, what a person did with it, and the packets that name no device."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from .clock import format_time, parse_time
from .faults import FaultEvent
from .history import BY_ITSELF, History
from .log import Entry, RequestLog
from .services.base import Service
from .services.explain import Explanation
from .services.explain_packet import explain_packet

_NEWEST = 2**63 - 1
NTP = "ntp"  # the NTP server, where an entry has a service
BOOT = 600  # seconds before the first call of a device that makes itself: what it sent then belongs to it


@dataclasses.dataclass(frozen=True)
class Item:
    """One line of a timeline. ``entry`` is None for what happened in the portal. ``certain`` is false for packets that
    came from an address of the device, but could be of another one behind it."""

    time: str
    text: str
    entry: Entry | None = None
    certain: bool = True


def timeline(
    device: str,
    service: Service,
    log: RequestLog,
    before: int = _NEWEST,
    limit: int = 100,
    reveal: bool = False,
    faults: Iterable[FaultEvent] = (),
) -> list[Item]:
    """The items of a device before a log entry's id, newest first, ``limit`` entries at most.

    NTP and TLS know no device: those from the addresses that the device has called from are included, from the device's
    creation on. ``faults``: what happened to the faults that could meet it.
    """
    found: dict[int, Item] = {}
    for entry in log.read(service.name, before=before, device=device, limit=limit, reveal=reveal):
        found[entry.id] = Item(entry.time, _headline(entry), entry)
    since, begin = _begin(device, service, log)
    for address in {item.entry.remote for item in found.values() if item.entry and item.entry.remote}:
        near = log.read(after=begin - 1, before=before, device="", remote=address, limit=limit, reveal=reveal)
        for entry in near:
            if entry.service in ("", NTP, service.name):
                found[entry.id] = Item(entry.time, _headline(entry), entry, False)
    chosen = [found[number] for number in sorted(found, reverse=True)][:limit]
    events = [*_events(service.history, device)]
    events += _faults(faults, since if found or events else None)
    return _merged(chosen, events, whole=len(chosen) < limit)


def _begin(device: str, service: Service, log: RequestLog) -> tuple[float, int]:
    """Since when packets may be of a device, and the first entry of the log that may: the clock may be set back."""
    since = service.history.created(device) or 0.0
    for own in log.read(service.name, device=device, limit=1):
        since = since or parse_time(own.time) - BOOT
        return since, min(own.id, log.first(since))
    return since, 0


def _faults(events: Iterable[FaultEvent], since: float | None) -> Iterator[Item]:
    """What happened to the device's own faults, and to those of all devices if there was the device then."""
    for it in events:
        if it.fault.device or (since is not None and it.time >= since):
            whose = "" if it.fault.device else " (for all devices)"
            yield Item(format_time(it.time), f'Fault: "{it.fault.title}" {it.event}{whose}')


def _headline(entry: Entry) -> str:
    if entry.method in ("NTP", "TLS"):
        return f"{entry.method} {entry.note}".strip()
    return f"{entry.method} {entry.path.partition('?')[0]}: {entry.status or 'no answer'}"


def _events(history: History, device: str) -> Iterator[Item]:
    """What happened in the portal; registrations and lost answers are requests as well, which are there already."""
    for event in history.events(device):
        if event.event not in BY_ITSELF:
            yield Item(format_time(event.time), f"Portal: {event.event}")


def _merged(items: list[Item], events: Iterable[Item], whole: bool) -> list[Item]:
    """Both by time, the newest first; events from before the last entry only if there are no more entries."""
    oldest = items[-1].time if items and not whole else ""
    fresh = [event for event in events if event.time >= oldest]
    # Stable, and entries of one moment stay in the order of the log.
    return sorted([*items, *fresh], key=lambda item: item.time, reverse=True)


def explain_entry(services: dict[str, Service], entry: Entry) -> Explanation:
    """Explain any entry of the log."""
    service = services.get(entry.service)
    return service.explain(entry) if service else explain_packet(entry)
