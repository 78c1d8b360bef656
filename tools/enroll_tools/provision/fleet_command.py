"""`enroll-provision fleet`."""

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
from .files import both_locked, distinct
from .fleet import Fleet
from .options import FILE, RESULT, installing, json_option, ports_option
from .results import REGISTERED, WAITING, Result, Results
from .screen import Stages
from .table import Table
from .template import Template
from .work import Options


@click.command("fleet")
@click.option(
    "--template", type=FILE, default="enroll.json", show_default=True, help="Configuration that all boards share."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="How many boards to work on at the same time.",
)
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

    A column named like a key of the provider's section overrides the template. The column `port` names a serial port.
    The column `board` holds a board's id; it is filled in once a row has a board. All other columns are copied to the
    result file.

    A row is done if the result file lists it as registered, with the same provider, address, identity and board. The
    other rows get the attached boards: a board goes to the row with its id or identity, a blank board to the next row.

    After an interruption, or with the next boards attached, run the same command again.

    \b
    Example:
      serial,order
      MT000000001,4711
      MT000000002,4712
      enroll-provision fleet devices.csv --jobs 2 --result results.csv
    """
    distinct(table=devices_csv, template=template, result=result)
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
    """The summary of all rows of `fleet`, shown at the end."""
    found, total = fleet.found, len(fleet.table.rows)
    if as_json:
        return json.dumps([it.flat for it in found])
    good = sum(it.state == REGISTERED for it in found)
    waits = [it for it in found if it.state == WAITING]
    lines = [f"{good} of {total} boards are registered"]
    if waits:
        lines.append(f"{len(waits)} wait for a board; the first, {waits[0].device}: {waits[0].text}")
    return "\n".join(lines)
