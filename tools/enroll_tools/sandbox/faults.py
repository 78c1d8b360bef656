"""Misbehaviour that the administrator sets for the next requests of a service or of a device."""

from __future__ import annotations

import base64
import binascii
import collections
import dataclasses
import itertools
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

from .errors import SandboxError
from .fault_kinds import ALL_NTP, ALL_TLS, DAY, EXPIRES, KINDS
from .operations import HOUR, MANY
from .shapes import parse

_DIGITS = 18  # of a Content-Length


@dataclasses.dataclass
class Fault:
    """What to do with the next ``times`` requests of a service, None for all, until ``expires`` seconds have gone by.

    The service ``"*"`` means any service, and the page at ``/``. With ``status`` the answer is canned and the service
    never sees the request; ``headers`` are added to any answer. ``delay`` (seconds) comes after the service has done
    its work and before the answer. ``drop`` closes the connection without an answer, ``"before"`` or ``"after"`` the
    service has done (and committed) its work. ``shape`` spoils the answer in named ways, see shapes.SHAPES.
    ``truncate`` sends that many bytes of the answer's body and closes. ``path``: only for requests whose path contains
    this text. ``device``: only for requests that say they are this device's. ``every``: only the first of so many.
    ``most``: only requests beyond so many in any one second.
    ``registration``: only when the answer has the credential; such a fault spoils the answer, after the work.
    ``kind``: its name in fault_kinds, if it has one. ``id`` is a number of the queue's.
    """

    service: str
    times: int | None = 1
    status: int | None = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    drop: Literal["before", "after"] | None = None
    truncate: int | None = None
    path: str = ""
    shape: str = ""
    device: str = ""
    every: int = 1
    most: int | None = None
    registration: bool = False
    kind: str = ""
    expires: float = EXPIRES
    id: int = 0

    def __post_init__(self) -> None:
        """Check the values. Raises SandboxError."""
        self.expires = min(self.expires, DAY) if self.expires > 0 else -1
        if self.expires < 0:
            raise SandboxError("expires must be a number of seconds, more than 0")
        if self.times is not None and not 1 <= self.times <= MANY:
            raise SandboxError(f"times must be a whole number from 1 to {MANY}")
        if self.status is not None and not 200 <= self.status <= 599:
            raise SandboxError("status must be from 200 to 599")
        if not 0 <= self.delay <= HOUR:  # which NaN is not
            raise SandboxError(f"delay must be a number from 0 to {HOUR}")
        if self.truncate is not None and self.truncate < 0:
            raise SandboxError("truncate must not be negative")
        if self.most is not None and not 1 <= self.most <= MANY:
            raise SandboxError(f"most must be a whole number from 1 to {MANY}")
        if self.drop not in (None, "before", "after"):
            raise SandboxError('drop must be "before" or "after"')
        if self.status is None and self.body:
            raise SandboxError("a body needs a status")
        if "early" in self.shapes and not self.canned:
            raise SandboxError("early needs a status or portal: the service has not seen the request yet")
        if "early" in self.shapes and self.device:
            raise SandboxError(
                "the shape early cannot be for one device, whose request it does not read: leave the device out"
            )
        if self.registration and (self.canned or self.drop == "before" or self.service in SHARED):
            raise SandboxError("registration needs a fault that spoils the answer: the service has to register first")
        if any(ord(letter) < 32 for pair in self.headers.items() for letter in "".join(pair)):
            raise SandboxError("headers must not hold control characters")
        lengths = [value for name, value in self.headers.items() if name.lower() == "content-length"]
        if any(not value.isascii() or not value.isdigit() or len(value) > _DIGITS for value in lengths):
            # The framework counts the bytes that are left, and would send none.
            raise SandboxError(
                f"Content-Length must be a whole number of up to {_DIGITS} digits; it may be a wrong one"
            )

    @property
    def shapes(self) -> dict[str, str]:
        """The shapes by name, with their values."""
        return parse(self.shape)

    @property
    def canned(self) -> bool:
        """Whether the fault itself makes the answer, so that the service does not see the request."""
        return self.status is not None or "portal" in self.shapes

    @property
    def title(self) -> str:
        """What a person calls it: as on its button, or what it does."""
        return KINDS[self.kind].label if self.kind else self.describe().removeprefix("fault: ")

    def concerns(self, service: str, device: str | None = None) -> bool:
        """Whether it may meet a request of a service, and of one of its devices."""
        return self.service in (service, "*", *SHARED) and (device is None or self.device in ("", device))

    def describe(self) -> str:
        """A few words for the log's note."""
        words = [self.kind] if self.kind else []
        if self.status is not None:
            words.append(f"canned {self.status}")
        if self.headers and self.status is None:
            words.append("headers")
        if self.delay:
            words.append(f"delay {self.delay:g} s")
        if self.most is not None:
            words.append(f"beyond {self.most} a second")
        if self.drop:
            words.append(f"drop {self.drop}")
        if self.truncate is not None:
            words.append(f"truncate {self.truncate}")
        if self.shape:
            words.append(self.shape)
        return "fault: " + ", ".join(words)


def decode_body(body: str, body_base64: str) -> bytes:
    """The raw bytes of a body that came as text or as base64."""
    if body and body_base64:
        raise SandboxError("give body or body_base64, not both")
    try:
        return base64.b64decode(body_base64, validate=True) if body_base64 else body.encode()
    except (binascii.Error, ValueError):
        raise SandboxError("body_base64 is not base64") from None


def make(kind: str | None, service: str, **given: Any) -> Fault:
    """A fault with the fields that are ``given`` (not None). One of a ``kind`` is for all requests until it expires,
    unless they say otherwise; any other is for one.
    """
    fields = {name: value for name, value in given.items() if value is not None}
    if kind is None:
        fault = Fault(service, **fields)
        if not any((fault.canned, fault.headers, fault.delay, fault.drop, fault.truncate is not None, fault.shapes)):
            raise SandboxError("the fault does nothing: say what goes wrong, by a kind, or by status, delay, drop, ...")
        return fault
    known = KINDS.get(kind)
    if known is None:
        raise SandboxError(f"unknown kind of fault {kind!r} (known: {', '.join(KINDS)})")
    if known.service and given.get("device"):
        raise SandboxError(f"{kind} cannot be for one device: all of them share the {SHARED[known.service]}")
    return Fault(known.service or service, kind=kind, **{"times": None, **known.fields, **fields})


SHARED = {ALL_NTP: "NTP server", ALL_TLS: "https port"}


KEPT = 500  # events of faults, the newest
SET, REMOVED, EXPIRED, USED = "is set", "is removed", "has expired", "has met its last request"


@dataclasses.dataclass(frozen=True)
class FaultEvent:
    """What happened to a fault: SET, REMOVED, EXPIRED or USED, at the sandbox's time in Unix seconds."""

    time: float
    fault: Fault
    event: str


class FaultQueue:
    """The faults that are set, first in, first out, and what happened to them. Kept in memory only. ``now()``: seconds
    of a clock that only goes forward; ``wall()``: the sandbox's time.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._events: collections.deque[FaultEvent] = collections.deque(maxlen=KEPT)
        self._faults: list[Fault] = []
        self._ends: dict[int, float] = {}
        self._met: dict[int, int] = {}
        self._spared: dict[int, collections.deque[float]] = {}
        self._now = now
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        """Whether any fault is set."""
        return bool(self._faults)

    def add(self, fault: Fault) -> int:
        """Set a fault behind the others of its service; returns its number."""
        with self._lock:
            number = next(self._numbers)
            self._faults.append(dataclasses.replace(fault, id=number))
            self._ends[number] = self._now() + fault.expires
            self._met[number] = 0
            self._spared[number] = collections.deque(maxlen=fault.most)
            self._events.append(FaultEvent(self._wall(), self._faults[-1], SET))
            return number

    def take(
        self, service: str, path: str = "", device: Callable[[], str] | None = None, registration: bool = False
    ) -> Fault | None:
        """The fault for this request, or None; counts as one use of it.

        ``device()`` says whose it is; before that is known (None), faults of one device are passed over, and after
        that all others. ``registration``: the service's answer has the credential; faults that wait for that, and no
        others.
        """
        if not self._faults:
            return None
        with self._lock:
            self._expire()
            for fault in self._faults:
                if fault.service not in (service, "*") or (fault.service == "*" and service in SHARED):
                    continue
                if fault.path not in path or fault.registration != registration:
                    continue
                if not registration and bool(fault.device) != (device is not None):
                    continue
                if fault.device and device is not None and fault.device != device():
                    continue
                if self._spares(fault):
                    continue
                self._met[fault.id] += 1
                if (self._met[fault.id] - 1) % fault.every == 0:
                    return self._used(fault)
        return None

    def _spares(self, fault: Fault) -> bool:
        """Whether a fault leaves this request alone, as one of so many in the last second."""
        if fault.most is None:
            return False
        now, spared = self._now(), self._spared[fault.id]
        if len(spared) == fault.most and now - spared[0] < 1:
            return False
        spared.append(now)
        return True

    def _used(self, fault: Fault) -> Fault:
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self._remove([fault], USED)
        return fault

    def _expire(self) -> float:
        """Remove what has expired by now. Returns that moment."""
        now = self._now()
        self._remove([fault for fault in self._faults if self._ends[fault.id] <= now], EXPIRED)
        return now

    def _remove(self, faults: list[Fault], why: str) -> None:
        for fault in faults:
            late = self._now() - self._ends[fault.id] if why == EXPIRED else 0.0
            self._events.append(FaultEvent(self._wall() - late, fault, why))
            self._faults.remove(fault)
            del self._ends[fault.id], self._met[fault.id], self._spared[fault.id]

    def pending(self) -> list[Fault]:
        """The faults that are set, in order; ``expires`` is what is left."""
        with self._lock:
            now = self._expire()
            return [dataclasses.replace(fault, expires=self._ends[fault.id] - now) for fault in self._faults]

    def clear(self, service: str | None = None, number: int | None = None) -> None:
        """Forget the fault with a number, those of one service, or all. Raises SandboxError for an unknown number."""
        with self._lock:
            self._expire()
            found = [it for it in self._faults if service in (None, it.service) and number in (None, it.id)]
            if number is not None and not found:
                raise SandboxError(f"there is no fault {number}: it may have expired")
            self._remove(found, REMOVED)

    def events(self, service: str, device: str) -> list[FaultEvent]:
        """What happened to the faults that could meet a device, the oldest first."""
        with self._lock:
            self._expire()
            return [it for it in self._events if it.fault.concerns(service, device)]
