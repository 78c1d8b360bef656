"""The pictures of docs/profile.md. Needs matplotlib, from .venv/figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mpyfile
from figures import number
from figures.plots import COLOURS, save
from matplotlib import pyplot
from size import FORMS as BYTECODE

from . import heap, times

BLUE, ORANGE, GREEN, PINK, YELLOW, SKY, BLACK = COLOURS
GREY, LIGHT, INDIGO, BROWN = "#666666", "#cccccc", "#332288", "#7f5539"
PALE = (SKY, LIGHT, PINK, YELLOW)  # with dark letters
SMALL = 60  # bytes below which functions are drawn together
KINDS = {"a function": BLUE, "the module's own code": SKY, "names": ORANGE, "constants": YELLOW}
HELD = {"a module": BLUE, "TLS": ORANGE, heap.NAMES: GREEN, heap.ROOM: PINK, "other objects": LIGHT}
PHASES = (BLUE, SKY, LIGHT, GREY, GREEN, PINK, BLACK, ORANGE, YELLOW, INDIGO, BROWN)  # as in times.PHASES

Part = tuple[str, float, str]  # the text in a bar, its length, what it is


def _bar(
    axes: Any, row: int, parts: Iterable[Part], colours: Mapping[str, str], letter: float, tall: bool = False
) -> float:
    """Draw `parts` one behind the other; returns their sum. `letter`: how wide one is, on the axis. `tall`: a text that
    is too long for its bar may stand upright."""
    left = 0.0
    for text, size, kind in parts:
        axes.barh(row, size, left=left, color=colours[kind], edgecolor="white", linewidth=0.7)
        fits = size >= letter * (len(text) + 1)
        if text and (fits or (tall and size >= 2 * letter)):
            turn, colour = 0 if fits else 90, BLACK if colours[kind] in PALE else "white"
            axes.text(left + size / 2, row, text, ha="center", va="center", color=colour, fontsize=8, rotation=turn)
        left += size
    return left


def _finish(axes: Any, rows: Sequence[str], colours: Mapping[str, str], label: str, below: float) -> None:
    axes.grid(axis="y", visible=False)
    axes.set_yticks(range(len(rows)), rows)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    marks = [pyplot.Rectangle((0, 0), 1, 1, color=it) for it in colours.values()]
    axes.legend(marks, list(colours), loc="upper center", bbox_to_anchor=(0.4, below), ncols=3, frameon=False)


def flash(found: dict[str, mpyfile.Spent]) -> Any:
    """A bar for each module: its functions, its own code, names and constants."""
    figure, axes = pyplot.subplots(figsize=(10, 0.42 * len(found) + 1.4))
    for row, module in enumerate(found.values()):
        functions = {name: size for name, size in module.functions.most_common() if name != mpyfile.MODULE}
        kinds = list(KINDS)
        parts: list[Part] = [
            (name.rpartition(".")[2], size, kinds[0]) for name, size in functions.items() if size >= SMALL
        ]
        parts.append(("", sum(size for size in functions.values() if size < SMALL), kinds[0]))
        parts.append(("", module.functions[mpyfile.MODULE], kinds[1]))
        parts += [("", module.qstrs, kinds[2]), ("", module.constants + module.header, kinds[3])]
        axes.text(_bar(axes, row, parts, KINDS, 27) + 20, row, number(module.total), va="center", fontsize=9)
    _finish(axes, list(found), KINDS, "bytes of .mpy", -0.08)
    return figure


def heaps(found: Mapping[tuple[str, str], heap.Sample]) -> Any:
    """A bar for each runtime and form of code: what is alive at the peak."""
    figure, axes = pyplot.subplots(figsize=(10, 5.4))
    rows = []
    for row, ((runtime, form), it) in enumerate(found.items()):
        rows.append(f"{runtime}, {heap.RUNTIMES[runtime]},\n{BYTECODE[form]}")
        modules = sorted(it.modules.items(), key=lambda item: -item[1])
        parts: list[Part] = [(name.rpartition(".")[2], size, "a module") for name, size in modules]
        parts += [(number(it.rest.get(name, 0)), it.rest.get(name, 0), name) for name in list(HELD)[1:-1]]
        other = it.total - sum(size for _, size, _ in parts)
        end = _bar(axes, row, [*parts, (number(other), other, "other objects")], HELD, 550, True)
        axes.text(end + 400, row, number(end), va="center", fontsize=9)
    _finish(axes, rows, HELD, "bytes alive at the peak of a first boot", -0.17)
    return figure


def phases(found: Mapping[str, dict[str, float]]) -> Any:
    """A bar for each runtime: the shares of the phases."""
    figure, axes = pyplot.subplots(figsize=(10, 3.4))
    colours = dict(zip(times.PHASES.values(), PHASES, strict=True))
    for row, series in enumerate(found.values()):
        shares = times.shares(series)
        _bar(axes, row, [(number(it), it, times.PHASES[name]) for name, it in shares.items()], colours, 1)
    _finish(axes, list(found), colours, "percent of a first boot on loopback", -0.3)
    return figure


def write(figures: dict[str, Any], folder: Path) -> None:
    """Draw all pictures into `folder`."""
    folder.mkdir(exist_ok=True)
    save(flash(figures["flash"]), folder / "flash.svg", "Bytes of flash of a first boot by module and function")
    save(heaps(figures["heap"]), folder / "heap.svg", "Heap at the peak of a first boot, by what holds it")
    save(phases(figures["time"]), folder / "time.svg", "Shares of the phases in the time of a first boot")
