"""When the next attempt may be made: after the device's own backoff, and never before the service allows it."""

from __future__ import annotations

import datetime
import random
import threading
import time

from .library import enroll_config
from .template import Settings

SHARED = 900.0  # seconds for which two boards can hold others


class Gate:
    """Makes boards wait when the service asks for it. A board that was asked to wait waits. Once two boards were asked,
    all others wait too, because they reach the service from the same address.

    A single board cannot hold the others, in case it lies. Each port counts once, because a board may change its id,
    and two ports together hold the others for at most SHARED seconds.
    """

    def __init__(self) -> None:
        self._asked: dict[str, tuple[str, float]] = {}  # by port: the board's id, and until when (time.monotonic)
        self._others = 0.0  # until when all others are held
        self._lock = threading.Lock()

    def shut(self, seconds: float, port: str, board: str) -> None:
        """Wait `seconds` from now, or longer if that was asked before, because the `board` at `port` says so."""
        now = time.monotonic()
        with self._lock:
            self._asked[port] = board, max(now + seconds, now + self._own(port, board))
            both = sorted(until for _, until in self._asked.values())[-2:]
            if len(both) == 2:
                self._others = max(self._others, min(both[0], now + SHARED))

    def left(self, port: str, board: str) -> float:
        """Seconds that the `board` at `port` still has to wait; 0: none."""
        with self._lock:
            return max(0.0, self._own(port, board), self._others - time.monotonic())

    def _own(self, port: str, board: str) -> float:
        who, until = self._asked.get(port, ("", 0.0))
        return max(0.0, until - time.monotonic()) if who == board else 0.0


def opens(seconds: float) -> str:
    """The time `seconds` from now, in UTC and rounded up."""
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds + 1)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def pause(settings: Settings, failures: int, retry_after: int) -> float:
    """Seconds to wait after `failures` in a row: the device's own rule, see lib/enroll/backoff.py. `retry_after`:
    seconds that the service asked for, or 0."""
    delay = enroll_config().delay
    return float(delay(failures, settings.first, settings.cap, random.random(), after=retry_after or None))
