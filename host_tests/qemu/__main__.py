"""`make test-qemu`: builds the firmware, runs everything on it, and prints one table."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Container
from pathlib import Path

import click
from packages import build_romfs
from rich.console import Console
from rich.table import Table

from . import board, boots, manifests, unit
from .machine import Machine
from .result import Result
from .toolchain import ROOT, Environment, build, sources, tools

SMALL, USUAL = 64 << 10, 192 << 10  # bytes of heap: RP2040 after its TLS, and an ESP32
PARTS = (MODULES, BOARD, MANIFESTS) = ("modules", "test-board", "manifests")
Results = dict[tuple[str, int], Result]


def image(folder: Path) -> Path:
    """The ROMFS image with the tests, as bytecode, and the boards' files that some of them run."""
    tree = folder / "tree"
    for name in (*unit.FOLDERS, "boards"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.json", "*.csv"))
    build_romfs(folder / "tests.romfs", tree)
    return folder / "tests.romfs"


def inside(environment: Environment, firmware: Path, heap: int, tests: Path) -> Results:
    """The results of what the firmware has in itself or finds in the image `tests`."""
    results = {}
    with Machine(environment, firmware, tests) as machine:
        if heap == USUAL:
            found = Result()
            for file in unit.files():
                found += unit.run(machine, file)
            results["unit tests", heap] = found
        results["power cuts", heap] = unit.run(machine, unit.STORE)
        results["first and second boots", heap] = boots.run(machine)
    return results


def everything(folder: Path, only: Container[str]) -> Results:
    """The results of the parts in `only`, by what ran and with how much heap."""
    environment = tools()
    tests = image(folder)
    results: Results = {}
    for heap in (USUAL, SMALL):
        firmware = build(environment, heap)
        if MODULES in only:
            results |= inside(environment, firmware, heap, tests)
        if BOARD in only and heap == USUAL:
            results["rows of test-board", heap] = board.run(environment, firmware)
    if MANIFESTS in only:
        results["manifests of the boards, on the host", 0] = manifests.run(folder)
    return results


def show(results: Results, console: Console) -> bool:
    """Print the table, what was left out, and what has failed. Returns whether anything has."""
    table = Table("on mps2-an385", "heap", "tests", "passed", "seconds")
    for (name, heap), it in results.items():
        table.add_row(name, f"{heap >> 10} KiB" if heap else "", str(it.tests), str(it.passed), f"{it.seconds:.1f}")
    console.print(table)
    left_out = [f"left out: {name} {reason}" for name, reason in unit.LEFT_OUT.items()]
    for text in [*left_out, *(note for it in results.values() for note in it.notes)]:
        console.print(text, markup=False, soft_wrap=True)
    failures = [f"{name}, {heap >> 10} KiB: {text}" for (name, heap), it in results.items() for text in it.failures]
    for text in failures:
        console.print(f"FAILED {text}", markup=False, soft_wrap=True)
    return bool(failures)


@click.command()
@click.option("--fetch", is_flag=True, help="Only fetch what is missing.")
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Only this part.")
def main(fetch: bool, only: tuple[str, ...]) -> None:
    """Build the firmware for the emulated board, run everything on it, and print one table."""
    if fetch:
        tools()
        sources()
        return
    with tempfile.TemporaryDirectory(prefix="enroll-qemu-") as folder:
        sys.exit(show(everything(Path(folder), only or PARTS), Console(highlight=False)))


if __name__ == "__main__":
    main(prog_name="qemu")
