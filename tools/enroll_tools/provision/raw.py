"""The raw REPL of a board, as mpremote speaks it, but tolerant of noise, slow boots and endless output.

Bytes 1 and 4 belong to the protocol; all other bytes are skipped or passed on. Every wait and every read has a limit.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

SLICE = 0.05  # seconds that a read waits at most
WRITE = 10.0  # seconds until a board has to take what is written
ROUND = 1.0  # seconds until a program is interrupted again
PROMPT = 2.0  # seconds for an idle board to take a program; after them it is asked for its prompt again
STALL = 10.0  # seconds until a board that is taking a program takes more of it
MOST = 1 << 20  # bytes that a board may print meanwhile
KEPT = 1 << 13  # bytes that are searched for what is expected
LAST = 2000  # bytes of a traceback

HELD = "enroll: registering,"  # what a board says while it must not be interrupted, see lib/enroll/tasks.py
BANNER = re.compile(rb"raw REPL; CTRL-B to exit\r?\n")
# R, 1, the size of a window (two bytes, always less than 2048), and 1 for a second one that is free. Where a log line
# has come among them, all text is left out first: then a size such as 32, which is text, is not understood.
_READY = re.compile(rb"R\x01([^\x01][\x00-\x07])\x01")
_READY_ALONE = re.compile(rb"\x01([\x00\x80-\xff][\x00-\x07])\x01")
_TEXT = re.compile(rb"[\t-\r\x1b -~]+")
_END = re.compile(rb"\x04")
_STOPPED = re.compile(rb"(%s)|%s" % (HELD.encode(), BANNER.pattern))
_BOOTED = re.compile(rb'Type "help\(\)" for more information')

Consume = Callable[[bytes], None]


class Deadline(Exception):
    """The board did not finish in time."""


class Endless(Exception):
    """The board prints without end."""


class NotTaken(Exception):
    """The board did not take a program: it has not run."""


class Restarted(Exception):
    """The board has restarted while a program ran there."""


class Registering(Exception):
    """The board is registering, and did not finish within the time in the message."""


class RawRepl:
    """The raw REPL at the other end of `serial`, an open serial port."""

    def __init__(self, serial: Any) -> None:
        self._serial = serial
        serial.timeout = SLICE
        serial.write_timeout = WRITE
        self._come = b""

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._serial.write(data)

    def read(self) -> bytes:
        """What has come, after a short time at most."""
        come, self._come = self._come, b""
        return come or bytes(self._serial.read(self._serial.in_waiting or 1))

    def enter(self, seconds: float, attempt: float, held: Callable[[], None]) -> None:
        """Stop the program that runs there. Raises Deadline.

        A board that boots loses what is sent, and a program may survive the first Ctrl-C: both are sent again. A board
        that says that it is registering is not interrupted, so that the outcome becomes known: `held` is called, and
        the attempt may take `attempt` seconds. Raises Registering if it takes longer.
        """
        end = time.monotonic() + seconds
        waits = False
        send = b"\r\x03\r\x01"
        while True:
            self.write(send)
            try:
                found = self._expect(_STOPPED, min(end, time.monotonic() + ROUND))
            except Deadline:
                if time.monotonic() < end:
                    send = b"\r\x01" if waits else b"\r\x03\x03\r\x01"
                    continue
                if waits:
                    raise Registering(f"{attempt:g} s") from None
                raise
            if not found[1]:
                return
            send = b""
            if not waits:
                held()
                waits = True
                end = time.monotonic() + attempt
            elif time.monotonic() > end:
                raise Registering(f"{attempt:g} s")

    def reset(self, seconds: float) -> None:
        """Reset softly into a fresh interpreter, whose boot.py may take `seconds`. Raises Deadline."""
        self._come = b""
        self._serial.reset_input_buffer()
        self.write(b"\x04")
        end = time.monotonic() + seconds
        while True:
            try:
                self._expect(BANNER, min(end, time.monotonic() + 2 * ROUND))
                return
            except Deadline:
                if time.monotonic() >= end:
                    raise
            self.write(b"\x01")  # noise may have hidden the banner: once more

    def leave(self) -> None:
        """Go back to the friendly REPL, and boot."""
        self.write(b"\r\x02")
        self.write(b"\x04")

    def execute(self, code: str, seconds: float, consume: Consume) -> str:
        """Run `code`; what it prints goes to `consume`. Returns its traceback, or "".

        Raises NotTaken, Restarted, Endless, and Deadline after `seconds`.
        """
        end = time.monotonic() + seconds
        trouble = bytearray()
        self._send(code.encode(), end)
        watch = _Watch(consume)
        self._expect(_END, end, lambda data: watch(data.replace(b"\x01", b"")))  # the board has the whole program
        self._expect(_END, end, watch)
        self._expect(_END, end, _Watch(trouble.extend))
        return bytes(trouble[-LAST:]).decode(errors="replace").strip()

    def _send(self, code: bytes, end: float) -> None:
        """Send a program in raw-paste mode, no faster than the board takes it."""
        try:
            self.write(b"\x05A\x01")
            window = self._window(min(end, time.monotonic() + PROMPT))
            room = 2 * window
            while code and room >= 0:
                self.write(code[:room])
                code, room = code[room:], room - len(code[:room])
                stall = time.monotonic() + STALL
                while code and not room:
                    room = self._more_room(window, min(end, stall))
        except Deadline:
            raise NotTaken from None
        self.write(b"\x04")

    def _window(self, end: float) -> int:
        """The size of the window for a program, which the board says as soon as it is ready for one."""
        kept = b""
        while True:
            kept = kept[-KEPT:] + self.read()
            found = _READY.search(kept)
            rest = kept[found.end() :] if found else b""
            if not found:
                found = _READY_ALONE.search(_TEXT.sub(b"", kept))
            if found:
                self._come = rest
                return int.from_bytes(found[1], "little")
            if time.monotonic() > end:
                raise Deadline

    def _more_room(self, window: int, end: float) -> int:
        """How much more the board takes now; -1 where it wants nothing more of a program."""
        come = self.read()
        if b"\x04" in come:
            self._come = come
            return -1
        if time.monotonic() > end:
            raise Deadline
        return window * come.count(b"\x01")

    def _expect(self, pattern: re.Pattern[bytes], end: float, consume: Consume | None = None) -> re.Match[bytes]:
        """Read until `pattern` has come; what comes before it, a byte, goes to `consume`. Raises Deadline."""
        kept = b""
        while True:
            kept += self.read()
            found = pattern.search(kept)
            if found:
                self._come = kept[found.end() :]
            if consume:
                consume(kept[: found.start()] if found else kept)
            if found:
                return found
            kept = b"" if consume else kept[-KEPT:]
            if time.monotonic() > end:
                raise Deadline


class _Watch:
    """Passes on what a program prints, until there is too much of it or the board restarts."""

    def __init__(self, consume: Consume) -> None:
        self._consume = consume
        self._size = 0
        self._tail = b""

    def __call__(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > MOST:
            raise Endless
        before = self._tail[-64:]
        self._tail = before + data
        booted = _BOOTED.search(self._tail)
        self._consume(data[: max(booted.start() - len(before), 0)] if booted else data)
        if booted:
            raise Restarted
