"""`enroll-provision demo-board`."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shlex
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import STORAGE, Failure
from ..interrupts import interrupts
from .bench import Folder, sandbox
from .board import Board
from .micropython import find

if TYPE_CHECKING:
    from ...sandbox import Sandbox

PROVIDERS = ("etherfax", "ickstream", "xyte", "centagate")
PATH = click.Path(path_type=Path)


@click.command("demo-board")
@click.option(
    "--provider",
    type=click.Choice(PROVIDERS),
    default="etherfax",
    show_default=True,
    help="Service that its device registers with.",
)
@click.option("--folder", type=PATH, default=".cache/board", show_default=True, help="The board's flash and files.")
@click.option(
    "--state",
    type=PATH,
    envvar="SANDBOX_STATE",
    default=".cache/sandbox",
    show_default=True,
    help="The sandbox's state folder.",
)
@click.option("--new", is_flag=True, help="Start with a blank board and a new device.")
@click.option("--free-ports", is_flag=True, help="Let the sandbox take any free ports.")
@click.option("--alone", is_flag=True, help="Run the board without a sandbox; enroll.json comes from elsewhere.")
@click.option("--micropython", type=PATH, envvar="MICROPYTHON", help="MicroPython's unix port to run as the board.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when it is ready.")
def demo_board(
    provider: str,
    folder: Path,
    state: Path,
    new: bool,
    free_ports: bool,
    alone: bool,
    micropython: Path | None,
    as_json: bool,
) -> None:
    """Run a board without hardware, and a sandbox, until Ctrl-C.

    The board is MicroPython's unix port on a pty; provision and mpremote use it as any other board. Its flash is a
    file, which is kept between runs. The sandbox already has a device for it, and enroll.json is written.
    """
    program = find(micropython)
    place = Folder(folder)
    try:
        # SIGHUP: a link that stays would lead to whichever terminal gets the number of the board's.
        with interrupts(signal.SIGHUP) as ended, place.locked(alone), contextlib.ExitStack() as stack:
            running = None if alone else stack.enter_context(sandbox(state, free_ports))
            if new:
                place.clear()
            if running is not None:
                place.device(running, provider)
            with Board(place.flash, program, unique_id=place.chip) as board:
                place.show(board)
                if running is not None:
                    _announce(place, running, provider, as_json)
                else:
                    _announce_board(place, as_json)
                _keep(board, place, ended)
            place.port.unlink(missing_ok=True)
    except OSError as error:
        sentence = f"{folder} cannot be used, {error.strerror}: make room, or use another --folder"
        raise Failure(STORAGE, sentence) from None


def _keep(board: Board, place: Folder, ended: list[int]) -> None:
    """Let the board run until Ctrl-C; one whose program crashed is switched off and on."""
    while not ended:
        time.sleep(0.1)
        if not board.alive:
            board.plug()
            place.show(board)


def _announce_board(place: Folder, as_json: bool) -> None:
    """What to type for a board that has no sandbox."""
    if as_json:
        click.echo(json.dumps({"port": str(place.port)}))
        return
    click.echo(
        f"board    {place.port}, with its flash in {place.flash}\n"
        "\nType in another terminal, from this folder:\n\n"
        f"    {_typed('enroll-provision')} one enroll.json --port {place.port}\n"
        "\nCtrl-C ends the board; what it holds stays."
    )


def _portal(place: Folder, running: Sandbox, provider: str, tool: str) -> list[str]:
    """What stands for the service's portal here: the commands for a device that was reset."""
    device = json.loads(place.configuration.read_text())[provider]
    words = {
        "etherfax": [f"reset {device.get('serial')}"],
        "ickstream": [f"create-token {device.get('hardware_id', '').replace('hardware', 'user')}"],
        "xyte": ["devices", "delete ID"],
        "centagate": [f"set-token {device.get('token_sn')} new"],
    }
    return [f"{tool} {provider} {it}{_state(running)}" for it in words[provider]]


def _state(running: Sandbox) -> str:
    """The option that the sandbox's commands need, if its state folder is not the usual one."""
    from ...sandbox.commands.options import DEFAULT_STATE

    usual = str(running.state_folder) == DEFAULT_STATE
    return "" if usual else f" --state {shlex.quote(str(running.state_folder))}"


def _typed(program: str) -> str:
    """How a person types one of this package's programs: its name, or its path where that is not on PATH."""
    path = Path(sys.executable).with_name(program)
    return program if shutil.which(program) == str(path) else os.path.relpath(path)


def _announce(place: Folder, running: Sandbox, provider: str, as_json: bool) -> None:
    provision, tool = _typed("enroll-provision"), _typed("enroll-sandbox")
    portal = _portal(place, running, provider, tool)
    if as_json:
        paths = {"port": str(place.port), "enroll_json": str(place.configuration), "portal": portal}
        click.echo(json.dumps({**paths, "provider": provider, "sandbox": running.info()}))
        return
    more = ""
    if provider == "etherfax":
        taken = {it["serial"] for it in running.etherfax.devices()}
        free = next(it for it in (f"MT{number:09}" for number in itertools.count(1)) if it not in taken)
        create = f"{tool} etherfax create {free} --enable{_state(running)}"
        more = f"\nOne more device, for a table of fleet:\n\n    {create}\n"
    lines = "\n    ".join(portal)
    click.echo(
        f"board    {place.port}, with its flash in {place.flash}\n"
        f"sandbox  {running.url('etherfax').partition('/etherfax')[0]}, with its state in {running.state_folder}\n"
        "\nType in another terminal, from this folder:\n\n"
        f"    export PROVISION_PORT={place.port}\n"
        f"    {provision} one {place.configuration}\n"
        f"    {provision} status\n"
        f"    {provision} logs --restart\n"
        f"    {provision} reset\n"
        f"    {tool} log{_state(running)}\n"
        f"\nThe sandbox is the portal here; after a reset of the board:\n\n    {lines}\n"
        f"{more}"
        "\nCtrl-C ends the board and the sandbox; what they hold stays."
    )
