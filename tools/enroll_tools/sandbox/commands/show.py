"""Prints results: JSON for programs, tables and lines for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..log import printable

_INDENT = " " * 6  # of the rest of a line that was folded


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
    Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 100_000).print(table)


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
        click.echo(cell(result))


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
        line = f"{indent}{printable(name)}: {cell(value)}"
        if isinstance(value, dict) and width is not None and len(line) > width:
            click.echo(f"{indent}{printable(name)}:")
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
    return printable(json.dumps(value) if isinstance(value, dict | list | bool) else str(value))
