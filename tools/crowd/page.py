"""The part of docs/storm.md that a run writes, with what the simulation says beside it. Needs numpy and matplotlib."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from devices import ROOT
from figures import fill, number, table
from figures.plots import COLOURS, save
from matplotlib import pyplot

from .predict import predicted
from .records import Run, per_second

PAGE = ROOT / "docs" / "storm.md"
PLOT = ROOT / "docs" / "storm" / "crowd.svg"
PLACES = [f"crowd.{it}" for it in ("table", "devices", "cores", "booted", "killed", "back", "lost", "most")]
MIDDLE = 0.9  # of the simulations: the range that is shown

FIGURES: tuple[tuple[str, int, Callable[[Run], float]], ...] = (
    ("50 % registered after, s", 0, lambda it: it.until(0.5)),
    ("99 %", 0, lambda it: it.until(0.99)),
    ("100 %", 0, lambda it: it.until(1)),
    ("attempts a device", 2, Run.each),
    ("most requests in a second", 0, lambda it: float(it.peak())),
)


def spread(values: list[float]) -> tuple[float, float, float]:
    """The middle one, and the least and the largest of those around it."""
    ordered = sorted(values)
    out = round(len(ordered) * (1 - MIDDLE) / 2)
    return statistics.median(ordered), ordered[out], ordered[-1 - out]


def compared(run: Run, predictions: list[Run]) -> str:
    """The table: what was measured beside what was predicted."""
    rows = []
    for name, digits, figure in FIGURES:
        middle, least, most = (number(it, digits) for it in spread([figure(it) for it in predictions]))
        rows.append([name, number(figure(run), digits), middle, f"{least} to {most}"])
    return table(["", "measured", "simulated", f"{MIDDLE:.0%} of the simulations"], rows)


def values(run: Run, predictions: list[Run]) -> dict[str, str]:
    """All that the page has a place for."""
    return {
        "crowd.table": compared(run, predictions),
        "crowd.devices": str(run.devices),
        "crowd.cores": str(os.cpu_count()),
        "crowd.booted": number(run.booted, 1),
        "crowd.killed": number(run.away[0], 1),
        "crowd.back": number(run.away[1], 1),
        "crowd.lost": str(run.lost),
        "crowd.most": str(run.most),
    }


def draw(run: Run, predictions: list[Run]) -> Any:
    """Devices registered and requests a second over time."""
    times = np.arange(0, run.until(1) * 1.1, 0.5)
    figure, (upper, lower) = pyplot.subplots(2, sharex=True, figsize=(8, 6))
    curves = [np.searchsorted(np.sort(it.registrations), times, "right") for it in predictions]
    upper.fill_between(times, *np.quantile(curves, [0.5 - MIDDLE / 2, 0.5 + MIDDLE / 2], axis=0), alpha=0.25)
    upper.plot(times, np.median(curves, axis=0), linestyle="--", label="simulated")
    upper.plot(times, np.searchsorted(np.sort(run.registrations), times, "right"), label="measured")
    upper.set_ylabel("devices registered")
    upper.legend(loc="lower right")
    counts = per_second(run.requests)
    lower.bar(np.arange(len(counts)) + 0.5, counts, width=1, color=COLOURS[1])
    lower.axhline(run.most, color="grey", linewidth=1, linestyle=":")
    lower.set_ylabel("requests in a second")
    lower.set_xlabel("seconds since the first device was switched on")
    for axes in (upper, lower):
        axes.axvspan(*run.away, color="grey", alpha=0.2, linewidth=0)
    return figure


def write(run: Run, page: Path = PAGE, plot: Path = PLOT) -> list[Run]:
    """Write what a run has shown into `page` and `plot`. Returns the simulations."""
    predictions = predicted(run)
    fill(page, values(run, predictions))
    save(draw(run, predictions), plot, f"{run.devices} devices: registered, and requests a second, over time")
    return predictions
