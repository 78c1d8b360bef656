"""Times first and second boots of all four services, from power on to exit, on the unix port against the sandbox."""

import itertools
import json
import statistics
import tempfile
import time
from pathlib import Path

import click
from devices import FIRST, Device, configuration, create
from enroll_tools.sandbox import Sandbox
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from runtimes import available

names = itertools.count(1)


def timed(device: Device) -> float:
    """Milliseconds of one boot, which must succeed."""
    start = time.perf_counter()
    done = device.boot()
    if done.returncode:
        raise click.ClickException(done.stdout + done.stderr)
    return (time.perf_counter() - start) * 1000


def measure(sandbox: Sandbox, folder: Path, runtime: str, runs: int, progress: Progress) -> dict[str, list[float]]:
    """Median milliseconds {service: [first boot, second boot]} of `runs` devices each."""
    found = {}
    task = progress.add_task(runtime, total=runs * len(FIRST))
    for service in FIRST:
        pairs = []
        for _ in range(runs):
            name = str(next(names))
            device = Device(folder / f"{service}-{name}", runtime)
            device.write(configuration(sandbox, service, create(sandbox, service, name)))
            pairs.append((timed(device), timed(device)))
            progress.advance(task)
        found[service] = [round(statistics.median(times), 1) for times in zip(*pairs, strict=True)]
    return found


@click.command()
@click.option("--runs", default=20, show_default=True, help="Number of devices measured for each figure.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(runs: int, as_json: bool) -> None:
    """Show the median milliseconds of first and second boots."""
    figures = {}
    bar = Progress(console=Console(stderr=True), transient=True)
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox, bar:
        for runtime in available():
            figures[runtime] = measure(sandbox, Path(folder), runtime, runs, bar)
    if as_json:
        click.echo(json.dumps(figures))
        return
    table = Table("service", "runtime", "first boot, ms", "second boot, ms")
    for runtime, services in figures.items():
        for service, (first, second) in services.items():
            table.add_row(service, runtime, str(first), str(second))
    Console().print(table)


if __name__ == "__main__":
    main()
