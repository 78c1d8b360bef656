"""The devices of a service as the console reads them: one of them, a page, or how many there are in each state.

The database finds and counts them, so that what is read does not grow with their number.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ..history import AGAIN, DELETED, LOST, Event
from ..state import Row
from .view import STATES, DeviceView, View, filled

PAGE = 50  # devices on a page
SHOWN = 50  # newest deleted devices that are shown


@dataclasses.dataclass(frozen=True)
class DevicePage:
    """Some devices, by their ids. ``number`` is this page's, from 1, of ``pages``; ``found`` devices have the text that
    was looked for, of ``total``. The last page has the devices that were deleted besides, which do not count."""

    devices: list[DeviceView]
    number: int
    pages: int
    found: int
    total: int


class Devices:
    """Reads the devices of a service; its view says where they are."""

    def __init__(self, view: View[Any]) -> None:
        self._view = view
        self._state, self._history = view.service.state, view.service.history

    @property
    def _source(self) -> str:
        return self._view.source.replace("{now}", repr(self._view.service.clock.now()))

    @property
    def _from(self) -> str:
        return f"FROM ({self._source})"

    @property
    def _absent(self) -> str:
        return f"NOT EXISTS (SELECT 1 {self._from} WHERE _id = h.device)"

    def find(self, device: str) -> DeviceView | None:
        """The device with an id, also if it was deleted; None if there never was one."""
        row = self._state.one(f"SELECT * {self._from} WHERE _id = ? LIMIT 1", device)
        if row:
            return self._shown(row)
        event = self._history.deletion(device)
        return self._deleted(event) if event else None

    def all(self) -> list[DeviceView]:
        """Every device, the deleted ones last."""
        rows = self._state.all(f"{self._source} ORDER BY _id")
        return [*map(self._shown, rows), *self._gone("")]

    def page(self, number: int = 1, text: str = "", size: int = PAGE) -> DevicePage:
        """A page of the devices that have a text in their names; the last one if there are fewer pages."""
        names = " OR ".join(f"instr({name}, ?1)" for name in self._view.names)
        where, values = (f" WHERE {names}", [text]) if text else ("", [])
        total = self._count("", [])
        found = self._count(where, values) if text else total
        pages = max(1, -(-found // size))
        number = min(max(number, 1), pages)
        start = (number - 1) * size
        # Not a SELECT around another where none is needed: SQLite would sort all of Centagate's.
        chosen = f"SELECT * {self._from}{where}" if text else self._source
        rows = self._state.all_beside(f"{chosen} ORDER BY _id LIMIT {size} OFFSET {start}", *values)
        devices = [*map(self._shown, rows), *(self._gone(text) if number == pages else ())]
        return DevicePage(devices, number, pages, found, total)

    def newest(self, limit: int) -> list[DeviceView]:
        """Those that a person waits for: the ones that may have lost their credentials, and the last that were made.

        The last made is first; none changes its place when its state changes."""
        rows: dict[str, Row] = {}
        for device in self._history.doubted(limit):
            rows |= {row["_id"]: row for row in self._state.all(f"SELECT * {self._from} WHERE _id = ? LIMIT 1", device)}
        for row in self._state.all(f"{self._source} ORDER BY _age DESC LIMIT {limit}"):
            rows.setdefault(row["_id"], row)
        chosen = sorted(list(rows.values())[:limit], key=lambda row: row["_age"], reverse=True)
        return [self._shown(row) for row in chosen]

    def total(self) -> int:
        """How many there are."""
        return self._count("", [])

    def counts(self) -> dict[str, int]:
        """How many devices are in each state, by the portal's words for it."""
        rows = self._state.all_beside(f"SELECT _state, COUNT(*) AS number {self._from} GROUP BY _state")
        numbers = {row["_state"]: row["number"] for row in rows}
        orphaned = self._doubted()
        numbers["registered"] = numbers.get("registered", 0) - orphaned
        numbers |= {"orphaned": orphaned, "deleted": self._gone_count()}
        counts: dict[str, int] = {}
        for state in STATES:
            if numbers.get(state):
                label = self._view.states[state][0]
                counts[label] = counts.get(label, 0) + numbers[state]
        return counts

    def _count(self, where: str, values: list[str]) -> int:
        source = self._from if where or not self._view.counted else f"FROM {self._view.counted}"
        (row,) = self._state.all_beside(f"SELECT COUNT(*) AS number {source}{where}", *values)
        return int(row["number"])

    def _doubted(self) -> int:
        """How many registered devices may have lost their credentials."""
        inside = f"EXISTS (SELECT 1 {self._from} WHERE _id = h.device AND _state = 'registered')"
        return int(self._history.count((LOST, AGAIN), inside))

    def _gone_count(self) -> int:
        return int(self._history.count((DELETED,), self._absent))

    def _gone(self, text: str) -> list[DeviceView]:
        """The devices that were deleted and are not there again, newest first."""
        events = self._history.deleted(self._absent, SHOWN)
        return [self._deleted(event) for event in events if text in event.device]

    def _shown(self, row: Row) -> DeviceView:
        """A device, with when it came into its state."""
        view = self._view.shown(row)
        if view.since is not None:
            return view
        read = self._history.registered if view.state == "registered" else self._history.changed
        return dataclasses.replace(view, since=read(view.id))

    def _deleted(self, event: Event) -> DeviceView:
        actions = [filled(action, event.device) for action in self._view.again]
        return dataclasses.replace(self._view.device(event.device, "deleted", actions=actions), since=event.time)
