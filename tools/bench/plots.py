"""Plots that several measures draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from figures.plots import COLOURS
from matplotlib.figure import Figure

from . import Row

HEIGHT = 0.28  # inches for a bar


def bars(rows: Sequence[Row], target: float, axis: str) -> tuple[Any, str]:
    """A figure with a bar for each of `rows` that has a verdict and is a ratio, with its quartiles, and a line at
    `target`; and what it shows.
    """
    rows = [row for row in rows if row.verdict and row.unit == "x"]
    figure = Figure(figsize=(8, 1.2 + HEIGHT * len(rows)))
    axes = figure.subplots()
    values = [row.figure for row in rows]
    names = [row.what for row in rows]
    errors = [
        [max(0, row.figure - (row.figure if row.low is None else row.low)) for row in rows],
        [max(0, (row.figure if row.high is None else row.high) - row.figure) for row in rows],
    ]
    colours = [COLOURS[1] if row.verdict == "missed" else COLOURS[0] for row in rows]
    axes.barh(names, values, xerr=errors, color=colours, ecolor=COLOURS[6], height=0.7)
    axes.axvline(target, color=COLOURS[6], linestyle="--")
    axes.invert_yaxis()
    figure.supxlabel(f"{axis}; dashed: what it must reach, {target:g} x", fontsize="medium")
    told = ", ".join(f"{row.what} {row.figure:g}" for row in rows)
    return figure, f"{axis}: {told}; must be {target:g} at most"
