"""When a device tries again: the firmware's own rule, and others to compare it with. Needs no numpy."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

FIRST, CAP = 5, 900  # seconds; `retry` of enroll.json, if it says nothing
STEPS = 1 << 16  # random numbers that the firmware tells apart
WEIGHT = 3  # of a failure with a network, see failed.py
KNOWN = 30  # after so many failures no wait grows any more
ASKED = (60, 600)  # seconds of the Retry-After in the comparison

Range = tuple[float, float]  # the shortest and the longest wait, in seconds; all between are equally likely


@dataclass(frozen=True)
class Schedule:
    """How long a device waits after a failure.

    Failures in a row are counted: `weight` for one that the service knows of, 1 for one where no network was joined.
    `joined`, `offline`: the waits after each of them, by the count; the last entry holds from there on, and the one at
    0 is not used. `first`: the wait before the first attempt. `asked`: the shortest and the longest wait that a
    Retry-After brings, which `joined` does not shorten.
    """

    name: str
    title: str
    joined: tuple[Range, ...]
    offline: tuple[Range, ...]
    weight: int = 1
    first: Range = (0, 0)
    asked: Range = (0, 0)

    def wait(self, count: int, chance: float, joined: bool = True) -> float:
        """Seconds to wait after a failure that made the count `count`. `chance`: a random number below 1."""
        ranges = self.joined if joined else self.offline
        low, high = ranges[min(count, len(ranges) - 1)]
        if not joined:
            return low + chance * (high - low)
        least, most = self.asked
        return max(least + chance * (most - least), low + chance * (high - low))

    @property
    def random(self) -> bool:
        """Whether devices that did the same may do different things next."""
        return any(low != high for low, high in (*self.joined, *self.offline, self.first, self.asked))


def firmware(failures: int, part: int, joined: bool = True, asked: int | None = None) -> tuple[int, float]:
    """What lib/enroll/failed.py and backoff.py do about a failure, under CPython: the new count, and the wait.

    `failures`: the count before. `part`: the random number, in 65536ths. `joined`: whether a network was joined.
    `asked`: seconds of the service's Retry-After.
    """
    from enroll import failed
    from enroll.errors import EnrollError

    error: Any = EnrollError("server" if joined else "network", "no")
    error.said = joined
    error.joined = joined
    error.retry_after = asked
    config = SimpleNamespace(first=FIRST, cap=CAP)
    journal = SimpleNamespace(unsaved=False)
    device = SimpleNamespace(failures=failures, config=config, journal=journal, port=SimpleNamespace())
    real = failed.os
    failed.os = SimpleNamespace(urandom=lambda size: part.to_bytes(size, "big"))
    try:
        wait = failed.failed(device, error, lambda at, *_: at)
    finally:
        failed.os = real
    return device.failures, float(wait)


def _range(count: int, joined: bool) -> Range:
    """The waits after the failure that makes the count `count`: the rule is linear in its random number."""
    weight = WEIGHT if joined else 1
    low = firmware(count - weight, 0, joined)[1]
    half = firmware(count - weight, STEPS // 2, joined)[1]
    return low, 2 * half - low


def ours(name: str = "ours", title: str = "enroll", **more: Any) -> Schedule:
    """The schedule of the firmware. `more`: `first` or `asked`."""
    tables = [tuple(_range(count, joined) for count in range(KNOWN)) for joined in (True, False)]
    return Schedule(name, title, tables[0], tables[1], WEIGHT, **more)


def asked(seconds: int) -> Range:
    """The waits that a Retry-After of `seconds` brings after a first failure, if they are longer than those without."""
    low = firmware(0, 0, True, seconds)[1]
    return low, 2 * firmware(0, STEPS // 2, True, seconds)[1] - low


def _doubling(least: float) -> tuple[Range, ...]:
    """Waits that double from FIRST to CAP; the shortest is that part `least` of the longest."""
    longest = [min(CAP, FIRST * 2 ** max(0, count - 1)) for count in range(12)]
    return tuple((least * it, it) for it in longest)


def same(name: str, title: str, ranges: tuple[Range, ...], **more: Any) -> Schedule:
    """A schedule that makes no difference between failures."""
    return Schedule(name, title, ranges, ranges, **more)


def variant(
    name: str, title: str, growth: int = 9, top: float = CAP / 2, least: float = 0.75, weight: int = WEIGHT
) -> Schedule:
    """The firmware's schedule with other figures.

    `growth`: of the longest wait; `top`: where that ends, in seconds; `least`: how far the shortest one follows, as a
    part of `top`; `weight`: see Schedule.
    """
    low, high = 0.0, float(FIRST)
    ranges = [(low, high)]
    for _ in range(KNOWN // weight):
        ranges.append((low, high))
        low, high = min(high, least * top), min(high * growth, top)
    joined = tuple(ranges[(count + weight // 2) // weight] for count in range(KNOWN))
    return Schedule(name, title, joined, ours().offline, weight)


def variants() -> list[Schedule]:
    """What else the firmware could do."""
    return [
        ours(title="enroll"),
        variant("growth-4", "the longest wait grows fourfold", growth=4),
        variant("growth-15", "it grows fifteenfold", growth=15),
        variant("top-300", "it ends at 300 s", top=300),
        variant("top-600", "it ends at 600 s", top=600),
        variant("least-half", "the last wait is from half of its longest", least=0.5),
        variant("least-0", "every wait begins at 0", least=0),
        variant("alike", "a failure without a network counts as much as another", weight=1),
        same("unknown", "without a memory for its failures", (firmware_unknown(),)),
        same("unknown-half", "the same, and no wait is longer than 450 s", ((0, CAP / 2),)),
    ]


def every() -> list[Schedule]:
    """All that are compared, the one of the firmware among them."""
    minutes = CAP // 60
    return [
        same("fixed", f"every {minutes} minutes", ((CAP, CAP),)),
        same("doubling", f"doubling from {FIRST} s to {minutes} minutes", _doubling(1)),
        before(),
        same(
            "jitter-asked",
            f"the same, each asked to wait {ASKED[0]} s",
            ((0, 0),),
            asked=(ASKED[0], ASKED[0] + FIRST),
        ),
        ours(),
        *(ours(f"ours-asked-{it}", f"enroll, each asked to wait {it} s", asked=asked(it)) for it in ASKED),
        ours("ours-first", "enroll, after a random wait of up to 5 minutes", first=(0, 300)),
        same("unknown", "enroll, without a memory for its failures", (firmware_unknown(),)),
    ]


def before() -> Schedule:
    """What the firmware did first: full jitter, and no difference between failures."""
    return same("jitter", f"0 to a limit that doubles from {FIRST} s to {CAP // 60} minutes", _doubling(0))


def firmware_unknown() -> Range:
    """The waits of a device that sleeps and does not know how often it has failed, see lib/enroll/sleep.py."""
    from enroll import sleep

    low = firmware(sleep._UNKNOWN, 0)[1]
    return low, 2 * firmware(sleep._UNKNOWN, STEPS // 2)[1] - low
