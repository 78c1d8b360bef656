"""The request log: every request and NTP query, in SQLite and as a line on the console, without secrets."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from .clock import Clock, format_time
from .redact import redact
from .state import Row, State

ACCESS = logging.getLogger("sandbox.access")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time REAL NOT NULL, listener TEXT NOT NULL, service TEXT NOT NULL,
    method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL, headers TEXT NOT NULL, body TEXT NOT NULL,
    answer TEXT NOT NULL, note TEXT NOT NULL);
"""

# The other headers tell nothing of use to a test or a person.
_KEPT = (
    "Host",
    "User-Agent",
    "Accept",
    "Accept-Encoding",
    "Authorization",
    "Connection",
    "Content-Type",
    "Content-Length",
    "Transfer-Encoding",
)


@dataclasses.dataclass(frozen=True)
class Entry:
    """One request as the sandbox saw it.

    ``status`` is 0 if no answer was made (see ``note``); ``path`` includes the query; ``time`` is the sandbox's own.
    """

    id: int
    time: str
    listener: str
    service: str
    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: str
    answer: str
    note: str

    def as_dict(self) -> dict[str, Any]:
        """The entry as a JSON object."""
        return dataclasses.asdict(self)


class RequestLog:
    """Writes and reads the log. Secrets are replaced before anything is written, unless ``reveal`` is set."""

    def __init__(self, state: State, clock: Clock, reveal: bool = False) -> None:
        self._state = state
        self._clock = clock
        self._reveal = reveal
        state.create(_SCHEMA)

    def write(
        self,
        listener: str,
        service: str,
        method: str,
        path: str,
        status: int,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        answer: bytes = b"",
        secrets: Iterable[str] = (),
        note: str = "",
    ) -> None:
        """Add one request."""
        kept = {name: headers[name] for name in _KEPT if name in headers} if headers else {}
        if self._reveal:
            body_text = body.decode("utf-8", "backslashreplace")
            answer_text = answer.decode("utf-8", "backslashreplace")
        else:
            path, kept, body_text, answer_text = redact(path, kept, body, answer, secrets)
        self._state.insert(
            "log",
            time=self._clock.now(),
            listener=listener,
            service=service,
            method=method,
            path=path,
            status=status,
            headers=json.dumps(kept),
            body=body_text,
            answer=answer_text,
            note=note,
        )
        # repr: a client's bytes must not write lines of their own on the console.
        ACCESS.info("%s %s %s %s%s", listener, method, repr(path)[1:-1], status or "-", f" ({note})" if note else "")

    def read(self, service: str | None = None, listener: str | None = None, after: int = 0) -> list[Entry]:
        """The entries after an id, oldest first, of one service or listener or of all."""
        rows = self._state.all(
            "SELECT * FROM log WHERE id > ? AND service = ifnull(?, service) AND listener = ifnull(?, listener)"
            " ORDER BY id",
            after,
            service,
            listener,
        )
        return [_entry(row) for row in rows]

    def clear(self) -> None:
        """Forget every entry; ids go on counting."""
        self._state.run("DELETE FROM log")


def _entry(row: Row) -> Entry:
    return Entry(**{**row, "time": format_time(row["time"]), "headers": json.loads(row["headers"])})
