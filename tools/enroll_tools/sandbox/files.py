"""The state folder's files: in a folder that only this user can change, and written through no link."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from .errors import SandboxError


def own_folder(folder: Path) -> Path:
    """Make a folder, or check that nobody else can change an existing one. Raises SandboxError."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _unusable(folder, error) from None
    check_own(folder)
    return folder


def check_own(folder: Path) -> None:
    """Check that nobody else can change a folder that is there. Raises SandboxError."""
    try:
        place = folder.resolve(strict=True)
        found = place.stat()
        ancestors = [(parent, parent.stat()) for parent in place.parents]
    except OSError as error:
        raise _unusable(folder, error) from None
    if found.st_uid != os.geteuid():
        raise SandboxError(f"the state folder {folder} belongs to somebody else: name one of your own by --state")
    if found.st_mode & 0o022:
        raise SandboxError(f"others can write to the state folder {folder}: use `chmod go-w {folder}`")
    # Whoever owns "/" (nobody, where root's files are another user namespace's) can change everything anyway.
    trusted = (0, os.geteuid(), ancestors[-1][1].st_uid)
    for parent, about in ancestors:
        if about.st_uid not in trusted:
            raise SandboxError(
                f"{parent}, which belongs to somebody else, holds the state folder: name another by --state"
            )
        # With the sticky bit (as /tmp has it) others cannot exchange what is in there.
        if about.st_mode & stat.S_IWOTH and not about.st_mode & stat.S_ISVTX:
            raise SandboxError(f"anyone can replace the folders in {parent}: use `chmod o-w {parent}`")


def _unusable(folder: Path, error: OSError) -> SandboxError:
    return SandboxError(f"cannot use the state folder {folder}: {error.strerror}: name another by --state")


def write_private(path: Path, content: bytes, mode: int = 0o600, instead: str = "--state") -> None:
    """Replace a file at once, through no link; from its first byte on, only its owner can read it (unless `mode`
    says more). `instead`: what names another place."""
    passing = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
        passing.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            passing.unlink(missing_ok=True)
        raise SandboxError(f"cannot write {path}: {error.strerror}: free space, or name another {instead}") from None


def read_own(path: Path) -> bytes | None:
    """The content of a file of this user; None if there is none. Raises SandboxError for a link or another's file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(descriptor).st_uid != os.geteuid():
                raise SandboxError(f"{path} belongs to somebody else: delete it, or name another --state")
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SandboxError(f"cannot read {path}: {error.strerror}: delete it, or name another --state") from None


def open_own(path: Path) -> int:
    """A descriptor of a file that is made if it is missing, that only its owner can read, and that is no link.

    Raises OSError.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor
