"""micropython-lib's `requests` as source, since a comparison wants the same form of code on both sides.

The runtimes have it frozen. Debian's package of MicroPython adds the source, in 16 KB.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from runtimes import chip, debian
from runtimes.cache import CACHE, alone, call

PATCH = "debian/patches/mip.patch"
INSIDE = "lib/micropython-lib/micropython/requests/requests/__init__.py"
FOLDER = CACHE / "stock"


def requests() -> Path:
    """The folder with `requests/__init__.py`, fetched if need be. Raises Unavailable."""
    with alone():
        if FOLDER.exists():  # another process may have fetched it meanwhile
            return FOLDER
        with tempfile.TemporaryDirectory(dir=CACHE) as name:
            folder = Path(name)
            fetch(folder)
            made = folder / "made" / "requests"
            made.mkdir(parents=True)
            shutil.copy(folder / INSIDE, made)
            made.parent.rename(FOLDER)
    return FOLDER


def fetch(folder: Path) -> None:
    """Fetch what Debian adds to MicroPython, and unpack micropython-lib from it into `folder`."""
    apt = debian.options(folder / "apt", chip.SUITE, "deb-src")
    call(["apt-get", *apt, "update"], folder, f"reading the source lists of Debian {chip.SUITE}")
    source = ["source", "--download-only", "--diff-only", "micropython"]
    call(["apt-get", *apt, *source], folder, "fetching the source of stock requests, 16 KB")
    with tarfile.open(next(folder.glob("micropython_*.debian.tar.*"))) as archive:
        patch = archive.extractfile(PATCH)
        assert patch is not None
        (folder / "patch").write_bytes(patch.read())
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    call(["git", "apply", f"--include={INSIDE}", "patch"], folder, "unpacking stock requests")
