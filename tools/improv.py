"""A device without a network on a pty, and a client of Improv Wi-Fi that gives it one. For tests and demonstrations."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
import tty
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from devices import ROOT, Device
from runtimes import micropython

STATE, ERROR, COMMAND, RESULT = 1, 2, 3, 4  # types of frames
WIFI, CURRENT, ABOUT, SCAN, HOSTNAME, NAME = 1, 2, 3, 4, 5, 6  # commands
READY, JOINING, JOINED = 2, 3, 4  # states
HEAD = b"IMPROV\x01"


def frame(kind: int, data: bytes) -> bytes:
    """A frame with its checksum and a line break."""
    raw = HEAD + bytes((kind, len(data))) + data
    return raw + bytes((sum(raw) & 255, 10))


def command(number: int, data: bytes = b"") -> bytes:
    """The frame of a command."""
    return frame(COMMAND, bytes((number, len(data))) + data)


def settings(ssid: str, password: str) -> bytes:
    """The frame of the command that gives a network."""
    texts = [text.encode() for text in (ssid, password)]
    return command(WIFI, b"".join(bytes((len(text),)) + text for text in texts))


def texts(data: bytes) -> list[str]:
    """The texts of a result, whose first two bytes are the command and a length."""
    found, rest = [], data[2:]
    assert data[1] == len(rest), data
    while rest:
        found.append(rest[1 : 1 + rest[0]].decode())
        rest = rest[1 + rest[0] :]
    return found


@dataclass
class Client:
    """What speaks Improv on the open file `port`. `text`: all that came besides frames."""

    port: int
    text: bytes = b""
    _come: bytes = b""
    frames: list[tuple[int, bytes]] = field(default_factory=list)  # that came, and are not taken yet

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        os.write(self.port, data)

    def take(self, seconds: float) -> tuple[int, bytes] | None:
        """The next frame, (type, data); None if none comes within `seconds`."""
        end = time.monotonic() + seconds
        while not self.frames:
            left = end - time.monotonic()
            if left < 0 or not select.select([self.port], [], [], left)[0]:
                return None
            try:
                self._come += os.read(self.port, 4096)
            except OSError:  # the device is gone
                return None
            self._split()
        return self.frames.pop(0)

    def _split(self) -> None:
        while True:
            before, head, rest = self._come.partition(HEAD)
            if not head or len(rest) < 2 or len(rest) < rest[1] + 3:
                return
            size = rest[1] + 2
            raw = head + rest[:size]
            assert rest[size] == sum(raw) & 255, "a frame with a wrong checksum"
            self.text += before
            self.frames.append((rest[0], rest[2:size]))
            self._come = rest[size + 1 :]

    def until(self, kind: int, seconds: float = 20, first: int | None = None) -> bytes:
        """The data of the next frame of `kind`, which begins with `first` if that is given; others are dropped."""
        end = time.monotonic() + seconds
        while True:
            found = self.take(end - time.monotonic())
            assert found, f"no frame of type {kind} came: {self.text + self._come!r}"
            if found[0] == kind and (first is None or found[1][0] == first):
                return found[1]

    def connect(self, seconds: float = 20) -> int:
        """Ask for the state until it is told, once a second as pages do; the state."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.send(command(CURRENT))
            again = time.monotonic() + 1
            while time.monotonic() < again:
                found = self.take(again - time.monotonic())
                if found and found[0] == STATE:
                    return found[1][0]
        raise AssertionError(f"no state came: {self.text + self._come!r}")

    def ask(self, number: int, data: bytes = b"", seconds: float = 20) -> list[str]:
        """The texts of the result of a command."""
        self.send(command(number, data))
        return texts(self.until(RESULT, seconds, number))

    def error(self, data: bytes) -> int:
        """The error, not 0, that sending `data` leads to."""
        self.send(data)
        while True:
            code = self.until(ERROR)[0]
            if code:
                return code


class Wireless:
    """A context in which `device` runs the firmware on a pty, with the Wi-Fi `air`, {name: password}.

    `before`: a program for the device to run first; `environment`: more variables. `client` is at the other end; `path`
    is the serial port there, for another program.
    """

    def __init__(self, device: Device, air: dict[str, str], before: str = "", **environment: str) -> None:
        self.device = device
        self._more = environment
        self._air = json.dumps(air)
        self._before = before

    def __enter__(self) -> Self:
        self._board, other = os.openpty()
        tty.setraw(other)
        self.client = Client(other)
        self.path = os.ttyname(other)
        library = self.device.library
        paths = f"{library}:{ROOT}/firmware:{ROOT}/boards/unix:{ROOT}/boards:.frozen"
        environment = {**os.environ, "MICROPYPATH": paths, "ENROLL_AIR": self._air, **self._more}
        start = f"import air, main, sys\nmain.leave(main.main([{str(self.device.path)!r}]), sys.platform)"
        program = [str(micropython(self.device.runtime)), "-c", f"{self._before}\n{start}"]
        self._log = (self.device.folder / "log").open("w+")
        self.process = subprocess.Popen(
            program, env=environment, stdin=self._board, stdout=self._board, stderr=self._log
        )
        return self

    def log(self) -> str:
        """All that the firmware has logged."""
        self._log.seek(0)
        return self._log.read()

    def ends(self, seconds: float = 20) -> int:
        """Wait for the end of the firmware; its exit status."""
        return self.process.wait(seconds)

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        self.device.heard += [self.log(), self.client.text.decode(errors="replace")]
        self._log.close()
        os.close(self._board)
        os.close(self.client.port)
