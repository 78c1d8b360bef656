"""One process at a time on a state folder, and for others the answer whether there is one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

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


def take(guard: int) -> None:
    """Take the lock of a state folder; `is_running` may hold it for a moment. Raises BlockingIOError."""
    for _ in range(10):
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(0.01)
    fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
