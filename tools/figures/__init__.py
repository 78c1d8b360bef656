"""Figures that a command measures and writes into the documentation, so that nobody types one.

A page marks the place of a value with comments, which no reader sees:

    registers in <!-- boot.ratio -->1.02<!-- /boot.ratio --> of the time

What stands between them may be a number, or a table of many lines.
"""

import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import click

PLACE = re.compile(r"<!-- (?P<name>[a-z0-9.-]+) -->(?P<value>.*?)<!-- /(?P=name) -->", re.S)


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with each of `values` {name: text} at its place; a text of several lines gets lines of its own.

    A value without a place is left out, see `places`. A place without a value stays as it is.
    """

    def value(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in values:
            return found[0]
        new = values[name]
        inside = f"\n{new.strip()}\n" if "\n" in new else new
        return f"<!-- {name} -->{inside}<!-- /{name} -->"

    return PLACE.sub(value, text)


def fill(page: Path, values: Mapping[str, str]) -> None:
    """Write `values` into `page`, see `filled`. Raises ClickException for a value without a place."""
    places(page, values)
    replace(page, filled(page.read_text(), values))


def places(page: Path, names: Iterable[str]) -> None:
    """Make sure, before minutes of measuring, that `page` has a place for each of `names`. Raises ClickException."""
    missing = set(names) - {found["name"] for found in PLACE.finditer(page.read_text())}
    if missing:
        told = f"{page.name} has no place for {', '.join(sorted(missing))}"
        raise click.ClickException(f"{told}: write <!-- NAME --><!-- /NAME --> into it")


def replace(path: Path, text: str) -> None:
    """Write `text` into the file `path`: whole, or not at all if Ctrl-C comes meanwhile."""
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(text)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def ready(*places: Path, plots: bool = False) -> None:
    """Make sure, before minutes of measuring, that the files and folders `places` can be written, and `plots` drawn.

    Raises ClickException.
    """
    for place in places:
        try:
            with tempfile.NamedTemporaryFile(prefix=".", dir=place if place.is_dir() else place.parent):
                pass
        except OSError as error:
            told = f"{place} cannot be written ({error.strerror}): make it writable"
            raise click.ClickException(f"{told}, or use an option that writes nothing") from error
    if plots and not find_spec("matplotlib"):
        raise click.ClickException("matplotlib is missing: make .venv/figures installs it")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def number(value: float, digits: int = 0) -> str:
    """`value` as the documentation writes numbers: with a space between thousands."""
    return f"{value:,.{digits}f}".replace(",", " ")
