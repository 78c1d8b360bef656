"""The command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from . import look, registration, screen
from .errors import Stopped
from .library import reset_words
from .link import connect
from .options import FILE, Group, installing, json_option, port_option
from .plan import version
from .ports import find
from .registration import TRIED
from .screen import Stages
from .template import Template
from .untrusted import cleaned
from .work import REGISTERING, Options, provide

INTERRUPTED = (
    "interrupted while the board was registering, it may be registered: see 'enroll-provision status', "
    "then run this again"
)
UNASKED = "interrupted before a request was sent, the board may be stopped: run this again to continue"


# where the other commands are
ELSEWHERE = {
    "ca": "ca:ca",
    "demo-board": "demo_board.cli:demo_board",
    "flash": "flash:command",
    "fleet": "fleet_command:fleet",
    "ports": "scan:ports",
    "scan": "scan:command",
    "schema": "schema_command:command",
    "station": "station_command:station",
    "upgrade": "upgrade_command:command",
}


@click.group(
    cls=Group, elsewhere=ELSEWHERE, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80}
)
@click.version_option(version(), message="enroll %(version)s")
def main() -> None:
    """Put enroll on boards and register them.

    \b
    Examples:
      enroll-provision scan
      enroll-provision flash --firmware RPI_PICO_W.uf2
      enroll-provision ca enroll.json --out ca.der
      enroll-provision one enroll.json
      enroll-provision one --port /dev/ttyACM0 --app my_app.py enroll.json
      enroll-provision fleet devices.csv --jobs 4 --result results.csv
      enroll-provision station devices.csv --after 'print-label {serial}'
      enroll-provision status
      enroll-provision logs --restart
      enroll-provision reset

    Exit status, the same as the firmware's: 0 registered or done, 74 flash failed, 75 try again later, 76 answer not
    understood, 77 refused, 78 configuration is wrong. 2 means wrong usage.
    """


@main.command()
@port_option
@installing
@click.option("--library-only", is_flag=True, help="Copy only /lib/enroll; change nothing else, do not register.")
@json_option
@click.argument("enroll_json", metavar="ENROLL.JSON", type=FILE)
def one(port: str, keep: bool, as_json: bool, enroll_json: Path, **options: Any) -> None:
    """Install enroll on one board, run its first boot, and show the result.

    Files that are already up to date are not copied again, so a second run completes the first.

    \b
    In place of a secret, ENROLL.JSON may contain one of these:
      {"$env": "NAME"}  {"$file": "path"}  {"$prompt": "text"}

    \b
    Examples:
      enroll-provision one enroll.json
      WIFI=... enroll-provision one --port /dev/ttyUSB0 enroll.json
    """
    settings = Template(enroll_json).settings(keep=keep)
    came = [""]  # stages
    try:
        with Stages() as stages:
            path = find(port)
            stages.stage(path, "asking")

            def come(stage: str) -> None:
                came.append(stage)
                stages.stage(path, stage, "")

            outcome = provide(path, settings, Options(**options, stage=come), _voice(stages, path))
    except KeyboardInterrupt:
        raise Stopped(INTERRUPTED if REGISTERING in came else UNASKED) from None
    if as_json:
        click.echo(json.dumps(asdict(outcome)))
    else:
        screen.verdict(screen.FAIL if outcome.status else screen.PASS, outcome.text)
    sys.exit(outcome.status)


def _voice(stages: Stages, port: str) -> Callable[[str], None]:
    """Return a function that prints lines; the name of a file is shown only while it is copied."""

    def say(line: str) -> None:
        word, _, path = line.partition(" ")
        if word == "copying":
            stages.stage(port, word, path)
        else:
            stages.say(line, indent=screen.REST)

    return say


@main.command()
@port_option
@json_option
@click.option("--files", is_flag=True, help="Also show the SHA-256 of every file.")
def status(port: str, as_json: bool, files: bool) -> None:
    """Show what is installed on a board and whether it is registered. Secrets are never shown.

    Exit status: 0 registered, 75 not registered yet, 78 not installed, or files differ from those installed. Any other
    status: the error that is shown.
    """
    with look.visit(find(port), screen.say) as link:
        found = cleaned(look.status(link))
        look.let_go(link)
    if as_json:
        click.echo(json.dumps(found))
    else:
        for line in look.lines(found, files):
            screen.say(line, err=False)
    sys.exit(look.exit_status(found))


@main.command()
@port_option
@json_option
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def reset(port: str, as_json: bool, yes: bool) -> None:
    """Factory reset: erase the board's credential and those of its children. enroll stays installed.

    Also says what to do in the service's portal before the device can register again.
    """
    port = find(port)
    with look.visit(port, screen.say) as link:
        there = registration.read(link).registration
        attempt = there is not None and there.state == TRIED
        name = f"the {'attempt' if attempt else 'credential'} of {there.name if there else 'the board'}"
        if not yes and not screen.ask(f"Erase {name} at {port} for good?"):
            stays = "" if look.let_go(link) else ", and the board stays stopped"
            raise Stopped(f"nothing was erased{stays}: run this again to erase it")
        try:
            look.forget(link)
        except KeyboardInterrupt:
            what = "interrupted while erasing: see 'enroll-provision status', then run this again"
            raise Stopped(what) from None
    words = reset_words(there.provider) if there else ""
    if as_json:
        click.echo(json.dumps({"port": port, "erased": there.name if there else None, "portal": words}))
    else:
        words += " if it was registered" if words and attempt else ""
        what = f"{words}, or the next boot is refused" if words else "the board registers again at its next boot"
        said = f"{name} is erased" if there else "nothing was registered on the board"
        screen.say(f"{said}: {what}", err=False)


@main.command()
@port_option
@click.option("--seconds", type=click.FloatRange(min=0), help="Stop after this many seconds. [default: on Ctrl-C]")
@click.option("--restart", is_flag=True, help="Soft-reset the board first, to see it boot.")
def logs(port: str, seconds: float | None, restart: bool) -> None:
    """Follow what a board prints."""
    try:
        with connect(find(port), enter=False, hear=screen.say) as link:
            if restart:
                with look.interruptible(link, screen.say):
                    link.enter()
            if sys.stderr.isatty():  # a board may print nothing for a long time
                screen.say(f"listening at {link.port}: Ctrl-C ends it")
            look.follow(link, restart, seconds, partial(screen.say, err=False))
    except KeyboardInterrupt:
        pass
