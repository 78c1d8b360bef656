"""newest: the wheel in the virtual environment.

Its console script makes CPython import what a console script may need before MicroPython starts: half of the time that
a short program takes. Tests start thousands, by a script that goes straight to the wheel's one module, and does not
take CPython down at the end, which is another fifth.
"""

import shlex
import sys
from pathlib import Path

from . import cache

MODULE = "micropython_run"
DIRECT = "#!{python} -IS\n"
BY_SHELL = """#!/bin/sh
'''exec' {python} -IS "$0" "$@"
'''
"""  # the second line is a program to the shell, and the begin of a text to Python
LONGEST = 127  # bytes of a first line that every kernel reads
STARTER = """import posix, sys
sys.path = [{site!r}]
from {module} import run_main
posix._exit(run_main(sys.argv))
"""


def beginning(python: str) -> str:
    """How a script starts that `python` runs: a kernel takes its path from the first line only up to a blank."""
    direct = DIRECT.format(python=python)
    if len(direct.encode()) > LONGEST or len(python.split()) > 1:
        return BY_SHELL.format(python=shlex.quote(python))
    return direct


def script() -> Path:
    """The console script, whether it is there or not."""
    return Path(sys.executable).parent / "micropython"


def modules() -> list[Path]:
    """The wheel's one module, if it is there."""
    return sorted(Path(sys.executable).parent.parent.glob(f"lib/python*/site-packages/{MODULE}.*"))


def starts(path: Path) -> bool:
    """Whether `path` is a script that starts the wheel's MicroPython."""
    return bool(modules()) and path.resolve() in (starter().resolve(), script().resolve())


def starter() -> Path:
    """The quicker script, written for where the virtual environment is now; the console script where that has none."""
    found = modules()
    if not found:
        return script()
    path = cache.CACHE / "newest" / "micropython"
    text = beginning(sys.executable) + STARTER.format(site=str(found[-1].parent), module=MODULE)
    if not path.exists() or path.read_text() != text:
        with cache.alone():
            path.parent.mkdir(exist_ok=True)
            partial = path.with_suffix(".partial")  # another process may be starting the old one
            partial.write_text(text)
            partial.chmod(0o755)
            partial.rename(path)
    return path
