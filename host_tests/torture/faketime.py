"""libfaketime of the same Debian as the runtime, so that a MicroPython process has a clock that can be set."""

import functools
import os
from pathlib import Path

from runtimes import CACHE, Unavailable, alone, debian, micropython
from runtimes.cache import call
from runtimes.oldest import ARCHITECTURES, SUITE


@functools.cache
def library(runtime: str) -> Path | None:
    """Path of the library for `runtime`, fetched if need be; None where it cannot be had."""
    if runtime not in ARCHITECTURES:
        return None  # another MicroPython than Debian's
    folder = CACHE.parent / "faketime" / runtime
    try:
        with alone():
            if not folder.exists():
                unpack(runtime, folder)
    except Unavailable:
        return None
    return next(folder.glob("usr/lib/*/faketime/libfaketime.so.1"), None)


def unpack(runtime: str, target: Path) -> None:
    """Fetch Debian's package for `runtime` and unpack it into `target`."""
    partial = target.with_suffix(".partial")
    partial.mkdir(parents=True, exist_ok=True)
    options = debian.options(CACHE / "apt", SUITE)
    package = f"libfaketime:{ARCHITECTURES[runtime]}"
    call(["apt-get", *options, "download", package], partial, f"fetching {package}")
    debian.unpack(list(partial.glob("*.deb")), partial)
    partial.rename(target)


def command(runtime: str) -> list[str] | None:
    """The start of a command whose clock `environment` can set; None if the library cannot be had."""
    found = library(runtime)
    if not found:
        return None
    root = micropython(runtime).parent / "root"
    loader = next(root.glob("usr/lib*/*/ld-linux*.so.2"), None) or next(root.glob("lib*/ld-linux*.so.2"))
    libraries = next(root.glob("usr/lib/*-linux-gnu"))
    program = str(root / "usr/bin/micropython")
    return [str(loader), "--preload", str(found), "--library-path", str(libraries), program]


def environment(file: Path, date: str) -> dict[str, str]:
    """The environment in which the clock starts at `date` ("2001-01-01 00:00:00"), and is what `file` says later."""
    file.write_text(f"@{date}\n")
    return {
        **os.environ,
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }
