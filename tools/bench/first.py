"""First boots over TLS on loopback: enroll, which verifies, beside the plain script, which does not."""

from __future__ import annotations

import itertools
from typing import Any

from . import Row, Work, ratio
from .boots import FORMS, Sides, device, runtimes, served, starter

TITLE = "First boot over TLS"
TARGET = 1.05
RUNS = 50


def measure(work: Work) -> list[Row]:
    """Boot devices that have not registered: those of enroll and of the plain script in turns."""
    runs = work.runs(RUNS)
    sides = Sides(work.folder / "code")
    rows = []
    with served("etherfax", runs * 2 * len(FORMS) * len(runtimes())) as configs:
        fresh = iter(configs)
        for runtime, form in itertools.product(runtimes(), FORMS):
            found: dict[str, list[Any]] = {"enroll": [], "plain": []}
            with starter(runtime) as start:
                for number in work.each(range(runs), f"{runtime}, {FORMS[form]}"):
                    for side in sorted(found, reverse=bool(number % 2)):
                        folder = device(work.folder / f"{runtime}-{form}-{number}-{side}", next(fresh))
                        found[side].append(start(folder, *sides.start(side, form)))
            rows += judged(f"{runtime}.{form}", f"{runtime}, {FORMS[form]}", found, TARGET)
    return rows


def judged(name: str, what: str, found: dict[str, list[Any]], target: float) -> list[Row]:
    """Rows for time and for the processor's time of the boots `found` {"enroll": ..., "plain": ...}."""
    rows = []
    for kind, words in {"seconds": "time", "cpu": "processor"}.items():
        series = {side: [getattr(boot, kind) * 1000 for boot in boots] for side, boots in found.items()}
        low, middle, high = ratio(series["enroll"], series["plain"])
        told = {side: f"{sorted(times)[len(times) // 2]:.1f} ms" for side, times in series.items()}
        rows.append(
            Row(
                f"{name}.{kind}",
                f"{what}, {words}",
                middle,
                "<=",
                target,
                ours=told["enroll"],
                beside=told["plain"],
                low=low,
                high=high,
            )
        )
    return rows
