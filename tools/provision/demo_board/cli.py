"""`provision demo-board`."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..interrupts import interrupts
from .bench import Folder, sandbox
from .board import Board
from .micropython import find

if TYPE_CHECKING:
    from sandbox import Sandbox

PROVIDERS = ("etherfax", "ickstream", "xyte", "centagate")
PATH = click.Path(path_type=Path)


@click.command("demo-board")
@click.option("--provider", type=click.Choice(PROVIDERS), default="etherfax", show_default=True)
@click.option("--folder", type=PATH, default=".cache/board", show_default=True, help="The board's flash and files.")
@click.option(
    "--state",
    type=PATH,
    envvar="SANDBOX_STATE",
    default=".cache/sandbox",
    show_default=True,
    help="The sandbox's state folder.",
)
@click.option("--new", is_flag=True, help="Take a blank board, and another device.")
@click.option("--free-ports", is_flag=True, help="Let the sandbox take any free ports.")
@click.option("--micropython", type=PATH, envvar="MICROPYTHON", help="The unix port that the board runs.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when it is ready.")
def demo_board(
    provider: str, folder: Path, state: Path, new: bool, free_ports: bool, micropython: Path | None, as_json: bool
) -> None:
    """Run a board without hardware, and a sandbox, until Ctrl-C.

    The board is MicroPython's unix port on a pty; provision and mpremote use it as any other board. Its flash is a
    file, which stays. The sandbox has a device for it, and enroll.json is ready.
    """
    program = find(micropython)
    place = Folder(folder)
    with interrupts() as ended, place.locked(), sandbox(state, free_ports) as running:
        if new:
            place.clear()
        place.device(running, provider)
        with Board(place.flash, program) as board:
            place.show(board)
            _announce(place, running, provider, as_json)
            while not ended:
                time.sleep(0.1)
                if not board.alive:  # its program crashed: it is switched off and on
                    board.plug()
                    place.show(board)
        place.port.unlink(missing_ok=True)


def _announce(place: Folder, running: Sandbox, provider: str, as_json: bool) -> None:
    if as_json:
        paths = {"port": str(place.port), "enroll_json": str(place.configuration)}
        click.echo(json.dumps({**paths, "provider": provider, "sandbox": running.info()}))
        return
    installed = __name__.startswith("enroll_tools.")
    python = os.path.relpath(sys.executable)
    provision = "enroll-provision" if installed else f"{python} -m provision"
    tool = "enroll-sandbox" if installed else f"{python} -m sandbox"
    click.echo(
        f"board    {place.port}, with its flash in {place.flash}\n"
        f"sandbox  {running.url('etherfax').partition('/etherfax')[0]}, with its state in {running.state_folder}\n"
        "\nType in another terminal, from this folder:\n\n"
        f"    export PROVISION_PORT={place.port}\n"
        f"    {provision} one {place.configuration}\n"
        f"    {provision} status\n"
        f"    {provision} logs --restart\n"
        f"    {provision} reset\n"
        f"    {tool} log --state {running.state_folder}\n"
        "\nCtrl-C ends the board and the sandbox; what they hold stays."
    )
