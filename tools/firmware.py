"""Builds MicroPython for a board with enroll frozen in, from a MicroPython source tree and the vendor's toolchain.

Neither comes with this project; how to get them:
https://docs.micropython.org/en/latest/develop/gettingstarted.html
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
BOARDS = sorted(path.parent.name for path in (ROOT / "boards").glob("[A-Z]*/manifest.py"))
OLDEST = (1, 25)
# For each family what has to be on PATH and how to get it, and what the build leaves behind.
TOOLS = {
    "esp32": {"idf.py": "install ESP-IDF and source its export.sh, see ports/esp32/README.md"},
    "rp2": {
        "cmake": "install cmake",
        "arm-none-eabi-gcc": "install gcc-arm-none-eabi and libnewlib-arm-none-eabi, see ports/rp2/README.md",
    },
}
SUBMODULES = {"esp32": ("micropython-lib",), "rp2": ("micropython-lib", "pico-sdk")}
RESULT = {"esp32": "firmware.bin", "rp2": "firmware.uf2"}


class Missing(click.ClickException):
    """What is not there; the message says what would get it."""

    exit_code = 69  # EX_UNAVAILABLE


def version(tree: Path) -> tuple[int, int]:
    """(major, minor) of the MicroPython source tree at `tree`. Raises Missing if it is none."""
    try:
        text = (tree / "py" / "mpconfig.h").read_text()
    except OSError as error:
        raise Missing(
            f"{tree} is no MicroPython source tree: git clone https://github.com/micropython/micropython"
        ) from (error)
    major, minor = (re.search(rf"define MICROPY_VERSION_{part} +(\d+)", text) for part in ("MAJOR", "MINOR"))
    if not major or not minor:
        raise Missing(f"{tree}/py/mpconfig.h does not tell its version: MicroPython is needed from 1.25")
    return int(major[1]), int(minor[1])


def family(tree: Path, board: str) -> str:
    """The port of MicroPython that `board` belongs to. Raises Missing for a tree that cannot build it."""
    found = version(tree)
    if found < OLDEST:
        raise Missing(f"{tree} is MicroPython {found[0]}.{found[1]}: check out v{OLDEST[0]}.{OLDEST[1]}.0 or later")
    for name in TOOLS:
        if (tree / "ports" / name / "boards" / board).is_dir():
            break
    else:
        raise Missing(f"{tree} does not know the board {board}: check out a release that does")
    for module in SUBMODULES[name]:
        if not (tree / "lib" / module / "README.md").exists():
            raise Missing(f"{tree}/lib/{module} is empty: make -C {tree}/ports/{name} BOARD={board} submodules")
    for tool, remedy in {"make": "install make", **TOOLS[name]}.items():
        if not shutil.which(tool):
            raise Missing(f"{tool} is not on PATH: {remedy}")
    return name


def commands(tree: Path, port: str, board: str) -> list[list[str]]:
    """What builds the firmware."""
    jobs = f"-j{os.cpu_count() or 1}"
    manifest = ROOT / "boards" / board / "manifest.py"
    return [
        ["make", jobs, "-C", str(tree / "mpy-cross")],
        ["make", jobs, "-C", str(tree / "ports" / port), f"BOARD={board}", f"FROZEN_MANIFEST={manifest}"],
    ]


@click.command()
@click.argument("board", type=click.Choice(BOARDS))
@click.option(
    "--micropython",
    envvar="MICROPYTHON_DIR",
    default="",
    help="A MicroPython source tree, 1.25 or later, with its submodules; or set MICROPYTHON_DIR.",
)
def main(board: str, micropython: str) -> None:
    """Build the firmware for BOARD and print where it is."""
    if not micropython:
        raise click.UsageError("which MicroPython? Name its source tree with MICROPYTHON_DIR=/path.")
    tree = Path(micropython).resolve()
    port = family(tree, board)
    for command in commands(tree, port, board):
        if subprocess.run(command, check=False).returncode:
            raise click.ClickException(f"this failed: {' '.join(command)}")
    click.echo(tree / "ports" / port / f"build-{board}" / RESULT[port])


if __name__ == "__main__":
    main()
