"""When the next attempt may be made: as the device itself would wait, and never before the service wants it."""

from __future__ import annotations

import datetime
import random
import threading
import time

from .library import enroll_config
from .template import Settings

SHARED = 900.0  # seconds for which two boards can hold others


class Gate:
    """Shut for a board while the service has asked it to wait, and for every other one once two have been asked: they
    reach the service from one address.

    A board's word is its own: one that lies holds nobody but itself. A socket has one voice, as a board may change its
    id, and what two agree on holds the others for SHARED seconds at most.
    """

    def __init__(self) -> None:
        self._asked: dict[str, tuple[str, float]] = {}  # by port: the board's id, and until when (time.monotonic)
        self._others = 0.0  # until when all others are held
        self._lock = threading.Lock()

    def shut(self, seconds: float, port: str, board: str) -> None:
        """Keep it shut for `seconds` from now, or for longer if it is already, as the `board` at `port` says."""
        now = time.monotonic()
        with self._lock:
            self._asked[port] = board, max(now + seconds, now + self._own(port, board))
            both = sorted(until for _, until in self._asked.values())[-2:]
            if len(both) == 2:
                self._others = max(self._others, min(both[0], now + SHARED))

    def left(self, port: str, board: str) -> float:
        """Seconds until it opens for the `board` at `port`; 0 where it is open."""
        with self._lock:
            return max(0.0, self._own(port, board), self._others - time.monotonic())

    def _own(self, port: str, board: str) -> float:
        who, until = self._asked.get(port, ("", 0.0))
        return max(0.0, until - time.monotonic()) if who == board else 0.0


def opens(seconds: float) -> str:
    """When a gate opens that does so in `seconds`, UTC."""
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds + 1)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def pause(settings: Settings, failures: int, retry_after: int) -> float:
    """Seconds to wait after `failures` in a row: the device's own rule, see lib/enroll/backoff.py. `retry_after`: what
    the service has asked for, 0 if nothing."""
    delay = enroll_config().delay
    return float(delay(failures, settings.first, settings.cap, random.random(), after=retry_after or None))
