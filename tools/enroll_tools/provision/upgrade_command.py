"""`enroll-provision upgrade`: its command line."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from . import screen
from .errors import Failure, Stopped
from .options import json_option, port_option
from .ports import attached, find
from .upgrade import Upgrade, upgrade
from .work import Options


@click.command("upgrade")
@port_option
@click.option("--all", "every", is_flag=True, help="Upgrade all attached boards, one after another.")
@click.option("--library-only", is_flag=True, help="Replace only /lib/enroll, not main.py, port.py and other files.")
@click.option("--source", is_flag=True, help="Copy the library as .py, not compiled.")
@click.option("--deadline", default=60.0, show_default=True, help="Time limit for a boot of the new files, in seconds.")
@json_option
def command(port: str, every: bool, library_only: bool, source: bool, deadline: float, as_json: bool) -> None:
    """Put this version of enroll on registered boards. They keep their credential and do not register again.

    If the new files do not boot and find the board's credential, the old ones are restored. After an interruption, run
    the same command again.

    Exit status: 0 upgraded, or nothing to do; 76 the old files were restored.
    """
    options = Options(source=source, deadline=deadline, old_firmware=True)
    results = []
    for each in (attached() or ["auto"]) if every else [port]:
        try:
            result = upgrade(find(each), options, library_only, lambda line: screen.say(line, indent=screen.REST))
        except Stopped:
            raise
        except Failure as error:
            result = Upgrade(each, "failed", error.exit_code, error.message)
        results.append(result)
        if not as_json:
            who = "" if result.port in result.text else f"{result.port}: "
            screen.say(f"{who}{result.text}", "red" if result.status else "green", err=False)
    if as_json:
        click.echo(json.dumps([asdict(it) for it in results]))
    sys.exit(next((it.status for it in results if it.status), 0))
