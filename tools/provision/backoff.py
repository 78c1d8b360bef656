"""When the next attempt may be made: as the device itself would wait, and never before the service wants it."""

from __future__ import annotations

import datetime
import random
import time

from .library import enroll_config
from .template import Settings


class Gate:
    """Shut while a service has asked to wait, for every board of a fleet: they reach it from one address."""

    def __init__(self) -> None:
        self._until = 0.0  # of time.monotonic

    def shut(self, seconds: float) -> None:
        """Keep it shut for `seconds` from now, or for longer if it is already."""
        self._until = max(self._until, time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds until it opens; 0 where it is open."""
        return max(0.0, self._until - time.monotonic())

    @property
    def opens(self) -> str:
        """When it opens, UTC."""
        at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=self.left + 1)
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def pause(settings: Settings, failures: int, retry_after: int) -> float:
    """Seconds to wait after `failures` in a row: the device's own rule, see lib/enroll/retry.py. `retry_after`: what
    the service has asked for, 0 if nothing."""
    delay = enroll_config().delay
    return float(delay(failures, settings.first, settings.cap, random.random(), after=retry_after or None))
