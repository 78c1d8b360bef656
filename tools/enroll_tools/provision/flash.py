"""`enroll-provision flash`: flashes MicroPython with the vendors' tools, and keeps a registration from being lost by
accident."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from . import drives, image, look, registration, screen
from .errors import CONFIGURATION, MISUSE, REFUSED, TRY_AGAIN, Failure, Stopped
from .failures import UnderWay
from .options import json_option, port_option
from .ports import attached, find
from .untrusted import clean

BAUD = 460_800


def tool(*names: str) -> str:
    """The program of the first of `names` that is installed. Raises Failure that says what to install."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    for name in names:
        program = shutil.which(name, path=path)
        if program:
            return program
    pip = Path(sys.executable).with_name("pip")
    pip = pip.relative_to(Path.cwd()) if pip.is_relative_to(Path.cwd()) else pip
    raise Failure(CONFIGURATION, f"{names[0]} is not installed, and provision has no flasher: {pip} install {names[0]}")


def run(command: Sequence[str]) -> None:
    """Run a tool and show what it says. Raises Failure where it fails."""
    screen.say(shlex.join(command), indent=screen.REST)
    quiet, pipe = subprocess.DEVNULL, subprocess.PIPE  # nobody would see it if the tool asked a question
    with subprocess.Popen(
        command, stdin=quiet, stdout=pipe, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout
        for line in process.stdout:
            screen.say(clean(line.rstrip()), indent=screen.REST)
    if process.returncode:
        name = Path(command[0]).name
        raise Failure(TRY_AGAIN, f"{name} ended with status {process.returncode}: see above, then run this again")


def protect(port: str, replace: Sequence[str], blank: bool) -> None:
    """Raise Failure if the board holds, or may hold, a registration that nobody has given up by name."""
    screen.say(f"{port}: looking for a registration", indent=screen.REST)
    opened = False
    try:
        with look.visit(port, partial(screen.say, indent=screen.REST), enter=False) as link:
            opened = True
            link.enter()
            there = registration.read(link).registration
            if there and there.name not in replace:
                link.start()  # nothing is given up: let it boot its program
    except (UnderWay, Stopped):  # --blank does not help here
        raise
    except Failure as error:
        if not opened:
            raise
        if blank:
            return
        unknown = "Nobody knows whether the board is registered: use --blank if it is new"
        raise Failure(REFUSED, f"{error.message}. {unknown}") from None
    if there and there.name not in replace:
        raise Failure(REFUSED, f"this board is {there.sentence}, which may be lost: {registration.give_up(there)}")


def with_esptool(firmware: image.Image, port: str, baud: int, erase: bool) -> list[str]:
    """The command that flashes an ESP32."""
    program = tool("esptool", "esptool.py")
    word = "write_flash" if program.endswith(".py") else "write-flash"  # before version 5 it had another name
    options = ["--erase-all"] if erase else []
    command = [program, "--chip", firmware.chip, "--port", port, "--baud", str(baud), word, *options]
    return [*command, hex(firmware.at), str(firmware.path)]


def with_mpflash(version: str, port: str, erase: bool) -> list[str]:
    """The command by which mpflash downloads MicroPython `version` for the board that it finds, and flashes it."""
    options = ["--erase"] if erase else []
    return [tool("mpflash"), "flash", "--serial", port, "--version", version, *options]


def by_copy(firmware: image.Image, port: str, drive: Path | None, replace: Sequence[str], blank: bool) -> Path:
    """Bring an RP2 into its boot mode unless it is there, and copy `firmware` to its drive; returns that."""
    before = drives.found()
    if not drive and (port != "auto" or attached() or not before):
        port = find(port)
        protect(port, replace, blank)
        run([sys.executable, "-m", "mpremote", "connect", port, "resume", "bootloader"])
        drive = drives.appeared(before)
        drives.check(firmware, drive)
    else:
        drive = drive or drives.only(before)
        drives.check(firmware, drive)
        if not blank:
            sentence = f"the board at {drive} is in its boot mode, where nobody can see whether it is registered"
            raise Failure(REFUSED, f"{sentence}: unplug it and run this with its serial port, or use --blank")
    drives.copy(firmware, drive)
    return drive


@click.command("flash")
@port_option
@click.option(
    "--firmware", type=click.Path(dir_okay=False, path_type=Path), help="Firmware file: .bin for ESP32, .uf2 for RP2."
)
@click.option("--version", help="Version that mpflash downloads, instead of --firmware.")
@click.option(
    "--drive", type=click.Path(file_okay=False, path_type=Path), help="RP2: the drive that it shows in boot mode."
)
@click.option("--erase", is_flag=True, help="ESP32: erase the whole flash first, including files and NVS.")
@click.option("--baud", default=BAUD, show_default=True, help="ESP32: speed of the serial port.")
@click.option("--replace", multiple=True, metavar="NAME", help="Give up the registration of NAME on the board.")
@click.option("--blank", is_flag=True, help="The board is new: flash it even if it does not answer.")
@json_option
def command(
    port: str,
    firmware: Path | None,
    version: str | None,
    drive: Path | None,
    erase: bool,
    baud: int,
    replace: tuple[str, ...],
    blank: bool,
    as_json: bool,
) -> None:
    """Flash MicroPython with esptool, mpflash, or a copy to an RP2's boot drive.

    Checks first whether the board is registered. Flashing always erases an ESP32's NVS, and it erases the files if the
    new firmware has another flash layout.

    \b
    Examples:
      enroll-provision flash --firmware ESP32_GENERIC-20260101-v1.28.0.bin --blank
      enroll-provision flash --firmware RPI_PICO_W-20260101-v1.28.0.uf2
      enroll-provision flash --version 1.28.0
    """
    if (firmware is None) == (version is None):
        raise Failure(MISUSE, "flash needs a file or a version: use --firmware FILE, or --version with mpflash")
    found = image.read(firmware) if firmware else None
    if found and found.family == "rp2":
        if erase:
            raise Failure(MISUSE, "--erase is for ESP32 alone: flash an RP2 with flash_nuke.uf2 to erase it")
        where, how = str(by_copy(found, port, drive, replace, blank)), "copy"
    else:
        where = find(port)
        words = with_esptool(found, where, baud, erase) if found else with_mpflash(str(version), where, erase)
        protect(where, replace, blank)
        run(words)
        how = Path(words[0]).stem
    text = clean(f"{where}: flashed {firmware or version} by {how}")
    if as_json:
        click.echo(json.dumps({"state": "flashed", "text": text, "status": 0, "where": where, "by": how}))
    else:
        screen.say(text, "green", err=False)
