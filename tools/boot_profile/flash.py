"""Bytes of flash by module and function, of all that a first boot loads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import mpyfile
from packages import LIBRARY
from size import compile_all, needed

from .boots import PROVIDER

LONGEST = 20  # functions that the page names


def measure(provider: str = PROVIDER) -> dict[str, mpyfile.Spent]:
    """{module: what its bytes are spent on}, the largest first."""
    with tempfile.TemporaryDirectory() as folder:
        compile_all(Path(folder))
        found = {
            name: mpyfile.by_function((Path(folder) / "enroll" / name).with_suffix(".mpy"), LIBRARY / name)
            for name in needed(provider)
        }
    return dict(sorted(found.items(), key=lambda item: (-item[1].total, item[0])))


def kinds(spent: Iterable[mpyfile.Spent]) -> dict[str, int]:
    """Bytes by kind, of all files of `spent` together."""
    found = dict.fromkeys(("functions", "modules' own code", "names", "constants", "headers"), 0)
    for it in spent:
        own = it.functions[mpyfile.MODULE]
        found["functions"] += it.functions.total() - own
        found["modules' own code"] += own
        found["names"] += it.qstrs
        found["constants"] += it.constants
        found["headers"] += it.header
    return found


def longest(spent: dict[str, mpyfile.Spent]) -> list[tuple[str, str, int]]:
    """The LONGEST functions: (module, function, bytes)."""
    found = [(name, it, size) for name, module in spent.items() for it, size in module.functions.items()]
    return sorted(found, key=lambda row: -row[2])[:LONGEST]
