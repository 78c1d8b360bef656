"""The time of a first boot by phase, from driver.py."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable

from .boots import Boots

RUNTIMES = ("newest", "chip")
FORM = "mpy"
RUNS = 20
PHASES = {  # what driver.py calls it: what the page calls it, in the order of a boot
    "imports": "loading modules",
    "configuration": "reading enroll.json",
    "link": "the link (none here)",
    "look-up": "looking up names",
    "NTP": "NTP",
    "connect": "TCP",
    "certificates": "reading the CA",
    "handshake": "TLS handshake",
    "request": "the request, until its answer has come",
    "slots": "writing and reading the slots",
    "firmware": "everything else",
}
OTHERS = ("credential", "request made", "ready", "close", "end")  # these are part of everything else


def phases(line: str) -> dict[str, float]:
    """Milliseconds by phase, in the order of PHASES, from the last line of driver.py."""
    found = dict.fromkeys(PHASES, 0.0)
    for name, microseconds in json.loads(line).items():
        found["firmware" if name in OTHERS else name] += microseconds / 1000
    return found


def medians(boots: Iterable[dict[str, float]]) -> dict[str, float]:
    """The median of each phase over `boots`, as `phases` returns them."""
    series = list(boots)
    return {name: statistics.median(it[name] for it in series) for name in PHASES}


def shares(times: dict[str, float]) -> dict[str, float]:
    """Percent of their sum."""
    total = sum(times.values())
    return {name: 100 * it / total for name, it in times.items()}


def measure(boots: Boots, runtime: str, runs: Iterable[int]) -> dict[str, float]:
    """Median milliseconds by phase on `runtime`, after a first boot that does not count."""
    boots.watched(runtime, FORM, "time")
    return medians(phases(boots.watched(runtime, FORM, "time")[-1]) for _ in runs)
