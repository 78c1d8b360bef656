"""What happened to each device: what a person did in the portal, when it registered, and whether its answer arrived."""

from __future__ import annotations

import dataclasses

from .clock import Clock
from .state import Row, State

REGISTERED = "registered"  # the answer holds the credential
AUTHORISED = "authorised"  # the device has used its credential, so it has it
AGAIN = "again"  # a registered device asks to register, which is refused
LOST = "lost"  # a fault kept the answer with the credential from the device
DELETED = "deleted"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS history (
    id INTEGER PRIMARY KEY, time REAL NOT NULL, service TEXT NOT NULL, device TEXT NOT NULL, event TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS history_device ON history (service, device);
CREATE INDEX IF NOT EXISTS history_rare ON history (service) WHERE event IN ('deleted', 'lost', 'again');
"""
# Spelled out, so that SQLite uses the index; nothing happened to the device after the event.
_NEWEST = """
SELECT id, time, device, event FROM history AS h WHERE service = ? AND event IN ('deleted', 'lost', 'again')
AND NOT EXISTS (SELECT 1 FROM history WHERE service = h.service AND device = h.device AND id > h.id)
"""
_DOUBTS = (LOST, AGAIN)
BY_ITSELF = (*_DOUBTS, AUTHORISED, REGISTERED)  # what happens without a person


@dataclasses.dataclass(frozen=True)
class Event:
    """Something that happened to a device, at the sandbox's time in Unix seconds."""

    id: int
    time: float
    device: str
    event: str


class History:
    """The events of a service's devices. Which devices may be orphaned is kept in memory as well, so that a request of
    any other device costs nothing."""

    def __init__(self, state: State, clock: Clock, service: str) -> None:
        self._service = service
        self._state = state
        self._clock = clock
        state.create(_SCHEMA)
        self._read: dict[str, Event] = {}
        self.read()

    def read(self) -> None:
        """Learn which devices may be orphaned, at the start and when other events were read in, or some undone."""
        undone = self._state.undone
        rows = self._state.all(_NEWEST + "AND event != 'deleted'", self._service)
        self._read = {row["device"]: Event(**row) for row in rows}
        self._undone = undone

    @property
    def _doubts(self) -> dict[str, Event]:
        """The latest doubt about each device that may be orphaned."""
        if self._undone != self._state.undone:
            self.read()
        return self._read

    def add(self, device: str, event: str) -> None:
        """Note an event. Any but a doubt ends the doubt about the device, which is forgotten: however often a device
        asks again, it has one."""
        doubt = self._doubts.get(device)
        if doubt:
            self._state.run("DELETE FROM history WHERE id = ?", doubt.id)
            self._doubts.pop(device, None)
        if doubt and event in (REGISTERED, AUTHORISED):
            return
        now = self._clock.now()
        number = self._state.insert("history", time=now, service=self._service, device=device, event=event)
        if event in _DOUBTS:
            self._doubts[device] = Event(number, now, device, event)

    def settle(self, device: str, reason: str) -> None:
        """Take the outcome of a device's request: only what tells something new is written."""
        if not device:
            return
        if reason == AGAIN and device not in self._doubts:
            self.add(device, AGAIN)
        elif reason in (REGISTERED, AUTHORISED) and device in self._doubts:
            self.add(device, reason)

    def rows(self) -> list[Row]:
        """All events, the oldest first, to keep elsewhere."""
        return self._state.all("SELECT time, device, event FROM history WHERE service = ? ORDER BY id", self._service)

    def replace(self, rows: list[Row]) -> None:
        """Have these events in place of the present ones; call `read` afterwards."""
        self._state.run("DELETE FROM history WHERE service = ?", self._service)
        for row in rows:
            self._state.insert("history", service=self._service, **row)

    def doubt(self, device: str) -> Event | None:
        """Why a registered device may be orphaned: the event LOST or AGAIN, or None."""
        return self._doubts.get(device)

    def doubted(self, limit: int) -> list[str]:
        """The devices that are in doubt, the newest first."""
        events = sorted([*self._doubts.values()], key=lambda event: event.id, reverse=True)
        return [event.device for event in events[:limit]]

    def registered(self, device: str) -> float | None:
        """When a device registered. That is in the log alone, since another row would make each registration half as
        slow again; the log forgets."""
        newest = "SELECT time FROM packets WHERE service = ? AND device = ? AND reason = ? ORDER BY id DESC LIMIT 1"
        row = self._state.one(newest, self._service, device, REGISTERED)
        return row["time"] if row else None

    def changed(self, device: str) -> float | None:
        """When a device was last changed in the portal."""
        return self._by_hand(device, "DESC")

    def created(self, device: str) -> float | None:
        """When a person first made a device, None for one that makes itself."""
        return self._by_hand(device, "ASC")

    def _by_hand(self, device: str, order: str) -> float | None:
        """The time of the first or last event that a person has caused."""
        where = "service = ? AND device = ? AND event NOT IN (?, ?, ?, ?)"
        statement = f"SELECT time FROM history WHERE {where} ORDER BY id {order} LIMIT 1"
        row = self._state.one(statement, self._service, device, *BY_ITSELF)
        return row["time"] if row else None

    def deleted(self, condition: str, limit: int) -> list[Event]:
        """The devices that were deleted and not made again, newest first; ``condition`` is SQL about ``h.device``."""
        where = f"{_NEWEST} AND event = 'deleted' AND {condition} ORDER BY id DESC LIMIT ?"
        return [Event(**row) for row in self._state.all(where, self._service, limit)]

    def deletion(self, device: str) -> Event | None:
        """How a device was deleted, None if that is not the last that happened to it."""
        last = "SELECT id, time, device, event FROM history WHERE service = ? AND device = ? ORDER BY id DESC LIMIT 1"
        row = self._state.one(last, self._service, device)
        return Event(**row) if row and row["event"] == DELETED else None

    def count(self, events: tuple[str, ...], condition: str) -> int:
        """For how many devices one of these events (of DELETED, LOST, AGAIN) was the last, under a ``condition``."""
        marks = ", ".join("?" * len(events))
        where = f"SELECT COUNT(*) AS number FROM ({_NEWEST} AND event IN ({marks}) AND {condition})"
        row = self._state.one(where, self._service, *events)
        return int(row["number"]) if row else 0

    def missing(self, device: str) -> str:
        """Why there is no such device: the word "deleted" or "unknown"."""
        return DELETED if self.deletion(device) else "unknown"

    def events(self, device: str, limit: int = 500) -> list[Event]:
        """What happened to a device, the newest first."""
        where = "SELECT id, time, device, event FROM history WHERE service = ? AND device = ? ORDER BY id DESC LIMIT ?"
        return [Event(**row) for row in self._state.all(where, self._service, device, limit)]
