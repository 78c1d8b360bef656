"""Boot devices at once, and compare the records of their sandbox with their journals: `-m crowd`."""

from __future__ import annotations

import signal
import tempfile
from pathlib import Path
from types import FrameType

import click
from figures import places, ready
from rich.console import Console
from rich.progress import Progress

from . import page
from .predict import FASTER, predicted
from .scene import Scene


def _stop(_number: int, _frame: FrameType | None) -> None:
    """End as after Ctrl-C, so that no process is left."""
    raise KeyboardInterrupt


@click.command()
@click.option("--devices", type=click.IntRange(6, 2000), default=300, show_default=True, help="How many boot.")
@click.option(
    "--most", type=click.IntRange(5), default=20, show_default=True, help="Requests a second that are taken, in fives."
)
@click.option(
    "--away",
    type=click.IntRange(0, 60),
    default=10,
    show_default=True,
    help="Seconds without a sandbox after the kill.",
)
@click.option("--dry", is_flag=True, help="Leave docs/storm.md as it is.")
def main(devices: int, most: int, away: int, dry: bool) -> None:
    """Boot devices at once, kill their sandbox in the middle, and compare its records with their journals.

    Writes what it has measured into docs/storm.md, beside what the simulation says, unless a device is lost,
    registered twice, or not registered in time.
    """
    if most % FASTER:
        raise click.UsageError(f"--most {most} cannot be simulated: give a multiple of {FASTER}")
    if not dry:
        ready(page.PAGE, page.PLOT)
        places(page.PAGE, page.PLACES)
    signal.signal(signal.SIGTERM, _stop)
    with tempfile.TemporaryDirectory(prefix="crowd-") as folder, Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("registered", total=devices)
        run = Scene(Path(folder), devices, most).play(away, say=lambda done: progress.update(task, completed=done))
    if run.wrong:
        raise click.ClickException("\n".join(run.wrong))
    predictions = predicted(run) if dry else page.write(run)
    click.echo(f"{len(run.registrations)} of {devices} devices are registered, each once, {run.lost} after a reset.\n")
    click.echo(page.compared(run, predictions))


if __name__ == "__main__":
    main()
