"""The timeline of a device: its requests, what a person did with it, and the packets that name no device."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from .clock import format_time
from .history import AUTHORISED, History
from .log import Entry, RequestLog
from .services.base import Service
from .services.explain import Explanation
from .services.explain_packet import explain_packet

_NEWEST = 2**63 - 1


@dataclasses.dataclass(frozen=True)
class Item:
    """One line of a timeline. ``entry`` is None for what happened in the portal. ``certain`` is false for packets that
    came from an address of the device, but could be of another one behind it."""

    time: str
    text: str
    entry: Entry | None = None
    certain: bool = True


def timeline(
    device: str, service: Service, log: RequestLog, before: int = _NEWEST, limit: int = 100, reveal: bool = False
) -> list[Item]:
    """The items of a device before a log entry's id, newest first, ``limit`` entries at most.

    NTP and TLS know no device: those from the addresses that the device has called from are included.
    """
    found: dict[int, Item] = {}
    for entry in log.read(service.name, before=before, device=device, limit=limit, reveal=reveal):
        found[entry.id] = Item(entry.time, _headline(entry), entry)
    for address in {item.entry.remote for item in found.values() if item.entry and item.entry.remote}:
        for entry in log.read(before=before, device="", remote=address, limit=limit, reveal=reveal):
            found[entry.id] = Item(entry.time, _headline(entry), entry, False)
    chosen = [found[number] for number in sorted(found, reverse=True)][:limit]
    return _merged(chosen, list(_events(service.history, device)), whole=len(chosen) < limit)


def _headline(entry: Entry) -> str:
    if entry.method in ("NTP", "TLS"):
        return f"{entry.method} {entry.note}".strip()
    return f"{entry.method} {entry.path.partition('?')[0]}: {entry.status or 'no answer'}"


def _events(history: History, device: str) -> Iterator[Item]:
    """What happened in the portal; registrations and lost answers are requests as well, which are there already."""
    for event in history.events(device):
        if event.event not in (AUTHORISED, "registered", "lost", "again"):
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
