"""Canned misbehaviour that the administrator queues for the next requests of a service."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import threading
from typing import Literal

from .errors import SandboxError
from .operations import HOUR, MANY
from .shapes import parse


@dataclasses.dataclass
class Fault:
    """What to do with the next ``times`` requests of a service.

    The service ``"*"`` means any service, and the page at ``/``. With ``status`` the answer is canned and the service
    never
    sees the request; ``headers`` are added to any answer. ``delay`` (seconds) comes after the service has
    done its work and before the answer. ``drop`` closes the connection without an answer, ``"before"`` or ``"after"``
    the service has done (and committed) its work. ``shape`` spoils the answer in named ways, see shapes.SHAPES.
    ``truncate`` sends that many bytes of the answer's body and closes. ``path``: only for requests whose path contains
    this text.
    """

    service: str
    times: int = 1
    status: int | None = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    drop: Literal["before", "after"] | None = None
    truncate: int | None = None
    path: str = ""
    shape: str = ""

    def __post_init__(self) -> None:
        """Check the values. Raises SandboxError."""
        if not 1 <= self.times <= MANY:
            raise SandboxError(f"times must be a whole number from 1 to {MANY}")
        if self.status is not None and not 200 <= self.status <= 599:
            raise SandboxError("status must be from 200 to 599")
        if not 0 <= self.delay <= HOUR:  # which NaN is not
            raise SandboxError(f"delay must be a number from 0 to {HOUR}")
        if self.truncate is not None and self.truncate < 0:
            raise SandboxError("truncate must not be negative")
        if self.drop not in (None, "before", "after"):
            raise SandboxError('drop must be "before" or "after"')
        if self.status is None and self.body:
            raise SandboxError("a body needs a status")
        if "early" in self.shapes and not self.canned:
            raise SandboxError("early needs a status or portal: the service has not seen the request yet")
        if any(ord(letter) < 32 for pair in self.headers.items() for letter in "".join(pair)):
            raise SandboxError("headers must not hold control characters")

    @property
    def shapes(self) -> dict[str, str]:
        """The shapes by name, with their values."""
        return parse(self.shape)

    @property
    def canned(self) -> bool:
        """Whether the fault itself makes the answer, so that the service does not see the request."""
        return self.status is not None or "portal" in self.shapes

    def describe(self) -> str:
        """A few words for the log's note."""
        words = []
        if self.status is not None:
            words.append(f"canned {self.status}")
        if self.headers and self.status is None:
            words.append("headers")
        if self.delay:
            words.append(f"delay {self.delay:g} s")
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


class FaultQueue:
    """The queue of faults, first in, first out. Kept in memory only."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Queue a fault behind the others of its service."""
        with self._lock:
            self._faults.append(fault)

    def take(self, service: str, path: str) -> Fault | None:
        """The fault for this request, or None; counts as one use of it."""
        with self._lock:
            for fault in self._faults:
                if fault.service in (service, "*") and fault.path in path:
                    fault.times -= 1
                    if fault.times == 0:
                        self._faults.remove(fault)
                    return fault
        return None

    def pending(self) -> list[Fault]:
        """The queued faults, in order."""
        with self._lock:
            return [dataclasses.replace(fault) for fault in self._faults]

    def clear(self, service: str | None = None) -> None:
        """Forget the faults of one service or of all."""
        with self._lock:
            self._faults = [fault for fault in self._faults if service not in (None, fault.service)]
