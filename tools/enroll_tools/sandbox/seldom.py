"""Says what may happen thousands of times a second at most once a second."""

from __future__ import annotations

import time
from collections.abc import Callable


class Seldom:
    """Passes words on, at most once in ``pause`` seconds, with the number of those it kept back."""

    def __init__(self, say: Callable[[str], object], pause: float = 1.0) -> None:
        self._say = say
        self._pause = pause
        self._next = 0.0
        self._untold = 0

    def tell(self, words: str) -> None:
        """Say it, or count it."""
        now = time.monotonic()
        if now < self._next:
            self._untold += 1
            return
        more = f" ({self._untold} more since the last line)" if self._untold else ""
        self._next, self._untold = now + self._pause, 0
        self._say(words + more)
