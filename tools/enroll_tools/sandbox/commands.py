"""What the commands share: their options, calling the running sandbox, printing, and commands made from operations."""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .client import AdminClient
from .errors import SandboxError
from .keys import check_key, key_file
from .operations import Argument, arguments

_INDENT = " " * 6  # of the rest of a line that was folded
DEFAULT_STATE = ".cache/sandbox"

_ALIASES = {"enabled": ("--enable",)}


class Failure(click.ClickException):
    """The sandbox refused the operation (exit status 1)."""


class Misuse(Failure):
    """The command line is wrong."""

    exit_code = 2


class NotRunning(Failure):
    """No sandbox answers."""

    exit_code = 3


def state_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--state``."""
    return click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="SANDBOX_STATE",
        default=DEFAULT_STATE,
        show_default=True,
        help="State folder.",
    )(function)


def key_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--admin-key-file``."""
    return click.option(
        "--admin-key-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="File with the admin key; else SANDBOX_ADMIN_KEY in the environment; else the one in the state folder.",
    )(function)


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def admin_key(file: Path | None, environment: str | None) -> str | None:
    """The admin key from a file or the environment; None if there is none, and the state folder's is good."""
    try:
        if file is not None:
            return key_file(file)
        key = (environment or "").strip()
        return check_key(key) if key else None
    except SandboxError as error:
        raise Misuse(str(error)) from None


def environment_key() -> str | None:
    """The admin key of the environment, if there is one."""
    return os.environ.get("SANDBOX_ADMIN_KEY")


def new_table(*names: str) -> Table:
    """A table with these columns."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in names:
        # Never shorten with an ellipsis: people copy tokens and paths.
        table.add_column(name, overflow="fold")
    return table


def print_table(table: Table) -> None:
    """Print a table, as wide as the terminal."""
    # A file or a pipe has no width.
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 100_000).print(table)


def print_lines(lines: Iterable[Text]) -> None:
    """Print lines: on a terminal, folded to its width, with continuation lines indented; elsewhere unchanged."""
    console = Console(highlight=False, markup=False, emoji=False)
    for line in lines:
        if not console.is_terminal:
            click.echo(line.plain)
            continue
        for number, part in enumerate(line.wrap(console, console.width - len(_INDENT), overflow="fold")):
            part.rstrip()
            console.print(_INDENT if number else "", part, sep="", soft_wrap=True)


def show(result: Any, as_json: bool) -> None:
    """Print an operation's result: JSON, or a table for people."""
    if as_json:
        click.echo(json.dumps(result))
    elif isinstance(result, list) and result and isinstance(result[0], dict):
        _show_rows(result)
    elif isinstance(result, dict):
        _show_fields(result)
    elif isinstance(result, list):
        click.echo("none", err=True)
    elif result is not None:
        click.echo(str(result))


def _show_rows(rows: list[dict[str, Any]]) -> None:
    """A table; if it is too wide for the terminal, one line for each value."""
    table = new_table(*rows[0])
    for row in rows:
        table.add_row(*(cell(value) for value in row.values()))
    width = _width()
    if width is None or Console(width=10_000).measure(table).maximum <= width:
        return print_table(table)
    for number, row in enumerate(rows):
        if number:
            click.echo()
        _show_fields(row)


def _show_fields(fields: Mapping[str, Any], indent: str = "") -> None:
    """A line for each value; one that is too long for the terminal, and has parts, is shown in parts."""
    width = _width()
    for name, value in fields.items():
        line = f"{indent}{name}: {cell(value)}"
        if isinstance(value, dict) and width is not None and len(line) > width:
            click.echo(f"{indent}{name}:")
            _show_fields(value, indent + "    ")
        else:
            click.echo(line)


def _width() -> int | None:
    """Columns of the terminal on stdout; None where it is none."""
    console = Console()
    return console.width if console.is_terminal else None


def cell(value: Any) -> str:
    """A value as a word of a table."""
    if value is None:
        return "-"
    return json.dumps(value) if isinstance(value, dict | list | bool) else str(value)


def call(path: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
    """Perform an operation at the running sandbox."""
    key = admin_key(options["admin_key_file"], environment_key())
    try:
        return AdminClient(options["admin_url"], options["state"], key).perform(path, arguments)
    except ConnectionError as error:
        raise NotRunning(str(error)) from None
    except SandboxError as error:
        raise Failure(str(error)) from None


def _parameter(argument: Argument) -> click.Parameter:
    """A required argument of an operation becomes an argument, any other an option."""
    kind = _type(argument)
    if argument.required:
        return click.Argument([argument.name], type=kind)
    flag = "--" + argument.name.replace("_", "-")
    text = argument.about.text
    if kind is bool:
        return click.Option([argument.name, flag, *_ALIASES.get(argument.name, ())], is_flag=True, help=text)
    return click.Option([argument.name, flag], type=kind, default=None, help=text + _default(argument.default))


def _type(argument: Argument) -> Any:
    kinds, about = argument.kinds, argument.about
    if dict in kinds:
        return _JsonObject()
    if str in kinds and about.choices:
        return click.Choice(about.choices)
    return next(kind for kind in (str, float, int, bool) if kind in kinds)


def _default(value: object) -> str:
    return "" if value in (None, "", {}, 0.0) else f"  [default: {value}]"


class _JsonObject(click.ParamType[dict[str, Any]]):
    name = "JSON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse a JSON object."""
        try:
            parsed = json.loads(value)
        except ValueError as error:
            self.fail(f"not JSON: {error}", param, ctx)
        if not isinstance(parsed, dict):
            self.fail("not a JSON object", param, ctx)
        return parsed


def make_command(group: str, name: str, function: Callable[..., object]) -> click.Command:
    """The command for an operation, with its arguments and its help."""

    def run(**options: Any) -> None:
        common = {name: options.pop(name) for name in ("state", "admin_url", "admin_key_file", "as_json")}
        given = {key: value for key, value in options.items() if value is not None}
        show(call(f"{group}/{name}" if group else name, given, common), common["as_json"])

    decorated: Any = admin_options(run)
    command = click.Command(name, callback=run, help=inspect.getdoc(function))
    own = [_parameter(argument) for argument in arguments(function)]
    command.params = [*own, *reversed(decorated.__click_params__)]
    return command


def admin_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that calls a running sandbox."""
    option = click.option("--admin-url", envvar="SANDBOX_ADMIN_URL", help="URL of the admin API. [default: by --state]")
    return json_option(key_option(state_option(option(function))))
