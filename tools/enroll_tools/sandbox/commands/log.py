"""``log``: the requests that the sandbox has answered."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import click
from rich.text import Text

from ..log import PAGE, printable
from ..options import LISTENERS
from ..samples import SERVICES
from .operation import call
from .options import admin_options
from .show import print_lines

NAMES = (*SERVICES, "ntp")


@click.command()
@admin_options
@click.option(
    "--service", type=click.Choice(NAMES), metavar="SERVICE", help=f"Only requests to one of {', '.join(NAMES)}."
)
@click.option(
    "--listener", type=click.Choice(LISTENERS), metavar="NAME", help=f"Only requests at one of {', '.join(LISTENERS)}."
)
@click.option("--after", default=0, help="Only requests after this id.")
@click.option("--device", help="Only requests of the device with this id.")
@click.option("--reveal", is_flag=True, help="Show secrets.")
@click.option("--follow", is_flag=True, help="Keep printing new requests until interrupted.")
@click.option("--clear", is_flag=True, help="Delete the log.")
def log(follow: bool, clear: bool, after: int, **options: Any) -> None:
    """Show the logged requests, oldest first; with --json, one object per line."""
    if clear:
        call("clear-log", {}, options)
        return
    chosen = {name: options.pop(name) for name in ("service", "listener", "device", "reveal")}
    chosen = {name: value for name, value in chosen.items() if value}
    with contextlib.suppress(KeyboardInterrupt) if follow else contextlib.nullcontext():
        while True:
            page = call("log", {**chosen, "after": after}, options)
            for entry in page:
                after = entry["id"]
                if options["as_json"]:
                    click.echo(json.dumps(entry))
                else:
                    print_lines(lines(entry))
            if len(page) == PAGE:
                continue
            if not follow:
                return
            time.sleep(0.3)


def lines(entry: dict[str, Any]) -> list[Text]:
    """An entry for people: what devices have sent is made harmless for a terminal."""
    status = (str(entry["status"] or "-"), "green" if 200 <= entry["status"] < 300 else "red")
    first = Text.assemble(
        (entry["time"], "dim"),
        f" {entry['listener']} ",
        (entry["service"] or "-", "cyan"),
        f" {printable(entry['method'])} {printable(entry['path'])} ",
        status,
        f" ({printable(entry['note'])})" if entry["note"] else "",
    )
    more = [f"    {name}: {value}" for name, value in entry["headers"].items() if name == "Authorization"]
    more += [f"    {mark} {entry[part]}" for part, mark in (("body", ">"), ("answer", "<")) if entry[part]]
    return [first, *(Text(printable(line)) for line in more)]
