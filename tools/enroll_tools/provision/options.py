"""What the commands share."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from enroll_tools import group

from . import screen
from .errors import Stopped
from .plan import known_boards
from .ports import PortURL

RESULT = "File for the result of each row; rows that are done are skipped."
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def port_option(function: Callable[..., None]) -> Callable[..., None]:
    """Add the option that names a board's port, as the argument `port`."""

    @click.option(
        "--port",
        envvar="PROVISION_PORT",
        default="auto",
        show_default=True,
        help="Serial port, or auto (PROVISION_PORT).",
    )
    @click.option("--port-url", metavar="URL", help="Use a pyserial URL instead; every secret goes through it.")
    @functools.wraps(function)
    def command(*, port: str, port_url: str | None, **more: Any) -> None:
        function(port=PortURL(port_url) if port_url else port, **more)

    return command


def _named(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(it for it in values if it != "auto")  # which PROVISION_PORT may be, too


# of a command that takes several boards, as the argument `ports`
ports_option = click.option(
    "--port",
    "ports",
    multiple=True,
    envvar="PROVISION_PORT",
    callback=_named,
    help="Serial port to use; may be repeated. [default: PROVISION_PORT, else all attached boards]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def names(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> frozenset[str]:
    """The values of an option that may be given several times."""
    return frozenset(values)


def installing(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options of commands that install files."""
    for option in (
        click.option("--deadline", default=120.0, show_default=True, help="Time limit for the first boot, in seconds."),
        click.option("--keep", is_flag=True, help="Centagate: leave auth_token and secret_code on the device."),
        click.option("--app", type=FILE, help="Your application, installed instead of firmware/app.py."),
        click.option(
            "--board",
            type=click.Choice(known_boards()),
            metavar="NAME",
            help="Folder in boards/. [default: the name the board reports]",
        ),
        click.option("--old-firmware", is_flag=True, help="Accept a MicroPython that is too old for the board."),
        click.option(
            "--replace",
            multiple=True,
            callback=names,
            metavar="NAME",
            help="Give up the registration of NAME, on this board or on a lost one.",
        ),
        click.option("--source", is_flag=True, help="Copy the library as .py, not compiled."),
    ):
        function = option(function)
    return function


class Group(group.Reporting):
    """The commands of provision.

    `elsewhere`: {name: "module:variable"} of commands that are imported only when they are used, because the imports
    take time.
    """

    def __init__(self, *values: Any, elsewhere: dict[str, str], **more: Any) -> None:
        super().__init__(*values, **more)
        self._elsewhere = elsewhere

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted([*super().list_commands(ctx), *self._elsewhere])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, imported if need be."""
        if cmd_name not in self._elsewhere:
            return super().get_command(ctx, cmd_name)
        module, _, variable = self._elsewhere[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(f".{module}", __package__), variable)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; --demo-board instead of a command means the command demo-board."""
        return super().parse_args(ctx, ["demo-board", *args[1:]] if args[:1] == ["--demo-board"] else args)

    def interrupted(self) -> click.ClickException:
        """The error after Ctrl-C."""
        return Stopped("interrupted: run this again")

    def fitting(self, message: str) -> str:
        """A sentence about wrong usage, as wide as the terminal."""
        word = "Error: "
        return screen.wrapped(message, screen.columns(sys.stderr), word, screen.REST).removeprefix(word)
