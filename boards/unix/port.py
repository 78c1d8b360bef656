"""The unix port of MicroPython, on which enroll is tested. The computer already has a network and a correct clock."""

import os


def connect(networks):
    """Task: bring the link up. Nothing to do here: the computer is online."""
    return ()


def drop() -> None:
    """Take the link down. Does nothing here: it is the computer's."""


def set_clock(unix_seconds: int) -> None:
    """Set the clock to Unix seconds. Does nothing here: it is the computer's."""


def identity() -> dict[str, str]:
    """What the board knows of itself: a dict with `serial`, `hardware_id`, `hardware_key`, `mac`.

    A computer has nothing that should be registered. The variable ENROLL_IDENTITY, a JSON object, can supply it.
    """
    if not hasattr(os, "getenv"):
        return {}  # tests also use this file on boards
    text = os.getenv("ENROLL_IDENTITY")
    if not text:
        return {}
    import json

    try:
        return dict(json.loads(text))
    except (TypeError, ValueError):
        from enroll.errors import EnrollError

        raise EnrollError("configuration", "the variable ENROLL_IDENTITY must be a JSON object", "correct it")


def feed() -> bool:
    """Feed the watchdog and return whether one runs: here none does."""
    return False


def sleep(seconds: float) -> None:
    """Sleep for `seconds`."""
    import time

    time.sleep(seconds)


_memory = b""


def memory(data: bytes | None = None) -> bytes:
    """Keep `data` through deep sleep; without `data`, return what is kept. Here it lasts as long as the process."""
    global _memory
    if data is not None:
        _memory = data
    return _memory
