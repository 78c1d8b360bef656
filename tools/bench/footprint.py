"""Flash and heap: budgets, the largest modules by function, beside stock modules and the plain script."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mqtt_clients
import size
from devices import FIRST
from enroll_tools.sandbox import Sandbox
from figures import number
from mpyfile import by_function
from packages import LIBRARY, build_romfs, compiled
from size import BUDGET, FORMS, HEAPS, Heaps

from . import Row, Work, stock
from .boots import Sides

TITLE = "Flash and heap"
GATES = ("first rom", "first mpy", "second mpy", "TLS rom", "TLS mpy")
LARGEST = 5  # modules that are taken apart
TOLD = 3  # functions of each that the table names
DRAWN = 8  # functions of each in the plot
# Compiled by hand with the same mpy-cross -O2 in November 2026 and not measured again: what others' repositories hold.
NTPTIME = 558  # bytes of ntptime of micropython-lib at 84ba452
CLIENTS = (
    "Arduino's client 15 743 (c3827d3), Azure IoT Central's 9 186 without umqtt (1a17cb5), "
    "ThingsBoard's 3 940 without its sdk_core (9cecc32)"
)


class PlainHeaps(Heaps):
    """The same boots for the plain script."""

    start = 'import sys\n{mount}\nimport plain\nsys.exit(plain.main("enroll.json"))'

    def __init__(self, sandbox: Sandbox, folder: Path, runtime: str, code: Path) -> None:
        super().__init__(sandbox, folder, runtime)
        shutil.rmtree(self._mpy)
        shutil.copytree(code, self._mpy)
        build_romfs(self._image, self._mpy)


def prepare() -> None:
    """Fetch what it compiles beside ours, unless that was done. Raises ClickException."""
    stock.requests()
    mqtt_clients.fetch()


def measure(work: Work) -> list[Row]:
    """Compile, and find the smallest heaps of boots."""
    flash = size.flash()
    beside = ", ".join(f"{name} {number(size)}" for name, size in stock_flash(work.folder).items())
    return [*flash_rows(flash, beside), *module_rows(work.folder, flash["modules"]), *heap_rows(work)]


def stock_flash(folder: Path) -> dict[str, int]:
    """Bytes of the stock modules that a script may need besides itself. Raises ClickException."""
    prepare()
    sources = {
        "`requests`": stock.requests() / "requests" / "__init__.py",
        "`umqtt.simple`": mqtt_clients.TARGET / "simple/umqtt/simple.py",
    }
    found = {name: compiled(source, folder / "stock.mpy") for name, source in sources.items()}
    return {**found, "`ntptime`": NTPTIME}


def flash_rows(flash: dict[str, Any], beside: str) -> Iterator[Row]:
    """What a first boot loads of the library, and what a further provider takes."""
    for name, total in flash["first boot"].items():
        others = beside if name == FIRST[0] else ""
        yield bytes_row(f"flash.{name}", f"flash of a first boot, {name}", total, BUDGET["flash"], others)
    largest = max(flash["first boot"].values())
    yield bytes_row(
        "flash.clients", "flash of a first boot, the largest, beside other clouds' clients", largest, None, CLIENTS
    )
    further = flash["further provider"]
    alone = [name for name in further if name in BUDGET]  # those that have a budget of their own
    name = max((it for it in further if it not in alone), key=lambda it: further[it])
    told = f"a further provider, the largest except {' and '.join(alone)}: {name}"
    yield bytes_row("flash.further", told, further[name], BUDGET["provider"])
    for it in alone:
        yield bytes_row(f"flash.further.{it}", f"a further provider, {it}", further[it], BUDGET[it])


def module_rows(folder: Path, modules: dict[str, int]) -> Iterator[Row]:
    """The largest modules, with their largest functions."""
    for name in sorted(modules, key=lambda it: -modules[it])[:LARGEST]:
        file = folder / "module.mpy"
        compiled(LIBRARY / name, file)
        found = by_function(file, LIBRARY / name)
        parts = Counter({"tables": found.header + found.qstrs + found.constants}) + found.functions
        told = ", ".join(f"`{it}` {number(total)}" for it, total in parts.most_common(TOLD))
        row = bytes_row(f"module.{name}", f"the module `{name}`", modules[name], None, "", told)
        row.points.update(parts)
        yield row


def heap_rows(work: Work) -> Iterator[Row]:
    """The smallest heaps, and those of the plain script with TLS in them."""
    Sides(work.folder / "code")
    code = work.folder / "code" / "mpy" / "plain"
    for gate in work.each(GATES, "heaps"):
        row, how = gate.split(" ")
        words, runtime, rsa = HEAPS[row]
        folder = work.folder / gate
        with Sandbox(rsa=rsa) as sandbox:
            ours = Heaps(sandbox, folder / "enroll", runtime).smallest(how, row != "second")
        with Sandbox(rsa=rsa) as sandbox:
            plain = PlainHeaps(sandbox, folder / "plain", runtime, code).smallest(how, row != "second")
        yield bytes_row(
            f"heap.{gate}", f"smallest heap, {words}, {FORMS[how]}", ours, BUDGET[gate], f"{number(plain)} bytes"
        )


def bytes_row(name: str, what: str, figure: int, target: int | None, beside: str = "", ours: str = "") -> Row:
    """The row of a `figure` in bytes, which must be at most `target`."""
    return Row(name, what, figure, "<=", target, "bytes", 0, ours or f"{number(figure)} bytes", beside)


def draw(rows: list[Row]) -> dict[str, tuple[Any, str]]:
    """The largest functions of the largest modules."""
    from figures.plots import COLOURS
    from matplotlib.figure import Figure

    modules = [row for row in rows if row.points]
    figure = Figure(figsize=(8, 5))
    axes = figure.subplots()
    for at, row in enumerate(modules):
        parts = Counter(row.points).most_common(DRAWN)
        parts.append(("others", int(row.figure) - sum(it for _, it in parts)))
        left = 0
        for index, (name, total) in enumerate(parts):
            axes.barh(at, total, left=left, color=COLOURS[5], alpha=1 - index * 0.1, edgecolor="white")
            if total > row.figure / 16:
                short = name.rpartition(".")[2]
                axes.text(left + total / 2, at, short, rotation=90, ha="center", va="center", size=8)
            left += total
    axes.set_yticks(range(len(modules)), [row.name.partition(".")[2].replace("/", "/\n") for row in modules])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("bytes of .mpy")
    told = "; ".join(f"{row.name.partition('.')[2]}: {row.figure:.0f} bytes" for row in modules)
    return {"modules.svg": (figure, f"The largest modules, each with the bytes of its functions. {told}")}
