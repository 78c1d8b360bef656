"""Which fleets are let loose, and the figures of each. Needs numpy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import schedules
from .fleet import Storm, simulate

DEVICES = 1_000_000
CAPACITIES = (1_000, 100, 10_000)  # registrations a second
JUDGED = 1_000  # the capacity of the targets
HOUR = 3600
SITUATIONS: dict[str, dict[str, Any]] = {
    "all boot at once": {},
    "the service was away for an hour": {"outage": HOUR},
    "all boot at once, their routers take 1 to 2 minutes": {"joins": (60, 120)},
    "the network was away for an hour": {"joins": (HOUR, HOUR)},
}


@dataclass
class Found:
    """All storms of a run: by capacity, by situation, and with other figures in the firmware's schedule."""

    compared: dict[int, list[Storm]] = field(default_factory=dict)
    situations: dict[str, tuple[Storm, Storm]] = field(default_factory=dict)  # (as before, ours)
    variants: list[tuple[Storm, ...]] = field(default_factory=list)  # in the first three situations

    def one(self, name: str) -> Storm:
        """The storm of the schedule `name` at the capacity that is judged."""
        return next(it for it in self.compared[JUDGED] if it.schedule.name == name)


def run(devices: int, step: Callable[[str], None]) -> Found:
    """Let `devices` loose in every case, at capacities in the same ratio as for a million. `step`: told of each."""

    def storm(schedule: schedules.Schedule, capacity: int = JUDGED, **more: Any) -> Storm:
        step(schedule.title)
        return simulate(devices, max(1, capacity * devices // DEVICES), schedule, **more)

    found = Found()
    for capacity in CAPACITIES:
        found.compared[capacity] = [storm(it, capacity) for it in schedules.every()]
    for name, more in SITUATIONS.items():
        found.situations[name] = storm(schedules.before(), **more), storm(schedules.ours(), **more)
    for it in schedules.variants():
        found.variants.append(tuple(storm(it, **more) for more in list(SITUATIONS.values())[:3]))
    return found


def figures(storm: Storm) -> dict[str, Any]:
    """What is told of `storm`: seconds, and multiples of what its service can take."""
    return {
        "schedule": storm.schedule.name,
        "devices": storm.devices,
        "capacity": storm.capacity,
        "peak": {str(after): round(storm.peak(after), 2) for after in (0, 60, 600)},
        "seconds": {str(share): storm.seconds(share / 100) for share in (50, 99, 100)},
        "ideal": storm.ideal,
        "requests": round(storm.each(), 2),
    }
