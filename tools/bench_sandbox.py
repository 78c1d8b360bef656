"""Times the sandbox beside a bare handler of the same framework, and writes the figures into docs/sandbox.md."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from figures import fill, places, ready
from load.wrk import registrations, wrk

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "sandbox.md"
PLACE = "sandbox.bench"
KEPT = 5000
CONNECTIONS = (32, 128)


@contextmanager
def started(*command: str) -> Iterator[str]:
    """A server in a process of its own; the first line that it prints."""
    with subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline()
        finally:
            process.terminate()


def key_of_a_model(folder: str) -> str:
    """A model at the sandbox's Xyte, of which any number of devices may register."""
    command = [sys.executable, "-m", "enroll_tools.sandbox", "xyte", "create-model", "bench", "--json"]
    run = subprocess.run([*command, "--state", folder], capture_output=True, text=True, check=True)
    return str(json.loads(run.stdout)["hardware_key"])


def kept_connections(port: int) -> int:
    """How many of KEPT connections the sandbox still serves when all are open."""
    command = [sys.executable, str(HERE / "load" / "keep.py"), str(port), str(KEPT)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def each_service() -> dict[str, float]:
    """What a registration takes the sandbox at each service, in microseconds of the processor."""
    run = subprocess.run([sys.executable, "-m", "load.each"], capture_output=True, text=True, check=True)
    return dict(json.loads(run.stdout))


Rates = dict[int, list[tuple[float, float]]]  # by connections: of the bare handler and of the sandbox


def sentences(rates: Rates, kept: int, each: dict[str, float], load: float) -> str:
    """The figures as they stand in the page."""
    lines = [f"In one run on {os.cpu_count()} cores (load of the machine: {load:.1f}; wrk; medians):", ""]
    lines += [
        "| connections | registrations a second | requests to a bare aiohttp handler | ratio |",
        "|---|---|---|---|",
    ]
    for connections, pairs in rates.items():
        bare, sandbox = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(ours / theirs for theirs, ours in pairs)
        lines.append(f"| {connections} | {sandbox:.0f} | {bare:.0f} | {ratio:.2f} |")
    lines += [
        "",
        f"{kept} of {KEPT} connections that were kept open were served. Processor time of the",
    ]
    lines.append("sandbox for one registration at a time, in milliseconds:")
    lines.append(", ".join(f"{name} {took / 1000:.1f}" for name, took in each.items()) + ".")
    return "\n".join(lines) + "\n"


def measure(bare: int, port: int, key: str, rounds: int, seconds: int) -> Rates:
    """Measure each in turn, since the speed of the machine changes."""
    rates: Rates = {connections: [] for connections in CONNECTIONS}
    for number in range(rounds):
        for connections, pairs in rates.items():
            prefix = f"r{connections}-{number}"
            both = (registrations(it, key, prefix, seconds, connections) for it in (bare, port))
            pairs.append((next(both), next(both)))
            told = f"{connections} connections: bare {pairs[-1][0]:.0f}, sandbox {pairs[-1][1]:.0f} a second"
            click.echo(told, err=True)
    return rates


@click.command()
@click.option("--rounds", default=5, show_default=True, help="How often each is measured, in turn.")
@click.option("--seconds", default=2, show_default=True, help="How long each round takes.")
def main(rounds: int, seconds: int) -> None:
    """Measure, and write the figures into the page."""
    ready(PAGE)
    places(PAGE, [PLACE])
    wrk()  # fetches it
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        serve = ("-m", "enroll_tools.sandbox", "serve", "--free-ports", "--json", "--state", folder)
        with started(str(HERE / "load" / "bare.py")) as first, started(*serve) as second:
            bare, port = int(first), json.loads(second)["ports"]["http"]
            key = key_of_a_model(folder)
            rates = measure(bare, port, key, rounds, seconds)
            kept = kept_connections(port)
    text = sentences(rates, kept, each_service(), load)
    fill(PAGE, {PLACE: text})
    click.echo(text, nl=False)


if __name__ == "__main__":
    main()
