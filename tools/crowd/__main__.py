"""Boot devices at once, and compare the records of their sandbox with their journals: `-m crowd`."""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

import click
from rich.progress import Progress

from .scene import Scene


def _stop(_number: int, _frame: FrameType | None) -> None:
    """End as after Ctrl-C, so that no process is left."""
    raise KeyboardInterrupt


@click.command()
@click.option("--devices", type=click.IntRange(6, 2000), default=300, show_default=True, help="How many boot.")
@click.option("--most", type=click.IntRange(1), default=20, show_default=True, help="Requests a second that are taken.")
@click.option("--away", default=10.0, show_default=True, help="Seconds without a sandbox after the kill.")
def main(devices: int, most: int, away: float) -> None:
    """Boot devices at once, kill their sandbox in the middle, and compare its records with their journals."""
    signal.signal(signal.SIGTERM, _stop)
    with tempfile.TemporaryDirectory(prefix="storm-") as folder, Progress() as progress:
        task = progress.add_task("registered", total=devices)
        scene = Scene(Path(folder), devices, most)
        run = scene.play(away, say=lambda done: progress.update(task, completed=done))
    click.echo(run)
    sys.exit(bool(run.wrong))


if __name__ == "__main__":
    main()
