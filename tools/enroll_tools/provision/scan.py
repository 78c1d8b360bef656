"""`enroll-provision scan`: what is attached, and what is on it. Every board is left as it was found."""

from __future__ import annotations

import copy
import json
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import click

from . import look, registration, screen
from .answers import Text
from .errors import ANSWER, TRY_AGAIN, Failure
from .facts import Facts
from .link import Hear, Link, connect, ignore
from .options import json_option, ports_option
from .ports import attached
from .registration import KEPT, Registration
from .snippets import Program
from .untrusted import clean, cleaned

SECONDS = 60.0  # for a board: it may be booting, and its line may be bad
SLICE = 0.1  # seconds between two looks at whether all have answered

BLANK, FOREIGN, INSTALLED, REGISTERED, OPEN, FAILED = "blank", "foreign", "installed", "registered", "open", "failed"

# [what `machine` it is, whether the library can be imported, files in the root]; a boot.py comes with the firmware
_CONTENT = Program(
    """
import os, sys
def main():
    try:
        import enroll
        ours = True
    except Exception:
        ours = False
    names = sorted(it[0] for it in os.ilistdir("/") if it[1] != 0x4000 and it[0] != "boot.py")
    return [getattr(sys.implementation, "_machine", ""), ours, names[:20]]
""",
    (Text(200), bool, [str]),
)


@dataclass
class Row:
    """The board at `port`. `state`: "blank", "foreign" (files that are not ours), "installed", "registered", "open"
    (nobody knows how an attempt ended, or has read its answer), or "failed" (it did not answer); `text`: the same for
    people; `outdated`: what to flash, "" where MicroPython is new enough; `running`: whether it was started again.
    """

    port: str
    chip: str = ""
    board: str = ""  # id
    build: str = ""
    micropython: str = ""
    outdated: str = ""
    enroll: str | None = None
    state: str = FAILED
    registration: dict[str, Any] | None = None
    running: bool = False
    status: int = 0
    text: str = ""


def ask(port: str, hear: Hear = ignore) -> Row:
    """What the board at `port` is, and what is on it; `hear` is told what it waits for."""
    row = Row(port)
    try:
        with connect(port, hear=hear) as link:
            _ask(link, row)
    except Failure as error:
        row.state, row.text, row.status = FAILED, error.message, error.exit_code
    except Exception as error:  # a failure is shown in the board's row and must not end the scan
        row.state, row.status = FAILED, ANSWER
        row.text = f"provision itself failed, {type(error).__name__}: report it, and try 'enroll-provision status'"
    return row


def _ask(link: Link, row: Row) -> None:
    facts = link.about()
    machine, ours, names = link.call(_CONTENT)
    row.chip = machine.rpartition(" with ")[2] if " with " in machine else facts.platform
    row.build, row.micropython, row.outdated = facts.build, facts.running, _outdated(facts)
    seen = registration.read(link)
    row.board = seen.board
    there = seen.registration
    manifest = look.manifest_of(link)
    row.enroll = manifest["version"] if manifest else None
    row.state, row.text = _found(there, ours, manifest, names)
    if there:
        row.registration = {**asdict(there), "identity": there.device}
    row.running = not (ours and there and there.state != KEPT) and look.let_go(link)


def _outdated(facts: Facts) -> str:
    return facts.outdated or ("" if facts.tls else "flash a MicroPython that has tls")


def _found(
    there: Registration | None, ours: bool, manifest: dict[str, Any] | None, names: list[str]
) -> tuple[str, str]:
    """The state of a board, and the words for it."""
    if there:
        since = f" since {there.since}" if there.since else ""
        if there.state == KEPT:
            return REGISTERED, f"registered as {there.name} at {there.url}{since}"
        return OPEN, there.sentence
    if ours:
        version = f"enroll {clean(manifest['version'])}" if manifest else "enroll, not put there by provision"
        return INSTALLED, f"{version}; not registered, and stopped: its next boot may register it"
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        what = "a program that is not enroll's" if "main.py" in names else "files that are not enroll's"
        shown = sorted(names, key=lambda name: name != "main.py")[:3]
        return FOREIGN, f"{what}: {', '.join(map(clean, shown))}{more}"
    return BLANK, "blank"


def scan(ports: Sequence[str], seconds: float) -> list[Row]:
    """What is at `ports`, asked side by side, each for at most `seconds`. After a Ctrl-C the boards are let go before
    it raises KeyboardInterrupt; a second one raises it at once."""
    rows: dict[str, Row] = {}
    with screen.Stages() as stages:

        def one(port: str) -> None:
            stages.stage(port, "asking")
            rows[port] = ask(port, stages.say)
            stages.end(port)

        threads = [threading.Thread(target=one, args=(port,), daemon=True) for port in ports]
        end = time.monotonic() + seconds
        try:
            for thread in threads:
                thread.start()
            _wait(threads, end)
        except KeyboardInterrupt:
            stages.say("interrupted: the boards are let go first; Ctrl-C again leaves them stopped")
            _wait(threads, end)
            raise
    late = f"does not answer within {seconds:g} s: reset it, or give it more with --deadline"
    return [rows.get(port) or Row(port, status=TRY_AGAIN, text=f"the board at {clean(port)} {late}") for port in ports]


def _wait(threads: list[threading.Thread], end: float) -> None:
    while any(it.is_alive() for it in threads) and time.monotonic() < end:
        time.sleep(SLICE)


def lines(rows: Sequence[Row]) -> list[str]:
    """The table for people."""
    shown = []
    for row in rows:
        note = row.text + (f"; MicroPython is too old: {row.outdated}" if row.outdated else "")
        version = f"{row.micropython}{' old' if row.outdated else ''}" if row.micropython else "-"
        shown.append(((row.port, row.chip or "-", row.board or "-", version), note))
    return screen.table(("PORT", "CHIP", "BOARD ID", "MICROPYTHON"), shown)


@click.command("scan")
@ports_option
@click.option(
    "--deadline",
    type=click.FloatRange(min=1),
    default=SECONDS,
    show_default=True,
    help="Time limit for each board, in seconds.",
)
@json_option
def command(ports: tuple[str, ...], deadline: float, as_json: bool) -> None:
    """Show which boards are attached, and what is on them. Afterwards each board runs its program again.

    A board with enroll that is not registered stays stopped, because its boot would register it.

    Exit status: 0 all boards answered, 75 no board is attached; otherwise the status of the first board that did not
    answer.
    """
    found = list(dict.fromkeys(ports or attached()))
    if not found:
        raise Failure(TRY_AGAIN, "no board found: attach one, or name its port with --port")
    rows = scan(found, deadline)
    if as_json:
        click.echo(json.dumps([cleaned(asdict(row)) for row in rows]))
    else:
        for line in lines(rows):
            click.echo(line)
    sys.exit(next((row.status for row in rows if row.status), 0))


ports = copy.copy(command)
ports.help = "Same as scan."
