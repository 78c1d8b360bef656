"""The MicroPython unix ports that the project is tested on.

=========== ==== ================================================================================================
newest      64   a wheel in the virtual environment: MicroPython 1.29-preview with the boards' TLS configuration;
                 where there is no wheel for the machine, the one on PATH
chip        32   built from Debian's sources: the boards' TLS, which takes its memory from MicroPython's heap, and
                 their floats of 32 bits
oldest      64   Debian 13's package, the oldest version that is supported: 1.25
oldest-32   32   the same for i386
given            what MICROPYTHON=/path names; it is used instead of all others
=========== ==== ================================================================================================

`python -m runtimes` prints where one is, and fetches it first if need be.
"""

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click

from . import wheel
from .cache import CACHE, alone
from .cache import Unavailable as Unavailable  # re-exported

NAMES = ("newest", "chip", "oldest", "oldest-32")
FULL = ("newest", "chip")  # every test runs on these, and CI needs them
SLICE = "oldest"  # on this one a slice, unless RUNTIMES asks for more
OLDEST = (1, 25)  # the first version that enroll supports
PROBE = "import sys, json, tls, vfs, asyncio; print(json.dumps([sys.implementation[1], sys.maxsize > 1 << 32]))"


@functools.cache
def probe(path: str | Path) -> tuple[tuple[Any, ...], int] | None:
    """(version, bits of a word) of the MicroPython at `path`; version as (1, 29, 0, "preview").

    None where it does not start or lacks what enroll needs (tls, vfs).
    """
    try:
        run = subprocess.run([path, "-c", PROBE], capture_output=True, text=True, timeout=20, check=True)
        version, wide = json.loads(run.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return tuple(version), 64 if wide else 32


def usable(path: str | Path | None) -> bool:
    """Whether there is a MicroPython at `path` that enroll supports."""
    found = probe(path) if path else None
    return bool(found and found[0] >= OLDEST)


def names() -> tuple[str, ...]:
    """The runtimes that there may be here: MICROPYTHON alone if it is set."""
    return ("given",) if os.environ.get("MICROPYTHON") else NAMES


def wanted() -> tuple[str, ...]:
    """The runtimes that RUNTIMES asks for, "all" or names with blanks between; without it those that run in full.

    Raises Unavailable for an unknown name.
    """
    asked = tuple(os.environ.get("RUNTIMES", "").split()) or FULL
    for name in asked:
        if name not in (*NAMES, "all"):
            raise Unavailable(f"There is no runtime {name!r}: RUNTIMES takes {', '.join(NAMES)}, or all.")
    return ("given",) if names() == ("given",) else NAMES if "all" in asked else asked


@functools.cache
def available() -> tuple[str, ...]:
    """Those of `wanted` that can be had here; the others are left out with a line on stderr.

    Raises Unavailable where there is none, or where RUNTIMES asks for one of FULL that cannot be had.
    """
    found = []
    for name in wanted():
        try:
            micropython(name)
            found.append(name)
        except Unavailable as error:
            if name == "given" or (os.environ.get("RUNTIMES") and name in FULL):
                raise
            click.echo(f"micropython: {name} is left out: {error.message}", err=True)
    if not found:
        raise Unavailable("There is no MicroPython to test on: set MICROPYTHON=/path/to/micropython.")
    return tuple(found)


@functools.cache
def partly() -> tuple[str, ...]:
    """The runtimes that a slice of the tests runs on besides: oldest, where RUNTIMES says nothing and it can be had."""
    if os.environ.get("RUNTIMES") or names() == ("given",):
        return ()
    try:
        micropython(SLICE)
    except Unavailable as error:
        click.echo(f"micropython: {SLICE} is left out: {error.message}", err=True)
        return ()
    return (SLICE,)


def first() -> str:
    """The runtime for a test that needs only one."""
    return available()[0]


def place(name: str) -> Path:
    """Where the runtime `name` is once it is there."""
    if name == "given":
        return Path(os.environ["MICROPYTHON"])
    if name == "newest":
        on_path = shutil.which("micropython")
        return Path(on_path) if on_path and not wheel.script().exists() and usable(on_path) else wheel.starter()
    return CACHE / name / "micropython"


def micropython(name: str) -> Path:
    """Path of the runtime `name`, fetched or built if need be, by one process at a time.

    Raises Unavailable, whose message is what to do about it.
    """
    path = place(name)
    if name == "newest" and not path.exists():
        raise Unavailable("newest has wheels for Linux x86-64 and macOS arm64 only, and CPython 3.11 to 3.14.")
    if not path.exists() and name in NAMES:
        from . import chip, oldest

        with alone():
            if not path.exists():  # another process may have made it meanwhile
                chip.build(path.parent) if name == "chip" else oldest.fetch(name, path.parent)
    if not usable(path):
        least = ".".join(map(str, OLDEST))
        hint = " (no 32-bit support)" if bits(name) == 32 else ""
        raise Unavailable(f"{path} is not a MicroPython of at least {least} with tls and vfs that starts here{hint}.")
    return path


def bits(name: str) -> int:
    """Bits of a word on the runtime `name`."""
    if name == "given":
        return (probe(place(name)) or ((), 64))[1]
    return 32 if name in ("chip", "oldest-32") else 64


def preferred() -> str:
    """The runtime for a demonstration, one that needs no apt if possible. Raises Unavailable where there is none."""
    name = names()[0]
    if name == "newest" and not place(name).exists():
        name = "oldest"
    micropython(name)
    return name
