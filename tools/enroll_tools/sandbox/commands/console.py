"""``console``: a link that lets a browser into the console."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import click

from .operation import call
from .options import admin_options
from .show import show


@click.command()
@admin_options
def console(**options: Any) -> None:
    """Print a link to the console. It is good once, for ten minutes; the browser that opens it stays let in."""
    link = str(call("console", {}, options))
    if options["admin_url"]:  # the sandbox does not know by which name this computer calls it
        link = urlsplit(link)._replace(netloc=urlsplit(options["admin_url"]).netloc).geturl()
    show(link, options["as_json"])
