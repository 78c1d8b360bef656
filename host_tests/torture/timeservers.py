"""Time servers with every fault, a thread each, beside a correct one."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from enroll_tools.sandbox import ntp


@dataclass(frozen=True)
class Elsewhere:
    """A packet that is sent from another port."""

    packet: bytes


@dataclass(frozen=True)
class Pause:
    seconds: float


Replies = Iterable[bytes | Elsewhere | Pause]
Behaviour = Callable[[bytes], Replies]  # from a query to the replies


def unix(date: str) -> int:
    """Unix seconds at the ISO 8601 time `date`, UTC."""
    return int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp())


def true(query: bytes) -> bytes:
    return ntp.answer(query, time.time(), time.time(), stratum=2)


def right(query: bytes) -> Replies:
    return [true(query)]


def at(moment: int) -> Behaviour:
    """A server that believes it is `moment`, Unix seconds."""
    return lambda query: [ntp.answer(query, moment, moment, stratum=2)]


def faulty(fault: str) -> Behaviour:
    """One of the sandbox's faults; its own NTP server adds the true answer to those that are forged."""
    return lambda query: [] if fault == "silent" else [ntp.answer(query, _ahead(), _ahead(), 2, fault)]


def headed(first: int, stratum: int) -> Behaviour:
    """An answer whose first byte (leap, version, mode) and stratum are these, and which is right otherwise."""
    return lambda query: [bytes([first, stratum]) + true(query)[2:]]


def transmitted(stamp: bytes) -> Behaviour:
    """An answer with this transmit timestamp, which is right otherwise."""
    return lambda query: [true(query)[:40] + stamp]


def cut(length: int) -> Behaviour:
    """An answer cut or padded to `length` bytes."""
    return lambda query: [true(query).ljust(length, b"\0")[:length]]


def before(behaviour: Behaviour, seconds: float = 0, times: int = 1) -> Behaviour:
    """What `behaviour` sends, so many times, then after some seconds the right answer: the race of a forger."""
    return lambda query: [*behaviour(query)] * times + [Pause(seconds), *right(query)]


def from_elsewhere(query: bytes) -> Replies:
    """Right in everything, the nonce too, but for its time and its source."""
    return [Elsewhere(ntp.answer(query, _ahead(), _ahead(), 2))]


def flood(query: bytes) -> Replies:
    """Forged packets for longer than a device should wait."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        yield from faulty("wrong-origin")(query)
        yield Pause(0.002)


def _ahead() -> float:
    return time.time() + 365 * 86400


class TimeServer:
    """Answers as `behaviour` says; None: nobody is there, and ICMP says so. Use it as a context manager."""

    def __init__(self, behaviour: Behaviour | None) -> None:
        self._behaviour = behaviour
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.where = f"127.0.0.1:{self._socket.getsockname()[1]}"
        if behaviour is None:
            self._socket.connect(("127.0.0.1", 9))  # the stack refuses what comes from anyone else
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while self._behaviour:
            query, address = self._socket.recvfrom(64)
            for reply in self._behaviour(query) if query else ():
                if self._over.is_set():
                    return
                with contextlib.suppress(OSError):  # the device does not listen any more
                    self._send(reply, address)
            if self._over.is_set():
                return

    def _send(self, reply: bytes | Elsewhere | Pause, address: tuple[str, int]) -> None:
        if isinstance(reply, Pause):
            self._over.wait(reply.seconds)
        elif isinstance(reply, Elsewhere):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.sendto(reply.packet, address)
        else:
            self._socket.sendto(reply, address)
