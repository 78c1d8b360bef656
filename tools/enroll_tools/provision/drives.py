"""The drive that an RP2 shows in boot mode; a copy to it flashes the board."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

from .errors import CONFIGURATION, MISUSE, STORAGE, TRY_AGAIN, Failure
from .image import Image
from .untrusted import clean

INFO = "INFO_UF2.TXT"
MOUNTS = Path("/proc/self/mounts")  # Linux
VOLUMES = Path("/Volumes")  # macOS
APPEAR, VANISH = 30.0, 60.0  # seconds until the drive is there, and until it is gone after the copy
PAUSE = 0.1


def found() -> set[Path]:
    """The boot drives that are mounted."""
    try:
        fields = [line.split() for line in MOUNTS.read_text().splitlines()]
        paths = [Path(re.sub(r"\\([0-7]{3})", lambda it: chr(int(it[1], 8)), field[1])) for field in fields]
    except (OSError, IndexError):
        paths = list(VOLUMES.glob("*"))
    return {path for path in paths if (path / INFO).is_file()}


def only(drives: set[Path]) -> Path:
    """The only drive in `drives`. Raises Failure if there are more."""
    if len(drives) > 1:
        names = ", ".join(str(it) for it in sorted(drives))
        raise Failure(MISUSE, f"{len(drives)} boards are in their boot mode: name one with --drive ({names})")
    return next(iter(drives))


def appeared(before: set[Path]) -> Path:
    """Wait for a drive that is not among `before`. Raises Failure."""
    end = time.monotonic() + APPEAR
    while not found() - before:
        if time.monotonic() > end:
            remedy = "hold BOOTSEL while you plug the board in, mount its drive, and name that with --drive"
            raise Failure(TRY_AGAIN, f"no boot drive has appeared within {APPEAR:g} s: {remedy}")
        time.sleep(PAUSE)
    return only(found() - before)


def check(image: Image, drive: Path) -> None:
    """Raise Failure if `drive` is not a boot drive, or if `image` is not for its chip."""
    try:
        text = (drive / INFO).read_text(encoding="utf-8", errors="replace")
    except OSError:
        raise Failure(MISUSE, f"{drive} has no {INFO}, it is not a boot drive: check --drive") from None
    named = re.search(r"^Board-ID: *(\S+)", text, re.MULTILINE)
    if image.chip and named and named[1] != image.chip:
        sentence = f"{image.path} is for {image.chip}, and the board at {drive} is {clean(named[1], 40)}"
        raise Failure(CONFIGURATION, f"{sentence}: take the file for that board")


def copy(image: Image, drive: Path) -> None:
    """Copy `image` to `drive`, and wait until the board has left its boot mode with it. Raises Failure."""
    target = drive / image.path.name
    try:
        with image.path.open("rb") as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if (drive / INFO).exists():  # otherwise the board left boot mode as soon as it had the last block
            raise Failure(STORAGE, f"{target} cannot be written, {error.strerror}: plug the board in again") from None
    end = time.monotonic() + VANISH
    while (drive / INFO).exists():
        if time.monotonic() > end:
            sentence = f"the board at {drive} did not start within {VANISH:g} s: it may not take {image.path.name}"
            raise Failure(TRY_AGAIN, f"{sentence}; plug it in again")
        time.sleep(PAUSE)
