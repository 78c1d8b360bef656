"""The command of `make bench`."""

from __future__ import annotations

import importlib
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from . import MEASURES, Row, Work, results

BUSY = 0.5  # load of the machine from which on times are off


def module(name: str) -> ModuleType:
    """The measure `name`."""
    return importlib.import_module(f"bench.{name}")


def measured(name: str, most: int | None, bar: Progress) -> list[Row]:
    """The rows of the measure `name`, with progress on `bar`."""
    task = bar.add_task(name, total=None)
    with tempfile.TemporaryDirectory() as folder:
        work = Work(Path(folder), most, lambda words: bar.update(task, advance=1, description=f"{name}: {words}"))
        rows: list[Row] = module(name).measure(work)
    bar.update(task, total=1, completed=1, description=name)
    return rows


def show(rows: Sequence[Row], title: str, console: Console) -> None:
    """Print `rows` as the page shows them, without what is there for Markdown, and figures in one piece."""
    shown = Table(title=title)
    for name in results.HEAD:
        shown.add_column(name, overflow="fold", min_width=max(len(name), 9))
    for row in rows:
        shown.add_row(
            *(re.sub(r"(?<=\d) (?=\d{3})", "", cell.strip("*").replace("`", "")) for cell in results.cells(row))
        )
    console.print(shown)


def drawn(names: Sequence[str], found: results.Results) -> dict[str, tuple[Any, str]]:
    """The plots of the measures `names`."""
    plots: dict[str, tuple[Any, str]] = {}
    for name in names:
        it = module(name)
        if hasattr(it, "draw"):
            plots |= it.draw(results.rows_of(found[name]))
    return plots


@click.command()
@click.option("--only", multiple=True, type=click.Choice(MEASURES), help="Only this measure; may be repeated.")
@click.option(
    "--runs", type=click.IntRange(1), help="A quick look: at most so many runs of each figure; writes nothing."
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print what was measured as one JSON object, in place of tables; writes nothing.",
)
def main(only: tuple[str, ...], runs: int | None, as_json: bool) -> None:
    """Measure enroll beside what it is compared with; write docs/benchmarks.md, .json and the plots.

    Says which verdicts differ from the run before, which is kept in docs/benchmarks.json. The exit status is 0 whatever
    the verdicts are: it is 1 if something could not be measured.
    """
    names = only or MEASURES
    where = results.conditions()
    if where["load"] > BUSY:
        click.echo(f"bench: other programs are running (load {where['load']}): times will be off", err=True)
    writes = runs is None and not as_json
    found = results.load()
    if writes:
        results.writable(names, found, any(hasattr(module(name), "draw") for name in names))
    for name in names:
        getattr(module(name), "prepare", lambda: None)()
    with results.alone(), Progress(console=Console(stderr=True), transient=True) as bar:
        different = []
        for name in names:
            rows = measured(name, runs, bar)
            different += results.add(found, name, module(name).TITLE, rows, where)
    if writes:  # before anything is printed: whoever reads it may be gone
        results.publish(found, drawn(names, found))
    if as_json:
        click.echo(json.dumps({name: found[name] for name in names}, indent=1))
    else:
        console = Console(width=None if sys.stdout.isatty() else 160)
        for name in names:
            show(results.rows_of(found[name]), module(name).TITLE, console)
    for line in different or ["no verdict differs from the run before"]:
        click.echo(f"bench: {line}", err=True)


if __name__ == "__main__":
    main()
