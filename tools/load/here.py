"""A load test of a sandbox on this computer: makes devices, runs Locust, compares journals with the records."""

from __future__ import annotations

import collections
import csv
import json
import subprocess
from pathlib import Path
from typing import Any

import click
import enroll
import loopback
from enroll.config import Config
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.history import REGISTERED
from enroll_tools.sandbox.samples import create
from rich.console import Console
from rich.table import Table

from . import fleet
from .device import ATTEMPT, REGISTRATION, Port

LOCUST = Path(__file__).parents[1] / "load.sh"
SAID = "said"  # the file of what Locust has printed
WORKERS = 2
SPAWN = 150  # users that begin in a second
GRACE = 60  # seconds for starting, and for answers that are under way at the end


def tables(sandbox: Sandbox, service: str, number: int, folder: Path) -> tuple[Path, Path]:
    """Create devices at `service`; write what they share into an enroll.json, and what differs into a table."""
    with sandbox.services[service].state.transaction():
        sections = [create(sandbox, service, str(at + 1)) for at in range(number)]
    template, table = folder / f"{service}.json", folder / f"{service}.csv"
    rows = [_flat(it) for it in sections]
    columns = [name for name in rows[0] if number == 1 or any(it[name] != rows[0][name] for it in rows)]
    data = {
        "provider": service,
        "url": sandbox.url(service),
        "ca": str(sandbox.ca_der),
        "retry": {"first": 2, "cap": 10},  # instead of the firmware's minutes: the run is short
        service: sections[0],
    }
    template.write_text(json.dumps(data))
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([it[name] for name in columns] for it in rows)
    return template, table


def _flat(section: dict[str, Any]) -> dict[str, Any]:
    """Columns for a section: one for each field of an object."""
    found: dict[str, Any] = {}
    for name, value in section.items():
        if isinstance(value, dict):
            found |= {f"{name}.{field}": it for field, it in value.items()}
        elif not isinstance(value, list):  # which all devices share
            found[name] = value
    return found


def run(pairs: list[tuple[Path, Path]], folder: Path, users: int, seconds: int) -> None:
    """Start a master and its workers. Locust ends by itself when all are registered, or after so many `seconds`."""
    subprocess.run([LOCUST, "--fetch"], check=True)  # before several of them would
    port = str(loopback.free())
    common = ["--loglevel", "WARNING", "--journals", str(folder / "journals")]
    for pair in pairs:
        common += ["--fleet", *map(str, pair)]
    master = ["--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--headless", "--only-summary"]
    master += ["--expect-workers", str(WORKERS), "--users", str(users), "--spawn-rate", str(min(users, SPAWN))]
    master += ["--run-time", f"{seconds}s", "--csv", str(folder / "locust")]
    worker = ["--worker", "--master-host", "127.0.0.1", "--master-port", port]
    commands = [[str(LOCUST), *role, *common] for role in (master, *[worker] * WORKERS)]
    with (folder / SAID).open("w+") as said:
        processes = [subprocess.Popen(it, stdout=said, stderr=subprocess.STDOUT) for it in commands]
        try:
            for process in processes:
                process.wait(seconds + GRACE)
        except subprocess.TimeoutExpired:
            raise click.ClickException(f"Locust does not end: it printed\n{(folder / SAID).read_text()}") from None
        finally:
            for process in processes:
                process.kill()
                process.wait()
    if not (folder / "locust_stats.csv").exists():
        raise click.ClickException(f"Locust failed:\n{(folder / SAID).read_text()}")


def kept(members: list[fleet.Member]) -> dict[str, int]:
    """How many devices of each service have a credential in their journal."""
    found: dict[str, int] = collections.Counter()
    for member in members:
        found[member.provider] += enroll.stored(Config(member.data()), Port()) is not None
    return found


def recorded(sandbox: Sandbox, service: str) -> tuple[int, int]:
    """How many devices have registered at `service`, and how many of them more than once."""
    counts = collections.Counter(it.device for it in sandbox.log(service, reveal=True) if it.reason == REGISTERED)
    return len(counts), sum(it > 1 for it in counts.values())


def figures(folder: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Locust's own, by type and name."""
    with (folder / "locust_stats.csv").open(newline="") as file:
        return {(row["Type"], row["Name"]): row for row in csv.DictReader(file)}


def report(sandbox: Sandbox, members: list[fleet.Member], folder: Path) -> int:
    """Print a table; returns how many devices were lost or registered twice, all if none was registered.

    How many are registered in time depends on how busy the computer is, so that decides nothing.
    """
    found, journals = figures(folder), kept(members)
    columns = ("service", "devices", "registered", "tried", "failed", "median", "95 %", "lost", "twice")
    table = Table(box=None)
    for name in columns:
        table.add_column(name, justify="left" if name == "service" else "right", no_wrap=True)
    bad = 0
    for service, number in collections.Counter(it.provider for it in members).items():
        registered, twice = recorded(sandbox, service)
        lost = registered - journals[service]
        bad += abs(lost) + twice
        tried, done = found.get((ATTEMPT, service), {}), found.get((REGISTRATION, service), {})
        times = [f"{int(done[name]) / 1000:.1f} s" if done else "" for name in ("50%", "95%")]
        attempts = [tried.get(name, "") for name in ("Request Count", "Failure Count")]
        table.add_row(service, *map(str, (number, registered, *attempts, *times, lost, twice)))
    Console(width=80).print(table)
    return bad if any(journals.values()) else len(members)
