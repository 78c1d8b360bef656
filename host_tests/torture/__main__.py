"""`make torture`: every fault class in full, and one table of what was survived."""

import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import click
from figures import places, ready
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from torture import CLASSES, page
from torture.faults import Batch, Bench, Result


def tried(batch: Batch) -> Result:
    """The result of a batch; one that crashes counts as lost."""
    try:
        return batch.run()
    except Exception as error:
        return Result(1, [f"{type(error).__name__}: {error}"])


def results(title: str, batches: list[Batch], jobs: int, progress: Progress) -> Iterator[tuple[Batch, Result]]:
    """Run `batches`, `jobs` at a time, under a progress bar."""
    task = progress.add_task(title, total=len(batches))
    with ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(tried, batch): batch for batch in batches}
        for future in as_completed(futures):
            progress.advance(task)
            yield futures[future], future.result()


def torture(
    name: str, full: bool, jobs: int, bench: Bench, progress: Progress, only: tuple[str, ...] = ()
) -> dict[str, object]:
    """The figures of one fault class; of its batches those whose name has a text of `only` in it, if it has any."""
    module = importlib.import_module(f"torture.{name}")
    start = time.monotonic()
    cases, lost, notes = 0, [], {}
    batches = [it for it in module.batches(full, bench) if not only or any(text in it.name for text in only)]
    for batch, result in results(module.TITLE, batches, jobs, progress):
        cases += result.cases
        lost += [f"{batch.name}: {sentence}" for sentence in result.lost]
        notes |= {f"{batch.name}: {key}": value for key, value in result.notes.items()}
    return {
        "class": module.TITLE,
        "cases": cases,
        "lost": lost,
        "notes": dict(sorted(notes.items())),
        "seconds": round(time.monotonic() - start, 1),
    }


def show(figures: list[dict], console: Console) -> None:
    """Print the table, and under it what was measured and what was lost."""
    table = Table("fault class", "cases", "survived", "lost", "seconds")
    for it in figures:
        lost = len(it["lost"])
        table.add_row(it["class"], *map(str, (it["cases"], it["cases"] - lost, lost, it["seconds"])))
    console.print(table)
    for it in figures:
        for key, value in it["notes"].items():
            console.print(f"{it['class']}: {key}: {value}", highlight=False, markup=False, soft_wrap=True)
    for it in figures:
        for sentence in it["lost"]:
            console.print(f"LOST: {it['class']}: {sentence}", highlight=False, markup=False, soft_wrap=True)


@click.command()
@click.argument("classes", nargs=-1, type=click.Choice(CLASSES))
@click.option("--slice", "sliced", is_flag=True, help="Only the cases that make test tries.")
@click.option("--only", multiple=True, metavar="TEXT", help="Only batches with TEXT in their name; may be repeated.")
@click.option("--script", "script", multiple=True, metavar="NAME", help="Of hostile servers only those of this NAME.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="Batches at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.option("--write", is_flag=True, help="Write the numbers of cases into the docs, if none was lost.")
def main(
    classes: tuple[str, ...],
    sliced: bool,
    only: tuple[str, ...],
    script: tuple[str, ...],
    jobs: int,
    as_json: bool,
    write: bool,
) -> None:
    """Break what can break, CLASSES of faults or all of them, and count what was lost. Status 1 if anything was."""
    if write and (sliced or only or script):
        raise click.UsageError("--write wants whole classes: leave out --slice, --only and --script")
    if write:
        ready(page.PAGE, page.README, page.DESIGN)
        places(page.PAGE, page.PLACES)
        places(page.README, ["torture.cases"])
        places(page.DESIGN, ["torture.windows"])
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=Console(stderr=True))
    with tempfile.TemporaryDirectory() as folder, progress:
        bench = Bench(Path(folder), script)
        figures = [torture(name, not sliced, jobs, bench, progress, only) for name in classes or CLASSES]
    if as_json:
        click.echo(json.dumps(figures, indent=1))
    else:
        show(figures, Console())
    if not any(it["cases"] for it in figures):
        raise click.ClickException("no case was tried: give --only and --script as the reports write the names")
    lost = any(it["lost"] for it in figures)
    if write and not lost:
        found = dict(zip(classes or CLASSES, figures, strict=True))
        page.write({name: it["cases"] for name, it in found.items()})
        if "power" in found:
            page.write_windows(found["power"]["notes"])
    sys.exit(lost)


if __name__ == "__main__":
    main()
