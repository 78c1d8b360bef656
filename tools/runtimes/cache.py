"""The cache of runtimes, which one process at a time fills, without root."""

import contextlib
import fcntl
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

CACHE = Path(__file__).resolve().parent.parent.parent / ".cache" / "runtime"

STARTER = """#!/bin/sh
here=$(readlink -f "$0")
here=${{here%/*}}
exec "$here/{loader}" --library-path "$here/{libraries}" "$here/{program}" "$@"
"""


class Unavailable(click.ClickException):
    """The runtime cannot be had here; the message says what would install it."""

    exit_code = 69  # EX_UNAVAILABLE


def call(command: list[str], folder: Path, doing: str, environment: Mapping[str, str] | None = None) -> None:
    """Run `command` in `folder` quietly; say what it was `doing` and what it printed if it fails."""
    click.echo(f"enroll: {doing}", err=True)
    try:
        run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Unavailable(f"enroll: {doing} failed: {error}") from error
    if run.returncode:
        raise Unavailable(f"enroll: {doing} failed:\n{(run.stdout + run.stderr).strip()[-2000:]}")


def starter(folder: Path, program: Path, loader: Path, libraries: Path) -> None:
    """Write `folder`/micropython, which starts `program` with the C library in the same folder.

    A program that named its loader by an absolute path would not survive the checkout being moved.
    """
    names = {"program": program, "loader": loader, "libraries": libraries}
    script = folder / "micropython"
    script.write_text(STARTER.format(**{name: path.relative_to(folder) for name, path in names.items()}))
    script.chmod(0o755)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold the cache for one process: others wait here, as several of them start when the tests run on all cores."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go by the system when the file is closed, however the process ends
        yield
