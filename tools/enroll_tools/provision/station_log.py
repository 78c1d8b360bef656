"""The log of a station: one line of JSON per event, written to disk before the work continues."""

from __future__ import annotations

import datetime
import json
import os
import stat
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import MISUSE, STORAGE, Failure
from .untrusted import clean, cleaned

BEGUN, ASKED, ENDED, AFTER = "begun", "asked", "ended", "after"
# a board was given a row; it begins to register; how that went; how the hook went


def key(entry: Mapping[str, Any]) -> str:
    """The device of an event: its identity and where it is registered."""
    return " ".join(clean(entry.get(name, "")) for name in ("provider", "url", "device"))


class Log:
    """The log in the file at `path`; lines are only appended. Raises Failure.

    `half`: whether its last line was half a line, since the computer stopped while writing it; `open`: events that
    began and have not ended; `hooked`: the devices after which the hook has done its work; both by `key`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.half = False
        self.open: dict[str, dict[str, Any]] = {}
        self.hooked: set[str] = set()
        self._lock = threading.Lock()
        try:
            self._file = open(path, "a+b")  # noqa: SIM115  it is closed with the station
            if not stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):  # a device may be read without end
                self._file.close()
                raise Failure(MISUSE, f"{self.path} is not a file: name another --log")
            self._file.seek(0)
            self._read(self._file.read())
            self._sync_folder()
        except OSError as error:
            raise self._unwritable(error) from None

    def close(self) -> None:
        """Close the file and release its lock."""
        self._file.close()

    def add(self, event: str, **values: Any) -> None:
        """Write an event, and wait until the disk has it. Raises Failure."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        entry = cleaned({"time": now, "event": event, **values})
        with self._lock:
            try:
                self._file.write(json.dumps(entry).encode() + b"\n")
                self._file.flush()
                os.fsync(self._file.fileno())
            except OSError as error:
                raise self._unwritable(error) from None
            self._take(entry)

    def _read(self, data: bytes) -> None:
        for line in data.splitlines():
            try:
                entry = json.loads(line)
                datetime.datetime.fromisoformat(entry["time"])
                self._take(entry)
            except (ValueError, TypeError, AttributeError, KeyError):
                continue  # half a line of an earlier time
        if data and not data.endswith(b"\n"):
            self.half = True
            self._file.write(b"\n")  # it stays, and nothing is appended to it

    def _take(self, entry: dict[str, Any]) -> None:
        if entry["event"] in (BEGUN, ASKED):
            self.open[key(entry)] = entry
        elif entry["event"] == ENDED:
            self.open.pop(key(entry), None)
        elif entry["event"] == AFTER and not entry["trouble"]:
            self.hooked.add(key(entry))

    def _sync_folder(self) -> None:
        folder = os.open(self.path.resolve().parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _unwritable(self, error: OSError) -> Failure:
        return Failure(STORAGE, f"{self.path} cannot be written, {error.strerror}: make room, or name another --log")
