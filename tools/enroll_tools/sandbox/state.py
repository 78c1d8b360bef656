"""What the sandbox remembers: one SQLite file in the state folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .errors import SandboxError
from .files import open_own, own_folder

Row = dict[str, Any]

LOCK = "lock"  # in the state folder; the sandbox that runs on it holds it


def is_running(folder: Path) -> bool:
    """Tell whether a sandbox runs on a state folder, also where one that was killed has left its address."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _take(guard: int) -> None:
    """Take the lock of a state folder; `is_running` may hold it for a moment. Raises BlockingIOError."""
    for _ in range(10):
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(0.01)
    fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)


# What begins, ends and undoes a transaction, and one within another: the innermost of this name is meant.
_OUTER = ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
_INNER = ("SAVEPOINT within", "RELEASE within", ("ROLLBACK TO within", "RELEASE within"))


def _storable(value: object) -> object:
    """SQLite takes no lone surrogates, which a client's JSON or header may hold: they are spelled as escapes."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _rows(cursor: sqlite3.Cursor) -> list[Row]:
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


class State:
    """The open state folder: its SQLite database, for one process at a time, usable from every thread."""

    def __init__(self, folder: Path) -> None:
        """Open or make the folder. Raises SandboxError if it cannot be used or another sandbox uses it."""
        self.folder = folder
        self._lock = threading.RLock()
        self._depth = 0
        self._grouping = False  # a transaction of `grouped` is open
        self._failure: sqlite3.Error | None = None
        self._inserts: dict[tuple[str, ...], str] = {}
        self._reading = threading.Lock()
        self._reader: sqlite3.Connection | None = None
        self._path = folder / "sandbox.sqlite3"
        try:
            self._guard = open_own(own_folder(folder) / LOCK)
        except OSError as error:
            raise SandboxError(f"cannot use the state folder {folder}: {error.strerror}") from None
        try:
            _take(self._guard)
            self._database = self._open(self._path)
        except BlockingIOError:
            os.close(self._guard)
            raise SandboxError(
                f"another sandbox uses the state folder {folder}: end it, or name another by --state"
            ) from None
        except (OSError, sqlite3.Error) as error:
            os.close(self._guard)
            raise SandboxError(f"cannot open the database in {folder}: {error}") from None

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        # Made here and not by SQLite, so that it is never readable by others; SQLite copies the mode to its journal.
        os.close(open_own(path))
        database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            # A power cut of this computer may lose the last requests; a killed process loses nothing.
            database.execute("PRAGMA synchronous = OFF")
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("SELECT 1 FROM sqlite_master")  # opens the other files, too
        except sqlite3.Error:
            database.close()
            raise
        return database

    def create(self, schema: str) -> None:
        """Make the tables of a schema (``CREATE TABLE IF NOT EXISTS ...``)."""
        with self._lock:
            self._end_group()
            self._database.executescript(f"BEGIN;{schema}COMMIT;")

    def add_column(self, table: str, declaration: str) -> None:
        """Add a column (``name TYPE ...``) if the table lacks it, as in an older state folder."""
        with self.transaction():
            names = [row["name"] for row in self.all(f"PRAGMA table_info({table})")]
            if declaration.split()[0] not in names:
                self.run(f"ALTER TABLE {table} ADD COLUMN {declaration}")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: commit at the end, roll back on an exception. What one within another does is kept if both
        end well."""
        with self._lock:
            self._end_group()
            begin, commit, undo = _INNER if self._depth else _OUTER
            self._database.execute(begin)
            self._depth += 1
            try:
                yield
                self._database.execute(commit)
            except BaseException:
                # On some errors, such as a full disk, SQLite has rolled back by itself.
                for statement in undo if self._database.in_transaction else ():
                    self._database.execute(statement)
                raise
            finally:
                self._depth -= 1

    @contextlib.contextmanager
    def grouped(self) -> Iterator[None]:
        """All or nothing, committed together with others by `commit_group`."""
        with self._lock:
            if not self._grouping:
                self._database.execute(_OUTER[0])
                self._grouping = True
            self._depth += 1
            try:
                with self.transaction():
                    yield
            finally:
                self._depth -= 1

    def commit_group(self) -> None:
        """Commit what was done in `grouped` since the last time. Raises what has gone wrong with it."""
        with self._lock:
            self._end_group()
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _end_group(self) -> None:
        """Commit the group before anything that is not of it; only those who wait for it hear of a failure."""
        if not self._grouping or self._depth:
            return
        self._grouping = False
        try:
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            self._failure = error
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")

    def _execute(self, statement: str, values: Sequence[object]) -> sqlite3.Cursor:
        self._end_group()
        try:
            return self._database.execute(statement, values)
        except UnicodeEncodeError:
            return self._database.execute(statement, [_storable(value) for value in values])

    def all(self, statement: str, *values: object) -> list[Row]:
        """Every row of a query."""
        with self._lock:
            return _rows(self._execute(statement, values))

    def all_beside(self, statement: str, *values: object) -> list[Row]:
        """Every row of a query that looks at many: on a connection of its own, so that no request waits for it."""
        with self._lock:
            self._end_group()  # what was done so far is to be seen
        with self._reading:
            if self._reader is None:
                self._reader = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
                self._reader.execute("PRAGMA query_only = ON")
            return _rows(self._reader.execute(statement, [_storable(value) for value in values]))

    def one(self, statement: str, *values: object) -> Row | None:
        """The first row of a query, or None."""
        rows = self.all(statement, *values)
        return rows[0] if rows else None

    def run(self, statement: str, *values: object) -> int:
        """Execute a statement and return how many rows it changed."""
        with self._lock:
            return self._execute(statement, values).rowcount

    def insert(self, table: str, **columns: object) -> int:
        """Insert one row and return its row id. Names are the program's own, never a client's."""
        statement = self._inserts.get((table, *columns))
        if statement is None:
            marks = ", ".join("?" * len(columns))
            statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
            self._inserts[table, *columns] = statement
        with self._lock:
            return self._execute(statement, [*columns.values()]).lastrowid or 0

    @property
    def changes(self) -> int:
        """How many rows were changed since the start: a number that grows with each change."""
        with self._lock:
            return self._database.total_changes

    def close(self) -> None:
        """Close the database and let another sandbox have the folder."""
        with self._reading, self._lock:
            self._end_group()
            self._database.close()
            if self._reader is not None:
                self._reader.close()
            os.close(self._guard)
