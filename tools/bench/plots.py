"""Plots that several measures draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from figures.plots import COLOURS
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from . import Row

HEIGHT = 0.28  # inches for a bar
SHOWN = {"reached": COLOURS[0], "missed": COLOURS[1]}


def bars(rows: Sequence[Row], target: float, axis: str) -> tuple[Any, str]:
    """A figure with a bar for each of `rows` that has a verdict and is a ratio, with its quartiles, and a line at
    `target`; and what it shows.
    """
    rows = [row for row in rows if row.verdict and row.unit == "x"]
    figure = Figure(figsize=(8, 1.5 + HEIGHT * len(rows)))
    axes = figure.subplots()
    values = [row.figure for row in rows]
    names = [row.what for row in rows]
    errors = [
        [max(0, row.figure - (row.figure if row.low is None else row.low)) for row in rows],
        [max(0, (row.figure if row.high is None else row.high) - row.figure) for row in rows],
    ]
    colours = [SHOWN[row.verdict] for row in rows]
    axes.barh(names, values, xerr=errors, color=colours, ecolor=COLOURS[6], height=0.7)
    verdicts = [it for it in SHOWN if SHOWN[it] in colours]
    marks = [Rectangle((0, 0), 1, 1, color=SHOWN[it]) for it in verdicts]
    figure.legend(marks, verdicts, loc="outside upper right", ncols=2, frameon=False)
    axes.axvline(target, color=COLOURS[6], linestyle="--")
    axes.invert_yaxis()
    figure.supxlabel(f"{axis}; dashed: at most {target:g} x", fontsize="medium")
    told = ", ".join(f"{row.what} {row.figure:g}" for row in rows)
    return figure, f"{axis}: {told}; must be {target:g} at most"
