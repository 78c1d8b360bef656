"""The admin key: made at random in the state folder, or given by the user, and always wanted by the admin API."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from .errors import BadOption, SandboxError
from .files import read_own, write_private

KEY_FILE = "admin.key"  # in the state folder
SHORTEST = 16  # characters
LONGEST = 256
SCHEME = "Bearer"


def check_key(key: str) -> str:
    """Return a key that can be used. Raises BadOption for one that is easy to guess or that no header can carry."""
    if not SHORTEST <= len(key) <= LONGEST:
        raise BadOption(f"the admin key has {len(key)} characters: give it from {SHORTEST} to {LONGEST}")
    if not all("!" <= character <= "~" for character in key):
        raise BadOption("the admin key holds a space or a character beyond ASCII: use letters, digits and punctuation")
    return key


def keep_key(folder: Path) -> str:
    """The key of a state folder, which is made on the first start. Raises SandboxError."""
    path = folder / KEY_FILE
    key = read_key(folder)
    if key is None:
        key = secrets.token_urlsafe(24)
        write_private(path, key.encode() + b"\n")
    return key


def read_key(folder: Path) -> str | None:
    """The key that is in a state folder; None if there is none. Raises SandboxError."""
    path = folder / KEY_FILE
    content = read_own(path)
    if content is None:
        return None
    try:
        return check_key(content.decode("ascii").strip())
    except (UnicodeDecodeError, BadOption):
        raise SandboxError(f"{path} holds no admin key: delete it, and the next start makes a new one") from None


def key_file(path: Path) -> str:
    """The key in a file that the user names. Raises BadOption."""
    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise BadOption(f"cannot read the admin key file {path}: name a text file that you can read") from None
    if not key:
        raise BadOption(f"the admin key file {path} is empty: write a key of {SHORTEST} characters or more into it")
    return check_key(key)


def bears(header: str, key: str) -> bool:
    """Tell whether an ``Authorization`` header carries the key; the time that this takes tells nothing about it."""
    scheme, _, given = header.partition(" ")
    same = hmac.compare_digest(key.encode(), given.strip().encode("utf-8", "surrogateescape"))
    return same and scheme.lower() == SCHEME.lower()
