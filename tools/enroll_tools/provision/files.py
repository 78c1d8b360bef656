"""Files on the host that several programs may use at a time: replaced in one step, and locked."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from .errors import MISUSE, STORAGE, TRY_AGAIN, Failure


def replace(path: Path, data: bytes) -> None:
    """Replace the content of the file at `path` with `data`: a reader sees the old content or the new. Raises
    Failure."""
    try:
        path = path.resolve()  # a link stays one
        beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
                if path.exists():
                    os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        sentence = f"{path} cannot be written, {error.strerror}: make room, or name another file"
        raise Failure(STORAGE, sentence) from None


def distinct(**named: Path) -> None:
    """Check that no two of the files, given by what they are, are the same one: each would be lost to the other. Raises
    Failure."""
    seen: dict[Path, str] = {}
    for what, path in named.items():
        other = seen.setdefault(path.resolve(), what)
        if other != what:
            raise Failure(MISUSE, f"{path} is the {other} and the {what} at once: name another file for one of them")


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock the file at `path`. Raises Failure if another program holds the lock."""
    name = path.resolve()
    name = name.with_name(f".{name.name}.lock")
    file = _lock(name, path)
    try:
        yield
    finally:
        name.unlink(missing_ok=True)
        os.close(file)


@contextlib.contextmanager
def both_locked(result: Path, table: Path) -> Iterator[None]:
    """Lock both files. No lock for a table whose folder is read-only: it cannot be written. Raises Failure."""
    writable = os.access(table.resolve().parent, os.W_OK)
    with locked(result), locked(table) if writable else contextlib.nullcontext():
        yield


def _lock(name: Path, path: Path) -> int:
    """Open and lock the file `name`, which the program that held the lock may delete at any moment."""
    while True:
        try:
            file = os.open(name, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise Failure(
                STORAGE, f"{name} cannot be written, {error.strerror}: make room, or name another file"
            ) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.exists(name) and os.path.samestat(os.fstat(file), os.stat(name)):
                return file
        except BlockingIOError:
            os.close(file)
            remedy = "wait until it ends, or name another file"
            raise Failure(TRY_AGAIN, f"another provision uses {path}: {remedy}") from None
        except FileNotFoundError:
            pass
        os.close(file)
