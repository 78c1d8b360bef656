"""A board on a pty: the unix port runs device.py, and mpremote talks to it as to any other board."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import resource
import select
import signal
import subprocess
import threading
import time
import tty
from pathlib import Path
from types import TracebackType
from typing import Any, Self

DEVICE = Path(__file__).with_name("device.py")
BLOCK = 4096
BUSY = 0.5  # seconds after which Ctrl-C interrupts a program even if it is not waiting for something
POWER, WATCHDOG, SOFT = 1, 3, 5  # what machine.reset_cause() says of the latest reset
RESET = {10: "raw", 11: "friendly"}  # as in device.py


class Board:
    """A board whose flash, a file, survives resets and `unplug`; `port` is the path of its serial port.

    `micropython`: the path of the unix port. `claims`: what its `sys` says otherwise (version, platform); `lacks`:
    modules that it does not have; `seconds`: of the processor, after which its program is ended; `unique_id`: of its
    chip, in hex, "" for a chip that has none.
    """

    def __init__(
        self,
        flash: Path,
        micropython: Path,
        blocks: int = 256,
        claims: dict[str, Any] | None = None,
        lacks: str = "",
        seconds: int | None = None,
        unique_id: str | None = None,
    ) -> None:
        self.flash = flash
        self._micropython = str(micropython)
        self._seconds = seconds
        self._options = {"flash": str(flash), "claims": claims or {}, "lacks": lacks.split()}
        # each chip has a number of its own
        number = hashlib.sha256(str(flash).encode()).hexdigest()[:16]
        self._options["unique_id"] = number if unique_id is None else unique_id
        if not flash.exists():
            flash.write_bytes(b"\xff" * (blocks * BLOCK))
        self.plug()

    def plug(self) -> None:
        """Give it power and a port."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        self._end = threading.Event()
        self._stdin, self._input = os.pipe()  # outlives soft resets, as the buffer of a board's USB does
        os.set_blocking(self._input, False)
        self._watchdog: float | None = None  # seconds; it outlives soft resets
        self._reset = False  # whether its program wants a hard one
        self._power_on("friendly")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Take power and port away."""
        self._end.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    @property
    def alive(self) -> bool:
        """Whether it has power, and its program has not crashed."""
        return self._thread.is_alive()

    def _power_on(self, mode: str, cause: int = POWER) -> None:
        self._control, control = os.pipe()
        options = json.dumps({**self._options, "control": control, "mode": mode, "cause": cause})
        command = [self._micropython, str(DEVICE), options]
        self._process = subprocess.Popen(
            command, stdin=self._stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[control]
        )
        os.close(control)
        if self._seconds and hasattr(resource, "prlimit"):
            resource.prlimit(self._process.pid, resource.RLIMIT_CPU, (self._seconds, self._seconds))
        self._interrupts = False

    def _power_off(self) -> int:
        """End the program if it does not end by itself; returns its status."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(0.5 if not self._end.is_set() else 0)
        self._process.kill()
        return self._process.wait()

    def _close(self, *files: int) -> None:
        assert self._process.stdout
        self._process.stdout.close()
        for file in (self._control, *files):
            os.close(file)

    def _run(self) -> None:
        """Carry bytes between the port and the program until it is unplugged."""
        while not self._end.is_set() and self._carry():
            pass
        self._power_off()
        self._close(self._master, self._slave, self._stdin, self._input)

    def _carry(self) -> bool:
        assert self._process.stdout
        output = self._process.stdout.fileno()
        ready = select.select([self._control, output, self._master], [], [], 0.05)[0]
        if self._control in ready:
            self._note(os.read(self._control, 4096))
        if self._reset or (self._watchdog and time.monotonic() > self._bites):
            cause = SOFT if self._reset else WATCHDOG
            self._watchdog, self._reset = None, False
            self._process.kill()
            self._process.wait()
            self._close()
            self._power_on("friendly", cause)
        elif output in ready and not self.say(os.read(output, 4096)):
            mode = RESET.get(self._power_off())
            if not mode:
                return False
            self._close()
            self._power_on(mode, SOFT)
        elif self._master in ready and self._control not in ready:
            self.hear(os.read(self._master, 256))
        return True

    def _note(self, said: bytes) -> None:
        """Take what the program says of Ctrl-C, of its watchdog and of a reset, see device.py."""
        for word, milliseconds in re.findall(rb"([-+frsw])(?:(\d+);)?", said):
            if word == b"r":
                self._reset = True
            elif word in b"+-":
                self._interrupts = word == b"+"
            else:
                given = {b"w": int(milliseconds or 0) / 1000, b"f": self._watchdog, b"s": None}
                self._watchdog = given[word]
                self._bites = time.monotonic() + (self._watchdog or 0)

    def say(self, data: bytes) -> bool:
        """Send what its program has said; returns whether the program goes on."""
        rest = data
        while rest and not self._end.is_set():
            if not select.select([], [self._master], [], 0.3)[1]:
                break  # nobody listens: a board drops it, too
            rest = rest[os.write(self._master, rest) :]
        return bool(data)

    def hear(self, data: bytes) -> None:
        """Take what was sent to it."""
        if self._interrupts and b"\x03" in data:
            self._interrupt()
            data = data.replace(b"\x03", b"")
        with contextlib.suppress(BlockingIOError):  # more than a board's buffer holds
            os.write(self._input, data)

    def _interrupt(self) -> None:
        """Raise KeyboardInterrupt in the program, once it waits for something.

        The unix port jumps out of whatever it does when the signal comes. Out of an import or a garbage collection,
        that leaves the interpreter's locks taken: it hangs at the next new name, or its heap stays locked.
        """
        end = time.monotonic() + BUSY
        while not waits(self._process.pid) and time.monotonic() < end:
            time.sleep(0.001)
        if select.select([self._control], [], [], 0)[0]:
            self._note(os.read(self._control, 4096))
        if self._interrupts:  # else the program has just ended
            self._process.send_signal(signal.SIGINT)


def waits(process: int) -> bool:
    """Whether it sleeps in the kernel; True where the system has no /proc to tell."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "S"
