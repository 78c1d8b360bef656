"""The unix port of MicroPython, where enroll is tested: the machine has its network and its clock already."""

import json
import os
import time


def connect(networks):
    """Bring the link up, as a task that yields the seconds to wait for it: here it is up."""
    return ()


def drop() -> None:
    """Take the link down: it is the machine's own, which stays."""


def set_clock(unix_seconds: int) -> None:
    """Set the device's clock to Unix seconds: the machine's own is not this program's to set."""


def identity() -> dict[str, str]:
    """What the board knows of itself: `serial`, `hardware_id`, `hardware_key`, `mac`.

    A computer has none that should be registered; ENROLL_IDENTITY, a JSON object, lends it some.
    """
    if not hasattr(os, "getenv"):
        return {}  # a board on which tests borrow this file
    try:
        return dict(json.loads(os.getenv("ENROLL_IDENTITY") or "{}"))
    except (TypeError, ValueError):
        from enroll.errors import EnrollError

        raise EnrollError("configuration", "the variable ENROLL_IDENTITY wants a JSON object: correct it")


def feed() -> bool:
    """Feed the watchdog; returns whether one runs: here none."""
    return False


def sleep(seconds: float) -> None:
    """Sleep; at most as long as the watchdog allows."""
    time.sleep(seconds)


_memory = b""


def memory(data: bytes | None = None) -> bytes:
    """Keep `data`, or return what is kept, through deep sleep: here it lasts as long as the process."""
    global _memory
    if data is not None:
        _memory = data
    return _memory
