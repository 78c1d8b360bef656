"""The folder that a program of this repository makes: emptied first, unless it holds what is somebody else's."""

from __future__ import annotations

import shutil
from pathlib import Path

import click


def empty(out: Path, usual: Path, mark: str, what: str) -> None:
    """Make `out` an empty folder. One that holds anything but an earlier `what`, which has the file `mark`, is left
    alone, unless it is `usual`, which is this repository's."""
    try:
        if out.absolute() != usual and out.exists() and any(out.iterdir()) and not (out / mark).is_file():
            raise click.ClickException(f"{out} holds other files than {what}: name another folder")
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be made, {error.strerror}: name another folder") from None
