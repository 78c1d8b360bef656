"""The command of `make storm`."""

from __future__ import annotations

import json

import click
import cpython
from figures import places, ready
from rich.console import Console
from rich.progress import Progress

cpython.install()

from . import cases, page  # noqa: E402


@click.command()
@click.option(
    "--devices",
    type=click.IntRange(1000, 10_000_000),
    default=cases.DEVICES,
    show_default=True,
    help="Fewer are quicker; chance weighs more.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as one JSON object. Writes nothing.")
def main(devices: int, as_json: bool) -> None:
    """Let a fleet boot at once, by several schedules, and write docs/storm.md and its plots.

    With other than a million --devices nothing is written; the capacities are then in the same ratio to them, but
    1 a second at least. Without any ARGS, `make storm` then boots 300 devices for real.
    """
    writes = devices == cases.DEVICES and not as_json
    if writes:
        ready(page.PAGE, page.PLOTS, plots=True)
        places(page.PAGE, page.PLACES)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        found = cases.run(devices, lambda words: bar.update(task, description=words))
    rows = page.judged(found)
    if writes:
        different = page.changed(rows, page.PAGE.read_text())
        page.write(found)
    if as_json:
        compared = {str(capacity): [cases.figures(it) for it in storms] for capacity, storms in found.compared.items()}
        situations = {name: [cases.figures(it) for it in pair] for name, pair in found.situations.items()}
        verdicts = [{"what": it.what, "figure": it.figure, "target": it.target, "verdict": it.verdict} for it in rows]
        variants = {row[0].schedule.title: [cases.figures(it) for it in row] for row in found.variants}
        told = {"verdicts": verdicts, "compared": compared, "situations": situations, "variants": variants}
        click.echo(json.dumps(told, indent=1))
        return
    for it in rows:
        click.echo(f"{it.what}: {it.figure:.2f} x, at most {it.target} x: {it.verdict}")
    if writes:
        for line in different or ["no verdict differs from the page before"]:
            click.echo(f"storm: {line}", err=True)


if __name__ == "__main__":
    main()
