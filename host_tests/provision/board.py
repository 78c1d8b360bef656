"""The board on a pty (tools/provision/demo_board) as tests need it: it remembers, and can be made to fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from provision.demo_board import board
from runtimes import micropython

FILL = """
import os
with open('ballast', 'wb') as f:
 free = os.statvfs('/')[3] - {leave}
 for _ in range(free): f.write(bytes(4096))
"""


class Board(board.Board):
    """A board that runs on `runtime`, by its name.

    `asleep`: it hears nothing. `heard`: all that was sent to it; `said`: all that it has said.
    """

    def __init__(self, flash: Path, runtime: str, **more: Any) -> None:
        self.asleep = False
        self.heard, self.said = bytearray(), bytearray()
        self.patience: int | None = None  # bytes that it takes until it is unplugged
        # a program that loops must not outlive tests that are killed
        super().__init__(flash, micropython(runtime), seconds=60, **more)

    def mpremote(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run genuine mpremote on it."""
        command = [sys.executable, "-m", "mpremote", "connect", self.port, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    def runs(self, program: str) -> None:
        """Give it a main.py, and power it on with that."""
        done = self.mpremote("exec", f"f = open('main.py', 'w'); f.write({program!r}); f.close()")
        assert done.returncode == 0, done
        self.unplug()
        self.said.clear()
        self.plug()

    def fill(self, leave: int = 0) -> None:
        """Fill its flash but for `leave` blocks."""
        done = self.mpremote("exec", FILL.format(leave=leave))
        assert done.returncode == 0, done

    def say(self, data: bytes) -> bool:
        """Send what its program has said, and remember it."""
        self.said += data
        return super().say(data)

    def hear(self, data: bytes) -> None:
        """Take what was sent to it, as far as its patience goes."""
        if self.patience is not None:
            self.patience -= len(data)
            if self.patience < 0:
                self._end.set()
        if self.asleep or self._end.is_set():
            return
        self.heard += data
        super().hear(data)
