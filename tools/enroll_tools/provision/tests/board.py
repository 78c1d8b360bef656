"""The board on a pty (demo_board) as tests need it: it remembers, and can be made to fail."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

from enroll_tools.provision.demo_board import board
from enroll_tools.provision.tests.helpers import BOOTS, until
from mpremote.main import main
from runtimes import micropython

FILL = """
import os
with open('ballast', 'wb') as f:
 free = os.statvfs('/')[3] - {leave}
 for _ in range(free): f.write(bytes(4096))
"""


class Board(board.Board):
    """A board that runs on `runtime`, by its name.

    `asleep`: it hears nothing. `heard`: all that was sent to it; `said`: all that it has said. `noise`: changes what it
    says on its way (see Noise); `deaf`: seconds after the first byte that came since power-on, in which it boots, as
    boards do that DTR resets.
    """

    def __init__(self, flash: Path, runtime: str, **more: Any) -> None:
        self.asleep = False
        self.heard, self.said = bytearray(), bytearray()
        self.patience: int | None = None  # bytes that it takes until it is unplugged
        self.noise: Callable[[bytes], bytes] = bytes
        self.deaf = 0.0
        self._hears_from = 0.0
        # a program that loops must not outlive tests that are killed
        super().__init__(flash, micropython(runtime), seconds=60, **more)

    def mpremote(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run genuine mpremote on it, in this process: half of a short command is the start of another."""
        command = ["mpremote", "connect", self.port, *words]
        out, err = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
        with mock.patch.object(sys, "argv", command), redirect_stdout(out), redirect_stderr(err):
            try:
                status = main()
            except SystemExit as end:
                status = end.code
            except Exception:
                traceback.print_exc()
                status = 1
        said = [it.buffer.getvalue().decode().replace("\r\n", "\n") for it in (out, err)]
        return subprocess.CompletedProcess(command, int(status or 0), *said)

    def write(self, path: str, text: str, mode: str = "w") -> None:
        """Write a file of its flash; `mode`: "a" adds to it."""
        done = self.mpremote("exec", f"f = open({path!r}, {mode!r}); f.write({text!r}); f.close()")
        assert done.returncode == 0, done

    def replug(self) -> None:
        """Take it out and plug it in again; it listens then, and has said nothing."""
        self.unplug()
        self.patience = None
        self.said.clear()
        self.plug()

    def runs(self, program: str, name: str = "main.py") -> None:
        """Give it a program, and power it on with that."""
        self.write(name, program)
        self.replug()

    def says(self, text: str, seconds: float = 10.0) -> None:
        """Wait until it says `text`."""
        until(lambda: text.encode() in self.said, seconds)

    def boots(self) -> None:
        """Wait until it is sent away to boot by itself."""
        until(lambda: BOOTS in self.heard, 10)

    def fill(self, leave: int = 0) -> None:
        """Fill its flash but for `leave` blocks."""
        done = self.mpremote("exec", FILL.format(leave=leave))
        assert done.returncode == 0, done

    def say(self, data: bytes) -> bool:
        """Send what its program has said, and remember it."""
        self.said += data
        super().say(self.noise(data))
        return bool(data)

    def hear(self, data: bytes) -> None:
        """Take what was sent to it, as far as its patience goes."""
        if self.patience is not None:
            self.patience -= len(data)
            if self.patience < 0:
                self._end.set()
        if self.asleep or self._end.is_set() or self._boots():
            return
        self.heard += data
        super().hear(data)

    def _boots(self) -> bool:
        if not self._hears_from:
            self._hears_from = time.monotonic() + self.deaf
            if self.deaf:
                self.say(b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\n")
        return time.monotonic() < self._hears_from


class Noise:
    """Log lines as ESP-IDF prints them, `where` (before, inside, after) what a board says; `often`: the share of what
    it says that is hit."""

    def __init__(self, where: str, often: float = 1.0) -> None:
        self.where = where
        self.often = often
        self.hits = 0
        self._random = random.Random(where)

    def __call__(self, data: bytes) -> bytes:
        """`data` with noise."""
        if not data or self._random.random() > self.often:
            return data
        self.hits += 1
        line = b"\x1b[0;32mI (%d) wifi:state: run -> init (R > 0x%02x)\x1b[0m\r\n" % (self.hits * 97, self.hits)
        at = {"before": 0, "inside": self._random.randrange(len(data)), "after": len(data)}[self.where]
        return data[:at] + line + data[at:]
