"""docs/profile.md: its tables, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpyfile
from devices import ROOT
from figures import fill, number, table
from size_page import NAMES

from . import flash, heap, times

PAGE = ROOT / "docs" / "profile.md"
PLOTS = ROOT / "docs" / "profile"
PLACES = [f"profile.{it}" for it in ("total", "kinds", "functions", "peak", "modules", "names", "times")]
FORMS = {"rom": "ROMFS", "mpy": ".mpy"}


def _share(part: float, whole: float) -> str:
    return f"{number(100 * part / whole)} %"


def flash_tables(found: dict[str, mpyfile.Spent]) -> dict[str, str]:
    """The tables of flash."""
    total = sum(it.total for it in found.values())
    kinds = flash.kinds(found.values())
    return {
        "profile.total": number(total),
        "profile.kinds": table(
            ["kind", "bytes", "share"], [[name, number(size), _share(size, total)] for name, size in kinds.items()]
        ),
        "profile.functions": table(
            ["module", "function", "bytes"],
            [[name, f"`{it}`", number(size)] for name, it, size in flash.longest(found)],
        ),
    }


def heap_tables(found: Mapping[tuple[str, str], heap.Sample]) -> dict[str, str]:
    """The tables of heap; `found` by runtime and form."""
    head = ["bytes", *(f"`{runtime}`, {FORMS[form]}" for runtime, form in found)]
    peaks = list(found.values())

    def rows(names: Mapping[str, list[int]]) -> list[list[str]]:
        return [[name, *map(number, sizes)] for name, sizes in sorted(names.items(), key=lambda row: -row[1][-1])]

    modules = {name for it in peaks for name in it.modules}
    rest = {name for it in peaks for name in it.rest}
    return {
        "profile.modules": table(
            [f"module, {head[0]}", *head[1:]],
            rows({name: [it.modules.get(name, 0) for it in peaks] for name in modules}),
        ),
        "profile.peak": table(
            [f"alive, {head[0]}", *head[1:]],
            [
                *rows(
                    {
                        "modules": [sum(it.modules.values()) for it in peaks],
                        **{name: [it.rest.get(name, 0) for it in peaks] for name in rest},
                    }
                ),
                ["**all**", *(f"**{number(it.total)}**" for it in peaks)],
            ],
        ),
    }


def name_tables(found: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    """The table of MicroPython's table of names; `found` by provider: (names, bytes)."""
    rows = [[NAMES[it], number(names), number(size)] for it, (names, size) in found.items()]
    return {"profile.names": table(["a first boot with", "names", "bytes of their table"], rows)}


def time_tables(found: Mapping[str, dict[str, float]]) -> dict[str, str]:
    """The table of times; `found` by runtime: milliseconds by phase."""
    shares = {runtime: times.shares(it) for runtime, it in found.items()}
    rows = [[what, *(f"{number(it[name], 1)} %" for it in shares.values())] for name, what in times.PHASES.items()]
    return {"profile.times": table(["phase", *(f"`{runtime}`" for runtime in found)], rows)}


def write(figures: dict[str, Any]) -> None:
    """Put all tables into the page."""
    fill(
        PAGE,
        flash_tables(figures["flash"])
        | heap_tables(figures["heap"])
        | name_tables(figures["names"])
        | time_tables(figures["time"]),
    )
