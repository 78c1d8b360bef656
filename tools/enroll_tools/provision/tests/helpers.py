"""What tests of several commands do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

BOOTS = b"\x02\x04"  # what a board is sent so that it boots by itself


def until(there: Callable[[], Any], seconds: float = 30.0) -> None:
    """Wait until `there()`."""
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, f"not within {seconds:g} s"
        time.sleep(0.005)


def asked(sandbox: Any) -> list[str]:
    """The serial numbers for which etherFAX was asked to register a device."""
    paths = [entry.path for entry in sandbox.log("etherfax") if "/devices" in entry.path]
    return [path.partition("id=")[2].partition("&")[0] for path in paths]
