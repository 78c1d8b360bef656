"""`provision` on a terminal of 80 columns, and what a person sees there."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import leaks
import pyte


class Terminal:
    """Runs `provision` with `words` in `folder`; `raw`: all bytes that came."""

    def __init__(self, folder: Path, *words: object, lines: int = 40, columns: int = 80, **environment: str) -> None:
        self.screen = pyte.HistoryScreen(columns, lines, history=1000)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._before = termios.tcgetattr(slave)
        self._slave = slave
        command = [sys.executable, "-m", "enroll_tools.provision", *map(str, words)]
        env = {**os.environ, "TERM": "xterm-256color"}
        for name in ("COLUMNS", "LINES", "NO_COLOR", "CI"):
            env.pop(name, None)
        env |= environment
        self.process = subprocess.Popen(
            command, cwd=folder, env=env, stdin=slave, stdout=slave, stderr=slave, preexec_fn=_leads_its_terminal
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        leaks.hear("a terminal", self.raw.decode(errors="replace"))
        os.close(self._slave)
        os.close(self._master)

    def _take(self) -> None:
        while self._piece():
            pass

    def _piece(self) -> bool:
        """Whether there was something; little at a time, so that what changes at once is seen, too."""
        if not select.select([self._master], [], [], 0.02)[0]:
            return False
        data = os.read(self._master, 256)
        self.raw += data
        self._stream.feed(data)
        return True

    @property
    def lines(self) -> list[str]:
        """The lines that it shows, those that have scrolled away first."""
        gone = ["".join(line[at].data for at in range(self.screen.columns)) for line in self.screen.history.top]
        found = [line.rstrip() for line in (*gone, *self.screen.display)]
        while found and not found[-1]:
            found.pop()
        return found

    @property
    def text(self) -> str:
        """The same as one text."""
        return "\n".join(self.lines)

    def until(self, there: str | Callable[[], Any], seconds: float = 30) -> str:
        """Wait until a text is on the screen, or a function says so; returns the text of the screen."""
        end = time.monotonic() + seconds
        while not (there in self.text if isinstance(there, str) else there()):
            assert self._piece() or (time.monotonic() < end and self.process.poll() is None), (there, self.text)
        return self.text

    def type(self, text: str) -> None:
        """Type `text`."""
        os.write(self._master, text.encode())

    def interrupt(self) -> None:
        """Type Ctrl-C."""
        self.type("\x03")

    @property
    def broken(self) -> list[str]:
        """The lines that the terminal had to break, although there was a blank at which the program could."""
        wide = pyte.HistoryScreen(2000, self.screen.lines, history=1000)
        pyte.ByteStream(wide).feed(bytes(self.raw))
        gone = ["".join(line[at].data for at in range(wide.columns)) for line in wide.history.top]
        lines = [line.rstrip() for line in (*gone, *wide.display)]
        return [line for line in lines if len(line) > self.screen.columns and len(line.split()) > 1]

    def end(self, seconds: float = 30) -> int:
        """Wait for the end; the terminal must be as it was. Returns the status, as a shell says it."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, self.text
            self._take()
        self._take()
        assert not self.screen.mode & {pyte.modes.IRM} and pyte.modes.DECTCEM in self.screen.mode, "cursor hidden"
        assert termios.tcgetattr(self._slave) == self._before
        assert "Traceback" not in self.text and "Exception" not in self.text, self.text
        assert self.screen.cursor.x == 0, "the prompt would come in the middle of a line"
        assert not self.broken, self.broken
        status = self.process.returncode
        return status if status >= 0 else 128 - status


def _leads_its_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
