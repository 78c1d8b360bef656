"""`make test-board PORT=...`: tries the library on the board there, and prints one table."""

from __future__ import annotations

import datetime
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.library import ROOT
from enroll_tools.provision.plan import known_boards, version
from enroll_tools.provision.ports import find
from enroll_tools.provision.untrusted import cleaned
from rich.console import Console
from rich.table import Table

from .bench import Bench, Settings, on_board
from .row import FAILED, Row
from .stages import STAGES, everything

EVIDENCE = ROOT / "evidence"
PASSWORD = "TEST_BOARD_WIFI"  # the variable that has the Wi-Fi's password


def report(bench: Bench, rows: list[Row]) -> dict[str, Any]:
    """All that a run has shown; nothing in it tells one board from another of its kind."""
    facts = bench.facts
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    found = {"board": bench.board, "firmware": facts.running, "build": facts.build, "machine": bench.machine}
    found |= {"platform": facts.platform, "enroll": version(), "date": now}
    return {**cleaned(found), "rows": [asdict(row) for row in rows]}


def save(found: dict[str, Any], folder: Path) -> Path:
    """Write what a run has shown into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{found['board']}-{found['firmware']}.json"
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return path


def show(rows: list[Row]) -> None:
    """Print the table to stdout."""
    table = Table("what", "result", "s", show_edge=False)
    table.add_column("shown", overflow="fold")
    for row in rows:
        colour = {"passed": "green", "failed": "red"}.get(row.result)
        table.add_row(row.name, f"[{colour}]{row.result}" if colour else row.result, f"{row.seconds:.0f}", row.text)
    wide = None if sys.stdout.isatty() else 80
    Console(highlight=False, emoji=False, width=wide).print(table)


def wifi(name: str | None, cable: bool) -> list[dict[str, Any]] | None:
    """What enroll.json has as `network`; None where nothing was said."""
    if not name:
        return [] if cable else None
    password = os.environ.get(PASSWORD) or click.prompt(f"Password of {name}", hide_input=True, err=True)
    return [{"ssid": name, "password": password}]


@click.command()
@click.option("--port", envvar="PORT", default="auto", show_default=True, help="Serial port, or auto (PORT).")
@click.option("--wifi", "ssid", help=f"Wi-Fi to join; its password is in {PASSWORD}, or asked for.")
@click.option("--cable", is_flag=True, help="The board has Ethernet.")
@click.option("--host", default="", help="This computer as the board reaches it. [default: its own address]")
@click.option("--board", type=click.Choice(known_boards()), help="Folder of boards/. [default: as it says]")
@click.option("--own-main", is_flag=True, help="Let the board's own main.py run when a test resets it.")
@click.option("--only", multiple=True, type=click.Choice(list(STAGES)), help="Only this stage.")
@click.option("--file", "files", multiple=True, help="Of the unit tests only this file.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder of the JSON. [default: evidence]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(
    port: str, ssid: str | None, cable: bool, only: tuple[str, ...], out: Path | None, as_json: bool, **more: Any
) -> None:
    """Try enroll on the board at --port, below a folder of its own that is removed at the end.

    \b
    Nothing else on the board changes. A board whose boot.py, main.py or enroll.json registers it is not tried. The
    sandbox runs on this computer; board and computer have to be in one network that lets them talk.
    \b
    Exit status: 0 where nothing failed, 1 otherwise; else as provision's.
    """
    rows: list[Row] = []
    try:
        settings = Settings(network=wifi(ssid, cable), **more)
        with on_board(find(port), settings, lambda line: click.echo(f"    {line}", err=True)) as bench:
            rows.extend(everything(bench, only))
    except Failure as error:
        if as_json:
            click.echo(json.dumps({"error": error.message, "rows": [asdict(row) for row in rows]}))
        elif rows:
            show(rows)
        raise
    found = report(bench, rows)
    # a run on a simulated board is for tests and is not evidence
    folder = out or (EVIDENCE if bench.real else None)
    path = save(found, folder) if folder else None
    if as_json:
        click.echo(json.dumps(found))
    else:
        show(rows)
        click.echo(f"{path} written" if path else "a computer played this board: no evidence is written")
    sys.exit(any(row.result == FAILED for row in rows))


if __name__ == "__main__":
    main(prog_name="test-board")
