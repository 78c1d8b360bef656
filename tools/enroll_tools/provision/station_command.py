"""`enroll-provision station`: its command line."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from .errors import TRY_AGAIN
from .files import both_locked, distinct
from .fleet import Fleet
from .fleet_command import said
from .hook import Hook
from .options import FILE, RESULT, installing, json_option, ports_option
from .results import COLUMNS, Results
from .screen import Stages, verdict
from .station import Station, names, opening
from .station_log import Log
from .table import Table
from .template import Template
from .work import Options

OUT = click.Path(dir_okay=False, path_type=Path)


@click.command("station")
@click.option(
    "--template", type=FILE, default="enroll.json", show_default=True, help="Configuration that all boards share."
)
@ports_option
@click.option("--result", type=OUT, default="results.csv", show_default=True, help=RESULT)
@click.option("--log", type=OUT, default="station.jsonl", show_default=True, help="File to which each event is logged.")
@click.option(
    "--after", metavar="COMMAND", help="Run this after each PASS, without a shell; names in braces stand for values."
)
@click.option("--placeholders", is_flag=True, help="Accept placeholders in the table's cells.")
@installing
@json_option
@click.argument("devices_csv", metavar="DEVICES.CSV", type=FILE)
def station(
    template: Path,
    ports: tuple[str, ...],
    result: Path,
    log: Path,
    after: str | None,
    placeholders: bool,
    keep: bool,
    as_json: bool,
    devices_csv: Path,
    **options: Any,
) -> None:
    """Register boards one after another: plug in, wait for PASS or FAIL, unplug, next.

    Assigns and skips rows as `fleet` does, with the same table and result file. In --after, {name} stands for a column
    of the result file or of the table, or for a key of the device's identity. {portal_ssid}, {portal_password} and
    {portal_qr}, the text of a QR code, stand for the network that `portal` of enroll.json describes. If a board is
    plugged in again, the command runs again only if it has not succeeded for that board.

    \b
    Example:
      enroll-provision station devices.csv --after 'print-label {serial} {board}'

    Exit status: 0 all rows are done, 75 some are not.
    """
    distinct(table=devices_csv, template=template, result=result, log=log)
    with both_locked(result, devices_csv), contextlib.closing(Log(log)) as notes, Stages() as screen:
        table = Table(devices_csv, Template(template), keep, placeholders)
        fleet = Fleet(table, Results(result), Options(**options), (), 1, screen.say, lambda _: None, screen.stage)
        hook = Hook(after, names(fleet, COLUMNS)) if after else None
        opening(notes, screen.say)
        work = Station(fleet, ports, notes, hook, screen)
        try:
            finished = work.run()
        except KeyboardInterrupt:
            screen.close()
            if as_json:
                click.echo(said(fleet, True))
            sys.stdout.flush()
            os._exit(TRY_AGAIN)  # else Python waits for the boards that were dropped
    if as_json:
        click.echo(said(fleet, True))
    else:
        verdict("", said(fleet, False))
    sys.exit(0 if finished else TRY_AGAIN)
