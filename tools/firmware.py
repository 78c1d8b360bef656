"""Builds MicroPython for a board with enroll frozen in, from a MicroPython source tree and the vendor's toolchain.

Neither comes with this project; how to get them:
https://docs.micropython.org/en/latest/develop/gettingstarted.html
"""

import contextlib
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
BOARDS = sorted(path.parent.name for path in (ROOT / "boards").glob("[A-Z]*/manifest.py"))
OLDEST = (1, 25)
RESULT = {"esp32": "firmware.bin", "rp2": "firmware.uf2"}
# Submodules in lib/ that a port needs: always, or where the board's mpconfigboard.cmake sets what is named.
SUBMODULES = {
    "esp32": {"micropython-lib": "", "berkeley-db-1.xx": "", "tinyusb": r"IDF_TARGET\s+esp32s[23]"},
    "rp2": {
        "micropython-lib": "",
        "pico-sdk": "",
        "mbedtls": "",
        "tinyusb": "",
        "lwip": "MICROPY_PY_LWIP",
        "cyw43-driver": "MICROPY_PY_NETWORK_CYW43",
        "btstack": "MICROPY_BLUETOOTH_BTSTACK",
        "wiznet5k": "MICROPY_PY_NETWORK_WIZNET5K",
    },
}
# What has to be on PATH, and how to get it.
_ARM = "install gcc-arm-none-eabi and libnewlib-arm-none-eabi, see ports/rp2/README.md"
TOOLS = {
    "make": "install make",
    "gcc": "install gcc, for mpy-cross",
    "python3": "install Python 3",
}
TOOLS_OF = {
    "esp32": {"idf.py": "install ESP-IDF and source its export.sh, see ports/esp32/README.md"},
    "rp2": {"cmake": "install cmake", "arm-none-eabi-gcc": _ARM, "arm-none-eabi-g++": _ARM},
}
PICOTOOL = "install it from https://github.com/raspberrypi/picotool, or set PICOTOOL_FETCH_FROM_GIT_PATH to a folder"


class Missing(click.ClickException):
    """Something is missing; the message says how to get it."""

    exit_code = 69  # EX_UNAVAILABLE


def version(tree: Path) -> tuple[int, int]:
    """(major, minor) of the MicroPython source tree at `tree`. Raises Missing if it is none."""
    try:
        text = (tree / "py" / "mpconfig.h").read_text()
    except OSError as error:
        raise Missing(
            f"{tree} is not a MicroPython source tree: git clone https://github.com/micropython/micropython"
        ) from (error)
    major, minor = (re.search(rf"define MICROPY_VERSION_{part} +(\d+)", text) for part in ("MAJOR", "MINOR"))
    if not major or not minor:
        raise Missing(f"{tree}/py/mpconfig.h does not tell its version: MicroPython is needed from 1.25")
    return int(major[1]), int(minor[1])


def family(tree: Path, board: str) -> str:
    """The port of MicroPython that `board` belongs to. Raises Missing for a tree that does not know it."""
    found = version(tree)
    if found < OLDEST:
        raise Missing(f"{tree} is MicroPython {found[0]}.{found[1]}: check out v{OLDEST[0]}.{OLDEST[1]}.0 or later")
    for name in SUBMODULES:
        if _settings(tree, name, board).is_file():
            return name
    raise Missing(f"{tree} does not know the board {board}: check out a release that does")


def submodules(tree: Path, port: str, board: str) -> list[str]:
    """The folders of lib/ that a firmware for `board` needs and that are empty."""
    settings = _settings(tree, port, board).read_text()
    needed = [
        name
        for name, setting in SUBMODULES[port].items()
        if not setting or re.search(rf"^\s*set\({setting}\b(?!\s+(OFF|0)\b)", settings, re.M)
    ]
    if version(tree) > OLDEST and port == "esp32" and "tinyusb" in needed:
        needed.remove("tinyusb")  # ESP-IDF fetches its own
    return [name for name in needed if not _filled(tree / "lib" / name)]


def _settings(tree: Path, port: str, board: str) -> Path:
    return tree / "ports" / port / "boards" / board / "mpconfigboard.cmake"


def _filled(folder: Path) -> bool:
    return folder.is_dir() and any(path.name != ".git" for path in folder.iterdir())


def tools(tree: Path, port: str, board: str) -> dict[str, str]:
    """The tools that are missing, and how to get each."""
    missing = {tool: remedy for tool, remedy in {**TOOLS, **TOOLS_OF[port]}.items() if not shutil.which(tool)}
    if port == "rp2":
        if "arm-none-eabi-g++" not in missing and not _has_libraries():
            missing["newlib"] = "install libnewlib-arm-none-eabi and libstdc++-arm-none-eabi-newlib"
        if not (shutil.which("picotool") or os.environ.get("picotool_DIR") or _builds_picotool(tree, board)):  # noqa: SIM112
            missing["picotool"] = PICOTOOL
    return missing


def _has_libraries() -> bool:
    """Whether the cross compiler finds the C and the C++ library, which are packages of their own."""
    command = ["arm-none-eabi-g++", "--specs=nosys.specs", "-x", "c++", "-E", "-"]
    done = subprocess.run(command, input=b"#include <cstdlib>\n", capture_output=True, check=False)
    return done.returncode == 0


def _builds_picotool(tree: Path, board: str) -> bool:
    """Whether pico-sdk makes its own, or has made it."""
    made = tree / "ports" / "rp2" / f"build-{board}-enroll" / "_deps" / "picotool" / "picotool"
    return made.exists() or bool(os.environ.get("PICOTOOL_FETCH_FROM_GIT_PATH") and shutil.which("g++"))


def check(tree: Path, port: str, board: str) -> None:
    """Raises Missing with all that is not there, a line each."""
    lines = [f"{tool}: {remedy}" for tool, remedy in tools(tree, port, board).items()]
    empty = [f"lib/{name}" for name in submodules(tree, port, board)]
    if empty:
        command = shlex.join(["git", "-C", str(tree), "submodule", "update", "--init", *empty])
        lines.append(f"{', '.join(empty)}: {command}")
    if lines:
        raise Missing("\n  ".join([f"this is missing for a firmware of {board}:", *lines]))


def manifest(board: str) -> Path:
    """The board's manifest by a path without blanks, at which MicroPython's makefiles would cut it. Raises Missing."""
    root = ROOT
    if re.search(r"\s", str(root)):
        name = hashlib.sha256(str(root).encode()).hexdigest()[:12]
        root = Path(tempfile.gettempdir()) / f"enroll-{name}"
        with contextlib.suppress(OSError):  # it is there, which is seen next
            root.symlink_to(ROOT)
        if root.resolve() != ROOT or re.search(r"\s", str(root)):
            raise Missing(f"{ROOT} has a blank in its path, at which MicroPython cuts it: move it to one without")
    return root / "boards" / board / "manifest.py"


def folder(tree: Path, port: str, board: str, frozen: Path) -> Path:
    """Where it is built, apart from builds without enroll. What was built with another manifest is removed from there:
    MicroPython's makefile for RP2 would go on with that one."""
    build = tree / "ports" / port / f"build-{board}-enroll"
    cache = build / "CMakeCache.txt"
    if cache.exists() and not re.search(
        rf"^MICROPY_FROZEN_MANIFEST:\w+={re.escape(str(frozen))}$", cache.read_text(), re.M
    ):
        shutil.rmtree(build)
    return build


def commands(tree: Path, build: Path, board: str, frozen: Path) -> list[list[str]]:
    """What builds the firmware into `build`, a folder of the port."""
    jobs = f"-j{os.cpu_count() or 1}"
    values = [f"BOARD={board}", f"BUILD={build.name}", f"FROZEN_MANIFEST={frozen}"]
    return [["make", jobs, "-C", str(tree / "mpy-cross")], ["make", jobs, "-C", str(build.parent), *values]]


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
    tree = Path(micropython).expanduser().resolve()
    port = family(tree, board)
    check(tree, port, board)
    frozen = manifest(board)
    build = folder(tree, port, board, frozen)
    for command in commands(tree, build, board, frozen):
        if subprocess.run(command, check=False).returncode:
            raise click.ClickException(f"this failed, see above why: {shlex.join(command)}")
    click.echo(build / RESULT[port])


if __name__ == "__main__":
    main()
