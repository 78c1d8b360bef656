"""The log as the console shows it: each packet explained, with its secrets masked until they are asked for."""

from __future__ import annotations

import dataclasses
import itertools
import time
from typing import TYPE_CHECKING, Any

from ..log import Entry
from ..services.explain import Explanation, fault_in
from ..timeline import Item, explain_entry, timeline

if TYPE_CHECKING:
    from ..server import Sandbox

PAGE = 50  # packets on a page
FRESH = 20  # packets that come to an open page at once
NEWEST = 2**63 - 1
TRUE_FOR = 5.0  # seconds that an explanation is kept for other pages


@dataclasses.dataclass(frozen=True)
class Shown:
    """A line of the log or of a timeline: a packet as it may be shown, and what it means.

    Without an entry it is what happened in the portal, or to a fault. ``certain`` is false where the packet may be
    another device's. Of a row of packets that say the same the newest is shown: ``count`` is their number, and
    ``first`` the id of the oldest.
    """

    time: str
    text: str
    entry: Entry | None = None
    explanation: Explanation | None = None
    certain: bool = True
    count: int = 1
    first: int = 0

    @property
    def same(self) -> str:
        """What packets have in common of which one is enough: polls while nobody decides, and queries for the time."""
        entry, told = self.entry, self.explanation
        if entry is None or told is None or not (told.polls or (entry.method == "NTP" and not entry.note)):
            return ""
        path = "" if entry.method == "NTP" else entry.path.partition("?")[0]
        return f"{entry.method} {path} {entry.status} {entry.reason}"

    @property
    def faulty(self) -> bool:
        """Whether a fault has met the packet."""
        return self.entry is not None and bool(fault_in(self.entry.note))

    @property
    def tone(self) -> str:
        """Whether the device got what it wanted: good, bad, or plain."""
        status = self.entry.status if self.entry else 300
        if self.lost:
            return "bad"
        if self.explanation and self.explanation.polls:
            return "plain"
        return "good" if 200 <= status < 300 else "plain" if 300 <= status < 400 else "bad"

    @property
    def outcome(self) -> str:
        """The answer in a word."""
        if self.entry is None:
            return self.text.partition(":")[0].lower()
        if self.entry.method in ("NTP", "TLS"):
            return {200: "answered"}.get(self.entry.status, "failed" if self.entry.method == "TLS" else "ignored")
        return f"{self.entry.status or 'no answer'}{', lost' if self.lost else ''}"

    @property
    def lost(self) -> bool:
        """Whether the service has answered, and a fault kept that from the device."""
        return self.entry is not None and bool(self.entry.status) and "drop after" in fault_in(self.entry.note)

    @property
    def clock(self) -> str:
        """The time of day, to the second."""
        return self.time[11:19]


class Packets:
    """Reads the log in pages, newest first."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._known: dict[int, tuple[float, Explanation]] = {}

    def newest(self) -> int:
        """The id of the newest entry, 0 if there is none."""
        return max((entry.id for entry in self._sandbox.log(before=NEWEST, limit=1)), default=0)

    def page(
        self, service: str = "", before: int = 0, after: int = 0, limit: int = PAGE, reveal: bool = False
    ) -> tuple[list[Shown], bool]:
        """The newest packets of a service, or of all, and whether there are older ones."""
        wanted: dict[str, Any] = {
            "service": service or None,
            "before": before or NEWEST,
            "after": after,
            "limit": limit + 1,
        }
        raw = self._sandbox.log(reveal=True, **wanted)
        shown = {entry.id: entry for entry in self._sandbox.log(reveal=reveal, **wanted)}
        lines = [self._shown(Item(entry.time, "", entry), shown) for entry in reversed(raw) if entry.id in shown]
        return lines[:limit], len(lines) > limit

    def timeline(self, service: str, device: str, before: int = 0, reveal: bool = False) -> tuple[list[Shown], bool]:
        """The newest packets of a device, and what happened in the portal; and whether there are older ones."""
        lines, more = self._timeline(service, device, before, reveal)
        return _folded(lines), more

    def _timeline(self, service: str, device: str, before: int = 0, reveal: bool = False) -> tuple[list[Shown], bool]:
        """The same with each packet."""
        source, log = self._sandbox.services[service], self._sandbox.request_log
        wanted: dict[str, Any] = {
            "before": before or NEWEST,
            "limit": PAGE + 1,
            "faults": self._sandbox.fault_events(service, device),
        }
        raw = timeline(device, source, log, reveal=True, **wanted)
        masked = timeline(device, source, log, reveal=reveal, **wanted)
        shown = {item.entry.id: item.entry for item in masked if item.entry}
        lines = [self._shown(item, shown) for item in raw if not item.entry or item.entry.id in shown]
        more = len(shown) > PAGE
        return lines[:-1] if more and lines[-1].entry else lines, more

    def news(self, service: str, device: str, after: int) -> tuple[list[Shown], bool]:
        """What has come after a packet, and whether that is more than a page."""
        if not device:
            return self.page(service, after=after, limit=FRESH)
        lines, _ = self._timeline(service, device)
        fresh = [line for line in lines if line.entry is None or line.entry.id > after]
        return _folded(fresh), len(fresh) == len(lines) > PAGE

    def _shown(self, item: Item, shown: dict[int, Entry]) -> Shown:
        """An item explained from its raw entry, which is shown masked."""
        if item.entry is None:
            return Shown(item.time, item.text)
        return Shown(item.time, item.text, shown[item.entry.id], self._explained(item.entry), item.certain)

    def _explained(self, entry: Entry) -> Explanation:
        """What a packet means. Some take long, as to find out what a hash was made of, so that open pages share it."""
        now = time.monotonic()
        made, explanation = self._known.get(entry.id, (0.0, None))
        if explanation is None or now - made > TRUE_FOR:
            explanation = explain_entry(self._sandbox.services, entry)
            self._known = {number: it for number, it in self._known.items() if now - it[0] <= TRUE_FOR}
            self._known[entry.id] = now, explanation
        return explanation


def _folded(lines: list[Shown]) -> list[Shown]:
    """The newest of each row of packets that say the same, newest first."""
    folded: list[Shown] = []
    for same, row in itertools.groupby(lines, lambda line: line.same):
        found = list(row)
        if same and found[-1].entry:
            folded.append(dataclasses.replace(found[0], count=len(found), first=found[-1].entry.id))
        else:
            folded += found
    return folded
