"""What the sandbox remembers: one SQLite file in the state folder."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from .checkpoints import Checkpoints
from .database import FILE, STATEMENTS, names_of, open_database, rows_of, storable, unusable
from .database import Row as Row
from .errors import SandboxError
from .files import open_own, own_folder
from .lock import LOCK, take

# What begins, ends and undoes a transaction, and one within another: the innermost of this name is meant.
_OUTER = ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
_INNER = ("SAVEPOINT within", "RELEASE within", ("ROLLBACK TO within", "RELEASE within"))


class Transaction:
    """A context manager for `State.transaction`. (A generator would cost each request microseconds.)"""

    def __init__(self, state: State) -> None:
        self._state = state

    def __enter__(self) -> None:
        """Begin."""
        self._state.begin()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Keep what was done, or undo it."""
        self._state.end(undo=error is not None)


class State:
    """The open state folder: its SQLite database, for one process at a time, usable from every thread."""

    def __init__(self, folder: Path, lasting: bool = True) -> None:
        """Open or make the folder, which need not survive a power cut unless it is ``lasting``. Raises SandboxError if
        it cannot be used or another sandbox uses it."""
        self.folder = folder
        self._lock = threading.RLock()
        self._transaction = Transaction(self)
        self._written: list[bool] = []  # for each transaction that was begun, the outermost first
        self._working = 0  # how often `enter_group` was called more than `leave_group`
        self._grouped = False  # the group has written, and is not committed
        self._later: dict[str, list[Sequence[object]]] = {}
        self._held: tuple[str, list[object]] | None = None
        self._failure: BaseException | None = None
        self.undone = 0  # how often something was: what else remembers it is to be read again
        # Once for each statement of the program.
        self._inserts: dict[tuple[str, ...], str] = {}
        self._columns: dict[str, list[str]] = {}
        self._reading = threading.Lock()
        self._reader: sqlite3.Connection | None = None
        self._path = folder / FILE
        try:
            self._guard = open_own(own_folder(folder) / LOCK)
        except OSError as error:
            raise SandboxError(
                f"cannot use the state folder {folder}: {error.strerror}: name another by --state"
            ) from None
        try:
            take(self._guard)
            self._database = open_database(self._path, lasting)
        except BlockingIOError:
            os.close(self._guard)
            raise SandboxError(
                f"another sandbox uses the state folder {folder}: end it, or name another by --state"
            ) from None
        except (OSError, sqlite3.Error) as error:
            os.close(self._guard)
            raise SandboxError(
                f"cannot open the database in {folder}, {error}: name another folder by --state"
            ) from None
        self._checkpoints = Checkpoints(self._path) if lasting else None

    def create(self, schema: str) -> None:
        """Make the tables of a schema (``CREATE TABLE IF NOT EXISTS ...``)."""
        with self._lock:
            self._end_group()
            try:
                self._database.executescript(f"BEGIN;{schema}COMMIT;")
            except sqlite3.DatabaseError as error:
                raise unusable(self.folder, error) from None

    def add_column(self, table: str, declaration: str) -> None:
        """Add a column (``name TYPE ...``) if the table lacks it, as in an older state folder."""
        with self.transaction():
            names = [row["name"] for row in self.all(f"PRAGMA table_info({table})")]
            if declaration.split()[0] not in names:
                self.run(f"ALTER TABLE {table} ADD COLUMN {declaration}")
                self._columns.clear()

    def transaction(self) -> Transaction:
        """All or nothing: commit at the end, undo on an exception. What one within another does is kept if both end
        well. Only with its first write does SQLite hear of it: most requests read, or refuse first."""
        return self._transaction

    def begin(self) -> None:
        """Begin a transaction; see `transaction`."""
        self._lock.acquire()
        self._end_group()
        self._let_go()
        self._written.append(False)

    def end(self, undo: bool) -> None:
        """End the transaction that was begun last."""
        try:
            held, self._held = self._held, None
            if self._written.pop():
                _, keep, undoing = _INNER if self._working or self._written else _OUTER
                self._finish(keep, undoing, undo)
            elif held and not undo:
                self._begin_group()
                self._execute(*held)
        finally:
            self._lock.release()

    def _finish(self, keep: str, undoing: tuple[str, ...], undo: bool) -> None:
        try:
            if not undo:
                self._do(keep)
        except Exception:
            undo = True
            raise
        finally:
            self.undone += undo
            # On some errors, such as a full disk, SQLite has rolled back by itself.
            for statement in undoing if undo and self._database.in_transaction else ():
                self._do(statement)

    # The group: what several requests do, committed together. See group.py, which decides when.

    def enter_group(self) -> None:
        """From now on, this thread works for the group; until `leave_group`, other threads wait."""
        self._lock.acquire()
        self._working += 1

    def leave_group(self, error: BaseException | None = None) -> None:
        """End what `enter_group` began. An error in the middle undoes the whole group."""
        self._working -= 1
        try:
            if error is not None and not self._working:
                self._give_up(error)
        finally:
            self._lock.release()

    def later(self, statement: str, row: Sequence[object]) -> None:
        """Execute a statement when the group is committed, once for all the rows that it got."""
        self._later.setdefault(statement, []).append(row)

    def commit_group(self) -> None:
        """Commit what was done for the group since the last time. Raises what has gone wrong with it."""
        with self._lock:
            self._end_group()
            failure, self._failure = self._failure, None
        if isinstance(failure, sqlite3.DatabaseError):
            raise unusable(self.folder, failure)
        if failure is not None:
            raise failure

    def _end_group(self) -> None:
        """Commit the group before anything that is not of it; `commit_group` tells of a failure."""
        if self._working or self._written or not (self._grouped or self._later):
            return
        try:
            self._begin_group()
            for statement, rows in self._later.items():
                self._execute_many(statement, rows)
            self._database.execute("COMMIT")
        except Exception as error:
            self._give_up(error)
        self._grouped = False
        self._later = {}

    def _begin_group(self) -> None:
        if not self._grouped:
            self._do(_OUTER[0])
            self._grouped = True

    def _give_up(self, error: BaseException) -> None:
        self.undone += 1
        if self._grouped or self._later:
            self._failure = error
        self._grouped = False
        self._later = {}
        if self._database.in_transaction:
            self._do("ROLLBACK")

    def _execute_many(self, statement: str, rows: list[Sequence[object]]) -> None:
        self._database.execute(_INNER[0])
        try:
            self._database.executemany(statement, rows)
        except UnicodeEncodeError:
            self._database.execute(_INNER[2][0])
            self._database.executemany(statement, [[storable(value) for value in row] for row in rows])
        self._database.execute(_INNER[1])

    # Statements.

    def _write(self, statement: str, values: Sequence[object]) -> sqlite3.Cursor:
        """Execute a statement that changes something, after the beginning of all transactions that are open."""
        if self._working:
            self._begin_group()
        if False in self._written:
            for level, written in enumerate(self._written):
                if not written:
                    self._do((_INNER if self._working or level else _OUTER)[0])
                    self._written[level] = True
        return self._execute(statement, values)

    def _let_go(self) -> None:
        """Execute what `put` holds back, now in a transaction that can be undone."""
        held, self._held = self._held, None
        if held:
            self._write(*held)

    def _execute(self, statement: str, values: Sequence[object]) -> sqlite3.Cursor:
        self._end_group()
        self._let_go()
        try:
            return self._do(statement, values)
        except UnicodeEncodeError:
            return self._do(statement, [storable(value) for value in values])

    def _do(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """Have SQLite execute a statement as it is. Raises NotKept if it is the disk that refuses."""
        try:
            return self._database.execute(statement, values)
        except sqlite3.DatabaseError as error:
            raise unusable(self.folder, error) from None

    def all(self, statement: str, *values: object) -> list[Row]:
        """Every row of a query."""
        with self._lock:
            cursor = self._execute(statement, values)
            try:
                return rows_of(cursor, self._names(statement, cursor))
            except sqlite3.DatabaseError as error:
                raise unusable(self.folder, error) from None

    def one(self, statement: str, *values: object) -> Row | None:
        """The first row of a query, or None."""
        with self._lock:
            cursor = self._execute(statement, values)
            try:
                row = cursor.fetchone()
            except sqlite3.DatabaseError as error:
                raise unusable(self.folder, error) from None
            names = self._names(statement, cursor)
            cursor.close()  # else the query would go on, and keep the database from a commit
            return None if row is None else dict(zip(names, row, strict=True))

    def _names(self, statement: str, cursor: sqlite3.Cursor) -> list[str]:
        names = self._columns.get(statement)
        if names is None:
            if len(self._columns) == STATEMENTS:
                self._columns.clear()
            names = self._columns[statement] = names_of(cursor)
        return names

    def all_beside(self, statement: str, *values: object) -> list[Row]:
        """Every row of a query that looks at many: on a connection of its own, so that no request waits for it."""
        with self._lock:
            self._end_group()  # what was done so far is to be seen
        with self._reading:
            try:
                if self._reader is None:
                    self._reader = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
                    self._reader.execute("PRAGMA query_only = ON")
                cursor = self._reader.execute(statement, [storable(value) for value in values])
                return rows_of(cursor, names_of(cursor))
            except sqlite3.DatabaseError as error:
                raise unusable(self.folder, error) from None

    def run(self, statement: str, *values: object) -> int:
        """Execute a statement and return how many rows it changed."""
        with self._lock:
            return self._write(statement, values).rowcount

    def insert(self, table: str, **columns: object) -> int:
        """Insert one row and return its row id. Names are the program's own, never a client's."""
        with self._lock:
            return self._write(self._insertion(table, columns), [*columns.values()]).lastrowid or 0

    def put(self, table: str, **columns: object) -> None:
        """Insert one row, at the latest when the transaction ends well; errors may come then.

        If that is all that a request writes, SQLite undoes it by itself, and need not be ready to undo more.
        """
        with self._lock:
            statement, values = self._insertion(table, columns), [*columns.values()]
            if self._working and self._written == [False] and self._held is None:
                self._held = statement, values
            else:
                self._write(statement, values)

    def _insertion(self, table: str, columns: Iterable[str]) -> str:
        statement = self._inserts.get((table, *columns))
        if statement is None:
            names = [*columns]
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
            self._inserts[table, *names] = statement
        return statement

    @property
    def changes(self) -> int:
        """How many rows were changed since the start: a number that grows with each change."""
        with self._lock:
            return self._database.total_changes

    def close(self) -> None:
        """Close the database and let another sandbox have the folder."""
        if self._checkpoints is not None:
            self._checkpoints.stop()
        with self._reading, self._lock:
            self._end_group()
            self._database.close()
            if self._reader is not None:
                self._reader.close()
            os.close(self._guard)
