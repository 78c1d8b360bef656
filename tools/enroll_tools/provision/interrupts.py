"""Ctrl-C for a program that must clean up before it ends."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts(*more: signal.Signals) -> Iterator[list[int]]:
    """A list to which Ctrl-C, SIGTERM and `more` append, instead of interrupting the program anywhere."""
    come: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM, *more)
    before = {number: signal.signal(number, lambda number, _: come.append(number)) for number in numbers}
    try:
        yield come
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
