"""Opens the SQLite file of a state folder, and reads what SQLite returns."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from .checkpoints import LONGEST
from .errors import NotKept
from .files import open_own

Row = dict[str, Any]

FILE = "sandbox.sqlite3"  # in the state folder
VERSION = 1  # of the tables; a higher one for those that this program could not use

_DISK = "write to", "free space, or name another --state"
_DAMAGE = "use the database in", f"end the sandbox and delete {FILE} there, or name another --state"
_REMEDIES = {  # what it cannot do, and what helps
    sqlite3.SQLITE_FULL: _DISK,
    sqlite3.SQLITE_IOERR: _DISK,
    sqlite3.SQLITE_READONLY: _DISK,
    sqlite3.SQLITE_CANTOPEN: _DISK,
    sqlite3.SQLITE_BUSY: ("write to", "end the other program that writes there"),
    sqlite3.SQLITE_CORRUPT: _DAMAGE,
    sqlite3.SQLITE_NOTADB: _DAMAGE,
}
STATEMENTS = 256  # about as many as the program has


def storable(value: object) -> object:
    """SQLite takes no lone surrogates, which a client's JSON or header may hold: they are spelled as escapes."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def unusable(folder: Path, error: sqlite3.DatabaseError) -> Exception:
    """The error of a statement in words that help: of a disk that is full or fails, or a file that is damaged, or that
    another program writes; any other one as it is."""
    found = _REMEDIES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)  # the other bits say what SQLite did
    return NotKept(f"cannot {found[0]} the state folder {folder}: {error}: {found[1]}") if found else error


def open_database(path: Path, lasting: bool) -> sqlite3.Connection:
    """Open the file, or make it; ``lasting``: so that a power cut does not damage it. Raises sqlite3.Error, OSError."""
    # Made here and not by SQLite, so that it is never readable by others; SQLite copies the mode to its journal.
    os.close(open_own(path))
    database = sqlite3.connect(path, check_same_thread=False, isolation_level=None, cached_statements=STATEMENTS)
    try:
        # A killed process loses nothing either way. A power cut of this computer may lose the last commits, which the
        # system has not written yet; with OFF, it may also damage the file.
        database.execute(f"PRAGMA synchronous = {'NORMAL' if lasting else 'OFF'}")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(f"PRAGMA wal_autocheckpoint = {LONGEST}")
        database.execute("PRAGMA foreign_keys = ON")
        (version,) = database.execute("PRAGMA user_version").fetchone()  # opens the other files, too
        if version > VERSION:
            raise sqlite3.NotSupportedError("a later version of the sandbox has written it")
        if version < VERSION:
            database.execute(f"PRAGMA user_version = {VERSION}")
    except sqlite3.Error:
        database.close()
        raise
    return database


def names_of(cursor: sqlite3.Cursor) -> list[str]:
    """The names of the columns that a query returns."""
    return [column[0] for column in cursor.description or ()]


def rows_of(cursor: sqlite3.Cursor, names: list[str]) -> list[Row]:
    """The rows that a query returns."""
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
