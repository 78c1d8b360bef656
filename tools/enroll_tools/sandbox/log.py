"""The log: every request, NTP query and failed handshake, in SQLite and as a line on the terminal.

Rows are kept as they came, in a database that only its owner can read: a person may ask for a secret later. Whatever
reads them gets them without secrets, unless it asks for these.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import re
import time
from collections.abc import Callable, Collection
from typing import Any

from .clock import Clock, format_time
from .group import Group
from .redact import HIDDEN, redact, redact_path
from .state import Row, State

ACCESS = logging.getLogger("sandbox.access")

PAGE = 500  # entries that one reading returns at most, over the admin API
ROWS = 10_000  # newest entries that are kept
TLS = "TLS"  # the method of a handshake that failed
BODY = 8192  # bytes that are kept of a body
HEAD = 4096  # characters that are kept of a path, and of all headers together; no device of ours needs a fourth of it
NAME = 512  # characters that are kept of a device's id
LINE = 300  # characters of a line on the terminal
LINES = 50  # on the terminal, in a second: nobody reads more

_SCHEMA = """
DROP TABLE IF EXISTS log; -- of an earlier version
CREATE TABLE IF NOT EXISTS packets (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time REAL NOT NULL, listener TEXT NOT NULL, service TEXT NOT NULL,
    device TEXT NOT NULL, remote TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL,
    headers TEXT NOT NULL, body BLOB NOT NULL, answer BLOB NOT NULL, secrets TEXT NOT NULL, note TEXT NOT NULL);
DROP INDEX IF EXISTS packets_listener; -- of an earlier version
CREATE INDEX IF NOT EXISTS packets_counts ON packets (listener, method); -- `counts` reads it alone
CREATE INDEX IF NOT EXISTS packets_device ON packets (service, device);
"""
_COLUMNS = (
    *("id", "time", "listener", "service", "device", "remote", "method", "path", "status", "headers", "body"),
    *("answer", "secrets", "note", "reason", "expected"),
)
_INSERT = f"INSERT INTO packets ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_TRIM = 100  # entries between two removals of the oldest

# The other headers tell nothing of use to a test or a person. As they are spelled, by their names in lower case.
_KEPT = {
    name.lower(): name
    for name in (
        "Host",
        "User-Agent",
        "Accept",
        "Accept-Encoding",
        "Authorization",
        "Connection",
        "Content-Type",
        "Content-Length",
        "Transfer-Encoding",
        "X-Api-Key",
        "X-Auth-Token",
        "X-Fleet-Token",
        "X-Nonce",
        "X-Signature",
        "X-Timestamp",
    )
}
# What moves a cursor, turns the direction of writing or ends a line.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One request as the sandbox saw it.

    ``method`` is "NTP" for a time query and "TLS" for a handshake that failed. ``status`` is 0 if no answer was made
    (see ``note``). ``path`` includes the query. ``time`` is the sandbox's own. ``remote`` is the client's address.
    ``device`` is the device's id at its service, "" if the request does not say. Bodies are cut after 8 KB. ``reason``
    and ``expected`` are why the service answered so, and what it would have accepted, as `Service.explain` reads them.
    """

    id: int
    time: str
    listener: str
    service: str
    device: str
    remote: str
    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: str
    answer: str
    note: str
    reason: str = ""
    expected: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The entry as a JSON object."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(slots=True, kw_only=True)
class Packet:
    """What is written of a request; see Entry. ``secrets`` are values in it that do not show by their names."""

    listener: str
    method: str
    path: str
    status: int
    service: str = ""
    device: str = ""
    remote: str = ""
    head: bytes = b""  # the header lines as they came
    body: bytes = b""
    answer: bytes = b""
    secrets: Collection[str] = ()
    note: str = ""
    reason: str = ""
    expected: str = ""


class RequestLog:
    """Writes and reads the log, and keeps its newest ``rows`` entries. With ``reveal``, nothing is hidden."""

    def __init__(self, state: State, clock: Clock, reveal: bool = False, rows: int = ROWS) -> None:
        self._state = state
        self._clock = clock
        self._reveal = reveal
        self._rows = rows
        self._second = self._printed = 0
        self._listeners: list[Callable[[int], object]] = []
        self._untold: list[int] = []  # entries that the listeners have not heard of
        state.create(_SCHEMA)
        for name in ("reason", "expected"):  # which came later
            state.add_column("packets", f"{name} TEXT NOT NULL DEFAULT ''")
        newest = state.one("SELECT seq FROM sqlite_sequence WHERE name = 'packets'")
        self._number = newest["seq"] if newest else 0
        self.group = Group(state, self._tell)  # an entry, and what a service does beside it, are kept both or neither

    def subscribe(self, callback: Callable[[int], object]) -> Callable[[], None]:
        """Call ``callback`` with the id of each entry from now on, in the thread of the event loop.

        Returns a function that ends this.
        """
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def write(self, packet: Packet) -> None:
        """Add an entry. It is there for those who read; it is on the disk when the group is committed."""
        note = _bound(packet)
        with self.group:
            self._number += 1
            self._untold.append(self._number)
            self._state.later(_INSERT, self._row(packet, note))
            if self._number % _TRIM == 0:
                self._state.later("DELETE FROM packets WHERE id <= ?", (self._number - self._rows,))
        if ACCESS.isEnabledFor(logging.INFO):
            self._print(packet, note)

    def _row(self, packet: Packet, note: str) -> tuple[object, ...]:
        return (
            self._number,
            self._clock.now(),
            packet.listener,
            packet.service,
            packet.device[:NAME],
            packet.remote,
            packet.method,
            packet.path,
            packet.status,
            packet.head,
            packet.body[:BODY],
            packet.answer[:BODY],
            json.dumps([*packet.secrets]) if packet.secrets else "[]",
            note,
            packet.reason,
            packet.expected,
        )

    def _tell(self) -> None:
        untold, self._untold = self._untold, []
        for callback in self._listeners:
            for number in untold:
                callback(number)

    def _print(self, packet: Packet, note: str) -> None:
        second = int(time.monotonic())
        if second != self._second:
            self._print_untold()
            self._second, self._printed = second, 0
        self._printed += 1
        if self._printed > LINES:
            return
        path = packet.path
        if not self._reveal:
            path = redact_path(path, _headers(packet.head), packet.body, packet.secrets)
        words = f"{packet.listener} {packet.method} {path} {packet.status or '-'}{f' ({note})' if note else ''}"
        # A client's bytes must neither write lines of their own nor reach the terminal.
        shown = printable(words)
        shown = shown if len(shown) <= LINE else f"{shown[: LINE - 40]} ... ({len(shown)} characters)"
        ACCESS.info("%s", shown, extra={"service": packet.service, "status": packet.status})

    def _print_untold(self) -> None:
        if self._printed > LINES:
            ACCESS.info("%d more requests in this second: see the log", self._printed - LINES)

    def read(
        self,
        service: str | None = None,
        listener: str | None = None,
        after: int = 0,
        *,
        before: int | None = None,
        device: str | None = None,
        remote: str | None = None,
        limit: int | None = None,
        reveal: bool = False,
    ) -> list[Entry]:
        """The entries after one id and before another, oldest first, of a service, listener, device or address.

        With ``limit``, the first so many of them; with ``limit`` and ``before``, the last so many.
        """
        wanted = {"service": service, "device": device, "listener": listener, "remote": remote}
        chosen = {name: value for name, value in wanted.items() if value is not None}
        conditions = ["id > ?", *(["id < ?"] if before is not None else []), *(f"{name} = ?" for name in chosen)]
        values = [after, *([before] if before is not None else []), *chosen.values()]
        backwards = before is not None and limit is not None
        rows = self._state.all(
            f"SELECT * FROM packets WHERE {' AND '.join(conditions)} ORDER BY id {'DESC' if backwards else ''} LIMIT ?",
            *values,
            -1 if limit is None else limit,
        )
        return [_entry(row, reveal or self._reveal) for row in (reversed(rows) if backwards else rows)]

    def first(self, moment: float) -> int:
        """The id of the first entry at a moment or after it, Unix seconds of the sandbox's clock; a large one if there
        is none."""
        row = self._state.one("SELECT id FROM packets WHERE time >= ? ORDER BY id LIMIT 1", moment)
        return int(row["id"]) if row else self._number + 1

    def counts(self) -> dict[str, int]:
        """How many requests each listener has in the log; a failed handshake was none."""
        where = "WHERE method != ? GROUP BY listener"
        rows = self._state.all(f"SELECT listener, COUNT(*) AS number FROM packets {where}", TLS)
        return {row["listener"]: row["number"] for row in rows}

    def clear(self) -> None:
        """Forget every entry; ids go on counting."""
        self._state.run("DELETE FROM packets")


def _bound(packet: Packet) -> str:
    """Cut what is too long in a packet; returns its note.

    A head that is too long goes as a whole, with the bodies: a secret that was cut in it could not be hidden in them.
    """
    notes = [packet.note] if packet.note else []
    if len(packet.head) > HEAD or len(packet.path) > HEAD:
        packet.head = b"\r\n".join(_kept_lines(packet.head))
        length = max(len(packet.path), len(packet.head))
        if length > HEAD:
            packet.head, packet.path, packet.body, packet.answer = b"", packet.path.partition("?")[0][:HEAD], b"", b""
            notes.append(f"query, headers and bodies not kept: the head has {length} characters")
    if len(packet.body) > BODY or len(packet.answer) > BODY:
        cut = [name for name in ("body", "answer") if len(getattr(packet, name)) > BODY]
        notes.append(f"{' and '.join(cut)} cut to {BODY} bytes")
    return "; ".join(notes)


def printable(text: str) -> str:
    """Text with an escape for each character that a terminal would act on."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _kept_lines(head: bytes) -> list[bytes]:
    """The header lines that tell something of use."""
    lines = (line.partition(b":") for line in head.split(b"\r\n"))
    return [b"".join(line) for line in lines if line[0].decode("latin-1").lower() in _KEPT]


def _headers(head: bytes | str) -> dict[str, str]:
    """The headers that are shown. An earlier version kept them as JSON."""
    if isinstance(head, str):
        return dict(json.loads(head))
    lines = (line.decode("utf-8", "surrogateescape").partition(": ") for line in _kept_lines(head))
    return {_KEPT[name.lower()]: value for name, _, value in lines}


def _entry(row: Row, reveal: bool) -> Entry:
    secrets = json.loads(row.pop("secrets"))
    headers = _headers(row["headers"])
    if reveal:
        body, answer = (row[name].decode("utf-8", "backslashreplace") for name in ("body", "answer"))
        shown = {"headers": headers, "body": body, "answer": answer}
    else:
        row["expected"] = HIDDEN if row["expected"] else ""
        texts = redact(row["path"], headers, row["body"], row["answer"], secrets)
        shown = dict(zip(("path", "headers", "body", "answer"), texts, strict=True))
    return Entry(**{**row, **shown, "time": format_time(row["time"])})
