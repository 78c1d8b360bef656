"""The plots of docs/storm.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from figures.plots import COLOURS, save
from matplotlib import pyplot

from .cases import HOUR, Found
from .fleet import Storm

LOOK = 1800  # seconds that are shown
BIN = 10  # seconds of which the highest is drawn
SHOWN = {"doubling": COLOURS[6], "jitter": COLOURS[1], "ours-asked-60": COLOURS[4], "ours": COLOURS[0]}
NOW, BEFORE = "enroll", "before: a limit that doubles, full jitter"


def draw(found: Found, folder: Path) -> None:
    """Write all plots into `folder`."""
    folder.mkdir(exist_ok=True)
    chosen = [found.one(name) for name in SHOWN]
    save(_requests(chosen), folder / "requests.svg", "Requests a second over time, as multiples of the capacity")
    save(_registered(chosen), folder / "registered.svg", "Share of the devices that are registered, over time")
    away = found.situations["the service was away for an hour"]
    save(_outage(*away), folder / "outage.svg", "Requests a second during and after an outage of an hour")


def _highest(storm: Storm, seconds: int) -> tuple[Any, Any]:
    """Minutes, and the most requests a second of each bin as multiples of the capacity; None where there were none."""
    requests, _ = storm.series(seconds)
    most = requests.reshape(-1, BIN).max(axis=1) / storm.capacity
    return np.arange(most.size) * BIN / 60, np.where(most > 0, most, np.nan)


def _axes(x: str, y: str) -> tuple[Any, Any]:
    figure, axes = pyplot.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    return figure, axes


def _explained(figure: Any) -> Any:
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _requests(storms: list[Storm]) -> Any:
    figure, axes = _axes("minutes after all have booted", "requests a second / capacity")
    for it in storms:
        spikes = {} if it.schedule.random else {"linestyle": "", "marker": "o", "markersize": 4}
        axes.plot(*_highest(it, LOOK), color=SHOWN[it.schedule.name], label=it.schedule.title, **spikes)
    axes.axhline(1, color="grey", linewidth=1, linestyle=":")
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.01)
    return _explained(figure)


def _registered(storms: list[Storm]) -> Any:
    figure, axes = _axes("minutes after all have booted", "registered, %")
    seconds = np.arange(0, LOOK, BIN)
    for it in storms:
        _, registered = it.series(LOOK)
        axes.plot(
            seconds / 60, registered[::BIN] / it.devices * 100, color=SHOWN[it.schedule.name], label=it.schedule.title
        )
    ideal = np.minimum(100, seconds * storms[0].capacity / storms[0].devices * 100)
    axes.plot(seconds / 60, ideal, color="grey", linewidth=1, linestyle=":", label="no second wasted")
    return _explained(figure)


def _outage(before: Storm, now: Storm) -> Any:
    figure, axes = _axes("minutes after the service went away", "requests a second / capacity")
    for it, label, colour in ((before, BEFORE, COLOURS[1]), (now, NOW, COLOURS[0])):
        axes.plot(*_highest(it, HOUR + LOOK), color=colour, label=label)
    axes.axvline(HOUR / 60, color="grey", linewidth=1, linestyle=":")
    axes.text(HOUR / 60 + 0.5, 0.05, "it is back", transform=axes.get_xaxis_transform())
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.01)
    return _explained(figure)
