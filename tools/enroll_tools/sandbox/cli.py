"""The command line: ``serve``, and a command for every operation of the admin API, made from its signature."""

from __future__ import annotations

from typing import get_type_hints

import click
from enroll_tools.group import Group, Reporting

from .commands.completion import completion
from .commands.console import console
from .commands.example import example
from .commands.log import log
from .commands.operation import make_command
from .commands.serve import serve
from .commands.transfer import export_command, import_command
from .control import Control
from .operations import operations
from .services import ALL
from .services.settings import settings_of


@click.group(cls=Reporting, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
def main() -> None:
    """A strict local stand-in for the services that enroll registers with.

    Exit status: 0 done, 1 refused, 2 wrong usage, 3 no sandbox is running there, 74 no room for the output.
    """


# Operations with a command of their own.
OTHERWISE = ("console", "log", "clear-log", "example", "export-state", "import-state")


def _build() -> None:
    for command in (serve, console, log, completion, example, export_command, import_command):
        main.add_command(command)
    for name, function in operations(Control).items():
        if name not in OTHERWISE:
            main.add_command(make_command("", name, function))
    for service in ALL:
        group = Group(service.name, help=f"Operations on {service.name}'s devices, users and tokens.")
        for name, function in operations(service).items():
            settings = settings_of(get_type_hints(service)["settings"]) if name == "set" else ()
            group.add_command(make_command(service.name, name, function, settings))
        main.add_command(group)


_build()
