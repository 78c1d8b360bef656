"""A board on a pty: the unix port runs device.py, and mpremote talks to it as to any other board."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import tty
from pathlib import Path
from typing import Any

from runtimes import micropython

DEVICE = Path(__file__).with_name("device.py")
BLOCK = 4096
RESET = {10: "raw", 11: "friendly"}  # as in device.py
FILL = """
import os
with open('ballast', 'wb') as f:
 free = os.statvfs('/')[3] - {leave}
 for _ in range(free): f.write(bytes(4096))
"""


class Board:
    """A board whose flash, a file, survives resets and `unplug`; `port` is the path of its serial port.

    `claims`: what its `sys` says otherwise (version, platform); `lacks`: modules that it does not have. `asleep`: it
    hears nothing. `heard`: all that was sent to it; `said`: all that it has said.
    """

    def __init__(
        self, flash: Path, runtime: str, blocks: int = 256, claims: dict[str, Any] | None = None, lacks: str = ""
    ) -> None:
        self.flash = flash
        self.asleep = False
        self.heard, self.said = bytearray(), bytearray()
        self.patience: int | None = None  # bytes that it takes until it is unplugged
        self._runtime = str(micropython(runtime))
        self._options = {"flash": str(flash), "claims": claims or {}, "lacks": lacks.split()}
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
        self._power_on("friendly")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Take power and port away."""
        self._end.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(10)

    __enter__ = lambda self: self  # noqa: E731

    def __exit__(self, *_: object) -> None:
        self.unplug()

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

    def _power_on(self, mode: str) -> None:
        self._control, control = os.pipe()
        options = json.dumps({**self._options, "control": control, "mode": mode})
        command = [self._runtime, str(DEVICE), options]
        self._process = subprocess.Popen(
            command, stdin=self._stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[control]
        )
        os.close(control)
        if hasattr(resource, "prlimit"):  # a program that loops must not outlive tests that are killed
            resource.prlimit(self._process.pid, resource.RLIMIT_CPU, (60, 60))
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
            self._interrupts = os.read(self._control, 4096)[-1:] == b"+"
        if output in ready and not self._say(os.read(output, 4096)):
            mode = RESET.get(self._power_off())
            if not mode:
                return False
            self._close()
            self._power_on(mode)
        elif self._master in ready and self._control not in ready:
            self._hear(os.read(self._master, 256))
        return True

    def _say(self, data: bytes) -> bool:
        self.said += data
        rest = data
        while rest and not self._end.is_set():
            if not select.select([], [self._master], [], 0.3)[1]:
                break  # nobody listens: a board drops it, too
            rest = rest[os.write(self._master, rest) :]
        return bool(data)

    def _hear(self, data: bytes) -> None:
        if self.patience is not None:
            self.patience -= len(data)
            if self.patience < 0:
                self._end.set()
        if self.asleep or self._end.is_set():
            return
        self.heard += data
        if self._interrupts and b"\x03" in data:
            self._process.send_signal(signal.SIGINT)
            data = data.replace(b"\x03", b"")
        with contextlib.suppress(BlockingIOError):  # more than a board's buffer holds
            os.write(self._input, data)
