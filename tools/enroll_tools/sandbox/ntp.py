"""An SNTP version 4 server (RFC 4330, RFC 5905) that can also give every kind of answer that a client must reject."""

from __future__ import annotations

import asyncio
import math
import socket
import struct
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from .clock import Clock
from .errors import BadOption, SandboxError
from .fault_kinds import OFFSETS

if TYPE_CHECKING:
    from .faults import Fault

# What the administrator can ask for; see README.md.
FAULTS = (
    "kiss-of-death",
    "stratum-16",
    "unsynchronized",
    "wrong-mode",
    "wrong-origin",
    "zero-transmit",
    "short",
    "silent",
    "forged",
    "forged-source",
)

_UNIX_TO_NTP = 2_208_988_800
_PACKET = struct.Struct("!BBbb11I")
TWO_CENTURIES = 200 * 366 * 86_400  # seconds: more than an era of NTP
# A forged answer is a year ahead: plausible, and nobody can mistake it for the true time.
_FORGED = 365 * 86400

Address = tuple[str, int]


def timestamp(seconds: float) -> tuple[int, int]:
    """Unix seconds as an NTP timestamp: seconds since 1900 modulo 2**32 (they roll over in 2036) and the fraction."""
    # Scaling a float by a power of two is exact.
    whole, fraction = divmod(math.floor(seconds * 2**32), 2**32)
    return (whole + _UNIX_TO_NTP) & 0xFFFFFFFF, fraction


def answer(query: bytes, received: float, transmitted: float, stratum: int, fault: str | None = None) -> bytes:
    """The answer to a client's query of at least 48 bytes; times are Unix seconds."""
    version = query[0] >> 3 & 7
    leap, mode = 0, 4
    reference = int.from_bytes(b"LOCL", "big") if stratum == 1 else 0x7F000001
    origin = struct.unpack_from("!II", query, 40)
    if fault == "kiss-of-death":
        leap, stratum, reference = 3, 0, int.from_bytes(b"RATE", "big")
    elif fault == "stratum-16":
        leap, stratum = 3, 16
    elif fault == "unsynchronized":
        leap = 3
    elif fault == "wrong-mode":
        mode = 5
    elif fault in ("wrong-origin", "forged"):
        origin = (origin[0] ^ 0x5A5A5A5A, origin[1] ^ 0xA5A5A5A5)
    transmit = (0, 0) if fault == "zero-transmit" else timestamp(transmitted)
    packet = _PACKET.pack(
        leap << 6 | version << 3 | mode,
        stratum,
        query[2] - 256 if query[2] > 127 else query[2],
        -20,
        0,
        0x10,
        reference,
        *timestamp(received - 16),
        *origin,
        *timestamp(received),
        *transmit,
    )
    return packet[:47] if fault == "short" else packet


class NtpServer(asyncio.DatagramProtocol):
    """Serves the sandbox's clock. ``offset`` (seconds) is added to the time, but not to that of the services."""

    def __init__(
        self,
        clock: Clock,
        stratum: int,
        record: Callable[[str, int, str], None],
        take: Callable[[], Fault | None] = lambda: None,
    ) -> None:
        """``record(client, bytes, note)`` is called for every packet, before it is answered. ``take()`` gives the fault
        that is set for it, if one is.
        """
        if not 1 <= stratum <= 15:
            raise BadOption("the stratum must be from 1 to 15")
        self.offset = 0.0
        self.queries = 0
        self._clock = clock
        self._stratum = stratum
        self._record = record
        self._take_set = take
        self._fault: str | None = None
        self._left: int | None = None
        self._lock = threading.Lock()
        self._transport: asyncio.DatagramTransport | None = None

    def set_fault(self, fault: str | None, times: int | None = None) -> None:
        """Misbehave in the named way for the next ``times`` queries, or until told otherwise; None stops it."""
        if fault is not None and fault not in FAULTS:
            raise SandboxError(f"unknown NTP fault {fault!r} (known: {', '.join(FAULTS)})")
        if times is not None and times < 1:
            raise SandboxError("times must be at least 1")
        with self._lock:
            self._fault, self._left = fault, times

    @property
    def fault(self) -> str | None:
        """The fault that the next query meets, or None."""
        return self._fault

    def _take(self) -> str | None:
        with self._lock:
            fault = self._fault
            if self._left is not None:
                self._left -= 1
                if self._left <= 0:
                    self._fault = self._left = None
            return fault

    def _set(self) -> str | None:
        fault = self._take_set()
        return fault.kind.removeprefix("ntp-") if fault else None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (asyncio calls this)."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: Address) -> None:
        """Answer a query (asyncio calls this); anything but a client's query is logged and ignored."""
        received = self._clock.now()
        self.queries += 1
        client = f"{address[0]}:{address[1]}"
        if len(data) < 48 or data[0] & 7 != 3 or not 1 <= data[0] >> 3 & 7 <= 4:
            self._record(client, len(data), "ignored: not a client's query")
            return
        fault = self._take() or self._set()
        self._record(client, len(data), f"fault: {fault}" if fault else "")
        offset = self.offset + OFFSETS.get(f"ntp-{fault}", 0)
        received += offset
        if fault == "silent" or self._transport is None:
            return
        if fault == "forged":
            self._transport.sendto(answer(data, received + _FORGED, received + _FORGED, self._stratum, fault), address)
        elif fault == "forged-source":
            self._send_from_elsewhere(answer(data, received + _FORGED, received + _FORGED, self._stratum), address)
        honest = fault in ("forged", "forged-source")
        transmitted = self._clock.now() + offset
        self._transport.sendto(answer(data, received, transmitted, self._stratum, None if honest else fault), address)

    def _send_from_elsewhere(self, packet: bytes, address: Address) -> None:
        """Send from another port: everything in the answer is right but its source (and the time)."""
        with socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(packet, address)
