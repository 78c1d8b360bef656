"""What a run has shown: by the records of the sandbox, by the journals of the devices, and by what these have said."""

from __future__ import annotations

import collections
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.clock import parse_time
from enroll_tools.sandbox.history import REGISTERED
from load import firmware

from .members import Member

firmware.install()

import enroll  # noqa: E402
from enroll.config import Config  # noqa: E402
from load.device import Port  # noqa: E402


@dataclass
class Run:
    """One run. Times are seconds since the first device was switched on.

    `away`: from when to when there was no sandbox. `registrations`: when each device was registered at its service, by
    what it is still registered by. `requests`: when each came in. `attempts`: of each device. `lost`: devices whose
    answer the kill has lost. `wrong`: what should never be, in sentences.
    """

    devices: int
    most: int
    booted: float = 0
    away: tuple[float, float] = (0, 0)
    registrations: list[float] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    lost: int = 0
    wrong: list[str] = field(default_factory=list)

    def until(self, share: float) -> float:
        """Seconds until this share of all devices was registered."""
        needed = math.ceil(self.devices * share)
        return sorted(self.registrations)[needed - 1] if needed <= len(self.registrations) else math.inf

    def each(self) -> float:
        """Attempts a device, those that found no sandbox included."""
        return sum(self.attempts) / self.devices

    def peak(self) -> int:
        """The most requests in any whole second."""
        return max(per_second(self.requests), default=0)


def per_second(moments: Iterable[float]) -> list[int]:
    """How many of them are in each second from 0 on."""
    counts = collections.Counter(int(it) for it in moments)
    return [counts[second] for second in range(max(counts, default=-1) + 1)]


def credentials(sandbox: Sandbox) -> dict[tuple[str, str], list[str]]:
    """The secrets that are good at each service, by it and by a device's name there."""
    found: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for row in sandbox.etherfax.devices(reveal=True):
        if row["device_token"]:
            found["etherfax", row["serial"]].append(row["device_token"])
    for row in sandbox.ickstream.devices(reveal=True):
        found["ickstream", row["hardware_id"]].append(row["access_token"])
    for row in sandbox.xyte.devices(reveal=True):
        if not row["deleted"]:
            found["xyte", row["sn"]].append(row["access_key"])
    return found


def read(run: Run, crowd: list[Member], sandbox: Sandbox) -> Run:
    """Fill in what the records on disk say, after all processes have ended; compare them with the journals."""
    began = crowd[0].started[0]
    given: dict[tuple[str, str], list[float]] = collections.defaultdict(list)
    for entry in sandbox.log():
        if entry.service not in {it.service for it in crowd}:
            continue
        moment = parse_time(entry.time) - began
        run.requests.append(moment)
        if entry.reason == REGISTERED:
            given[entry.service, entry.device.partition(" ")[0]].append(moment)
    good = credentials(sandbox)
    for it in crowd:
        who = it.service, it.name
        run.attempts.append(len(it.failures()) + it.registered())
        run.registrations += given[who][-1:]
        run.lost += it.resets
        run.wrong += [f"{it.service} {it.name} {words}" for words in _wrong(it, given[who], good[who])]
    return run


def _wrong(it: Member, given: list[float], good: list[str]) -> Iterable[str]:
    """What should never be of one device. `given`: when its service gave it a credential; `good`: those good there."""
    stored: Any = enroll.stored(Config.load(str(it.device.path)), Port())
    if not it.registered():
        yield "is not registered when the time is over"
    elif stored is None:
        yield "has no credential in its journal"
    elif [stored.secret.reveal()] != good:
        yield "has another credential in its journal than its service knows"
    if len(given) > it.resets + 1:
        yield f"was registered {len(given)} times, though its portal was reset {it.resets} times"
    if len(given) < it.resets + 1 and it.registered():
        yield f"was registered {len(given)} times; before a reset there was nothing to lose"
