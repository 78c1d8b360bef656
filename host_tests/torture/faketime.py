"""libfaketime of the same Debian as the runtime, so that a MicroPython process has a clock that can be set."""

import functools
import os
from pathlib import Path

from runtime import ARCHITECTURES, CACHE, Unavailable, alone, apt_options, call, installed, micropython, mirror


@functools.cache
def library(width: int) -> Path | None:
    """Path of the library for `width` bits, fetched if need be; None where it cannot be had."""
    if width == 64 and installed():
        return None  # another MicroPython than Debian's
    folder = CACHE.parent / "faketime" / str(width)
    try:
        with alone():
            if not folder.exists():
                unpack(width, folder)
    except Unavailable:
        return None
    return next(folder.glob("usr/lib/*/faketime/libfaketime.so.1"), None)


def unpack(width: int, target: Path) -> None:
    """Fetch Debian's package for `width` bits and unpack it into `target`."""
    partial = target.with_suffix(".partial")
    partial.mkdir(parents=True, exist_ok=True)
    options = apt_options(CACHE / "apt", mirror())
    package = f"libfaketime:{ARCHITECTURES[width]}"
    call(["apt-get", *options, "download", package], partial, f"fetching {package}")
    for deb in partial.glob("*.deb"):
        call(["dpkg", "-x", str(deb), str(partial)], partial, f"unpacking {deb.name}")
    partial.rename(target)


def command(width: int) -> list[str] | None:
    """What starts MicroPython with a clock that `environment` can set, or None where there is none."""
    found = library(width)
    if not found:
        return None
    root = micropython(width).parent / "root"
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
