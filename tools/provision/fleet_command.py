"""`provision fleet`."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from . import screen
from .errors import TRY_AGAIN
from .files import both_locked
from .fleet import Fleet
from .options import FILE, RESULT, installing, json_option, ports_option
from .results import REGISTERED, WAITING, Result, Results
from .screen import Stages
from .table import Table
from .template import Template
from .work import Options


@click.command("fleet")
@click.option("--template", type=FILE, default="enroll.json", show_default=True, help="What all boards share.")
@click.option("--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="Boards at a time.")
@ports_option
@click.option(
    "--result", type=click.Path(dir_okay=False, path_type=Path), default="results.csv", show_default=True, help=RESULT
)
@click.option("--placeholders", is_flag=True, help="Accept placeholders in the table's cells.")
@installing
@json_option
@click.argument("devices_csv", metavar="DEVICES.CSV", type=FILE)
def fleet(
    template: Path,
    jobs: int,
    ports: tuple[str, ...],
    result: Path,
    placeholders: bool,
    keep: bool,
    as_json: bool,
    devices_csv: Path,
    **options: Any,
) -> None:
    """Register a board for every row of DEVICES.CSV.

    Columns of the provider's section override the template. `port` names a socket, `board` the id of a board, which is
    written into the table once a row has one; any other column is passed on to the result file. A row that the result
    file has as registered, with the same provider, address, identity and board, is done. All other rows get the boards
    that are attached: a board goes to the row whose id or identity it has, a blank one to the next row. After an
    interruption, and for the next boards in the same sockets, type the same again.

    \b
    Example:
      serial,order
      MT000000001,4711
      MT000000002,4712
      provision fleet devices.csv --jobs 2 --result results.csv
    """
    with both_locked(result, devices_csv):
        table = Table(devices_csv, Template(template), keep, placeholders)
        if table.carried:
            screen.say(f"passed on to the result file: {', '.join(table.carried)}")
        work = _Work(table, Results(result), Options(**options), ports, jobs)
        finished = work.run(as_json)
        found = work.fleet.found
    failed = [it.status for it in found if it.status and it.state != WAITING]
    waits = any(it.state == WAITING for it in found)
    status = failed[0] if finished and failed else TRY_AGAIN if waits or not finished else 0
    if as_json:
        click.echo(said(work.fleet, as_json))
    else:
        screen.verdict(screen.FAIL if failed else "" if status else screen.PASS, said(work.fleet, False))
    sys.exit(status)


class _Work:
    """A fleet with its progress on the terminal."""

    def __init__(self, table: Table, results: Results, options: Options, ports: tuple[str, ...], jobs: int) -> None:
        self._screen = Stages()
        self.fleet = Fleet(table, results, options, ports, jobs, self._screen.say, self._done, self._stage)
        self._count(table)

    def run(self, as_json: bool) -> bool:
        """Whether it was not interrupted; a second Ctrl-C ends the program."""
        try:
            with self._screen:
                return self.fleet.run()
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends already
            if as_json:
                click.echo(said(self.fleet, True))
            sys.stdout.flush()
            os._exit(TRY_AGAIN)  # else Python waits for the boards that were dropped; the result file has the others

    def _stage(self, port: str, stage: str, who: str) -> None:
        self._screen.stage(port, stage, who)

    def _done(self, result: Result) -> None:
        word = screen.PASS if result.state == REGISTERED else screen.FAIL
        text = f"{word}  {result.device}  {result.port}  {result.seconds} s: {result.text}"
        self._screen.end(result.port, text, screen.COLOURS[word])
        self._count(self.fleet.table)

    def _count(self, table: Table) -> None:
        good = sum(it.state == REGISTERED for it in self.fleet.found)
        self._screen.footer = f"{good} of {len(table.rows)} boards are registered"


def said(fleet: Fleet, as_json: bool) -> str:
    """How all rows of `fleet` are, last of all."""
    found, total = fleet.found, len(fleet.table.rows)
    if as_json:
        return json.dumps([it.flat for it in found])
    good = sum(it.state == REGISTERED for it in found)
    waits = [it for it in found if it.state == WAITING]
    lines = [f"{good} of {total} boards are registered"]
    if waits:
        lines.append(f"{len(waits)} wait for a board; the first, {waits[0].device}: {waits[0].text}")
    return "\n".join(lines)
