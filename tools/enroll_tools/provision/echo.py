"""A terminal that does not show what is typed: an Enter, or ^C at its edge, would move the lines that change."""

from __future__ import annotations

import contextlib
import os
import termios
from collections.abc import Iterator
from typing import IO, Any


@contextlib.contextmanager
def silent(stream: IO[Any]) -> Iterator[None]:
    """Let the terminal that `stream` is show nothing that is typed; what is typed reaches whatever reads next."""
    if not _ours(stream):
        yield
        return
    before = termios.tcgetattr(stream)
    quiet = [*before]
    quiet[3] &= ~termios.ECHO
    try:
        termios.tcsetattr(stream, termios.TCSADRAIN, quiet)
        yield
    finally:
        if _ours(stream):
            termios.tcsetattr(stream, termios.TCSADRAIN, before)


def _ours(stream: IO[Any]) -> bool:
    """Whether it is a terminal that may be set: a program in the background would be stopped."""
    try:
        return stream.isatty() and os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except OSError:  # a terminal, but not the one that this runs in
        return False
