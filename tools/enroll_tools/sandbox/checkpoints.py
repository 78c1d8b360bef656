"""Copies what SQLite has in its write-ahead log to the database, in a thread: it waits for the disk; no request should.

The log of a busy sandbox never ends in between, so it grows until the commit that goes beyond ``LONGEST`` copies the
rest, and SQLite begins it again.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path

LONGEST = 16_000  # pages
PAUSE = 1.0  # seconds between two looks


class Checkpoints:
    """A thread that copies until `stop`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.closing(sqlite3.connect(self._path, isolation_level=None)) as database:
            while not self._end.wait(PAUSE):
                with contextlib.suppress(sqlite3.Error):  # it is busy, or the disk is full: a commit will tell
                    database.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def stop(self) -> None:
        """End the thread."""
        self._end.set()
        self._thread.join()
