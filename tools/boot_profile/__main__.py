"""The command of `make profile`."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

import click
from bench.boots import served
from devices import SERVICES
from figures import places, ready
from rich.console import Console
from rich.progress import Progress

from . import flash, heap, page, times
from .boots import PROVIDER, Boots


def measured(runs: int, bar: Progress) -> dict[str, Any]:
    """All figures: {"flash": ..., "heap": ..., "names": ..., "time": ...}."""
    pairs = [(runtime, form) for runtime in heap.RUNTIMES for form in heap.FORMS]
    number = (heap.RUNS + 1) * len(pairs) + (runs + 1) * len(times.RUNTIMES)
    found: dict[str, Any] = {"flash": flash.measure()}
    with tempfile.TemporaryDirectory() as folder, served(number, PROVIDER) as configs:
        boots = Boots(Path(folder), configs)
        found["heap"] = {pair: heap.measure(boots, *pair) for pair in bar.track(pairs, description="heap")}
        found["time"] = {
            runtime: times.measure(boots, runtime, bar.track(range(runs), description=f"time, {runtime}"))
            for runtime in times.RUNTIMES
        }
    found["names"] = {it: counted(it) for it in bar.track(SERVICES, description="names")}
    return found


def counted(provider: str) -> tuple[int, int]:
    """(names, bytes) of the table of names in a first boot with `provider`, with TLS in the heap."""
    with tempfile.TemporaryDirectory() as folder, served(1, provider) as configs:
        return heap.names(Boots(Path(folder), configs).plain("chip", "mpy", heap.COUNTING))


def plain(figures: dict[str, Any]) -> dict[str, Any]:
    """`figures` as JSON can hold them."""
    return {
        "flash": {name: vars(it) for name, it in figures["flash"].items()},
        "heap": {", ".join(pair): dataclasses.asdict(it) for pair, it in figures["heap"].items()},
        "names": figures["names"],
        "time": figures["time"],
    }


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; times in milliseconds. Writes nothing.")
@click.option("--runs", type=click.IntRange(1), help="A quick look: so many timed boots; prints JSON, writes nothing.")
def main(as_json: bool, runs: int | None) -> None:
    """Measure what a first boot spends bytes, heap and time on; write docs/profile.md and its pictures."""
    writes = not (as_json or runs)
    if writes:
        ready(page.PAGE, page.PLOTS, plots=True)
        places(page.PAGE, page.PLACES)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        figures = measured(runs or times.RUNS, bar)
    if not writes:
        click.echo(json.dumps(plain(figures), indent=1))
        return
    from . import draw  # here: it needs matplotlib

    page.write(figures)
    draw.write(figures, page.PLOTS)
    click.echo(f"wrote {page.PAGE.name} and its pictures", err=True)


if __name__ == "__main__":
    main()
