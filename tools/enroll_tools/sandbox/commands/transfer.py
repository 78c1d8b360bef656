"""``export`` and ``import``: the whole state as one file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from ..errors import SandboxError
from ..files import write_private
from .operation import call
from .options import Failure, admin_options
from .show import show

_STREAM = Path("-")


@click.command("export")
@admin_options
@click.argument("file", default=_STREAM, type=click.Path(path_type=Path), help="File to write.  [default: stdout]")
def export_command(file: Path, **options: Any) -> None:
    """Write the devices, users and tokens of all services, secrets in the clear, as JSON.

    A file for a test project: `import` reads it into another sandbox. Settings, faults and log are not in it.
    """
    text = json.dumps(call("export-state", {}, options), indent=1, sort_keys=True) + "\n"
    if file == _STREAM:
        click.echo(text, nl=False)
    else:
        try:
            write_private(file, text.encode(), 0o644, "FILE")
        except SandboxError as error:
            raise Failure(str(error)) from None
        show({"file": str(file), "bytes": len(text)}, options["as_json"])


@click.command("import")
@admin_options
@click.argument("file", type=click.Path(path_type=Path), help="File that `export` has written; - for stdin.")
@click.option("--replace", is_flag=True, help="Delete the devices and users that are there.")
def import_command(file: Path, replace: bool, **options: Any) -> None:
    """Read in a file that `export` has written: all of it, or nothing if it is not in order."""
    try:
        text = sys.stdin.read() if file == _STREAM else file.read_text(encoding="utf-8")
        state = json.loads(text)
        if not isinstance(state, dict):
            raise ValueError
    except OSError as error:
        raise Failure(f"cannot read {file}: {error.strerror}: name a file that `export` has written") from None
    except (ValueError, RecursionError):
        raise Failure(f"{file} holds no state of a sandbox: name a file that `export` has written") from None
    show(call("import-state", {"state": state, "replace": replace}, options), options["as_json"])
