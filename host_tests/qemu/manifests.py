"""What is frozen into each board's firmware, resolved and compiled by MicroPython's own manifest tools, on the host.

Debian's source package lacks micropython-lib, so that what the boards of MicroPython require from there is empty here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from enroll_tools.provision.plan import of_family

from firmware import BOARDS, TOOLS_OF

from .result import Result
from .toolchain import MPY_CROSS, ROOT, generated, sources

REQUIRED = re.compile(r'\brequire\("([^"]+)"')
# as the ports pass it to mpy-cross
CHIPS = {"ESP32_GENERIC_C3": "rv32imc", "esp32": "xtensawin", "RPI_PICO2_W": "armv7emsp", "rp2": "armv6m"}


def stand_in(ports: Path, folder: Path) -> Path:
    """A micropython-lib whose packages hold nothing."""
    texts = [path.read_text() for path in ports.glob("*/boards/**/manifest.py")]
    for name in {name for text in texts for name in REQUIRED.findall(text)}:
        package = folder / "micropython" / name
        package.mkdir(parents=True)
        (package / "manifest.py").write_text('metadata(version="0.0.0")\n')
    return folder


def family(board: str) -> str:
    """The port of MicroPython that `board` belongs to."""
    [found] = [name for name in TOOLS_OF if of_family(name, board)]
    return found


def architecture(board: str) -> str:
    """What mpy-cross calls the chip of `board`."""
    return CHIPS.get(board) or CHIPS[family(board)]


def freeze(board: str, source: Path, library: Path, out: Path) -> None:
    """Freeze what `board` has into C. Raises AssertionError if something is missing, or not ours."""
    port = source / "ports" / family(board)
    places = {"MPY_DIR": source, "MPY_LIB_DIR": library, "PORT_DIR": port, "BOARD_DIR": port / "boards" / board}
    shutil.copytree(generated(), out / "genhdr")
    command = [sys.executable, source / "tools" / "makemanifest.py", "-o", out / "frozen.c", "-b", out]
    command += [f"-f=-march={architecture(board)}"]
    command += [it for name, place in places.items() for it in ("-v", f"{name}={place}")]
    command += [ROOT / "boards" / board / "manifest.py"]
    done = subprocess.run(
        list(map(str, command)), env={"MICROPY_MPYCROSS": str(MPY_CROSS)}, capture_output=True, text=True, check=False
    )
    assert not done.returncode, (done.stdout + done.stderr)[-1000:]
    frozen = {path.relative_to(out / "frozen_mpy").with_suffix(".py") for path in out.glob("frozen_mpy/**/*.mpy")}
    ours = {path.relative_to(ROOT / "lib") for path in (ROOT / "lib" / "enroll").rglob("*.py")}
    ours |= {Path(path.name) for path in (ROOT / "boards" / port.name).glob("*.py")} | {
        Path("link.py"),
        Path("board.py"),
    }
    if "W5500" not in board:  # it has no Wi-Fi
        ours |= {Path("offline.py"), Path("accesspoint.py")}
    assert ours < frozen, f"not frozen: {sorted(map(str, ours - frozen))}"
    assert Path("asyncio/core.py") in frozen, "MicroPython's own modules are missing"
    text = (out / "frozen.c").read_text()
    missing = [name for name in map(str, ours) if f'"{name}\\0"' not in text]
    assert not missing, f"not in the C file: {missing}"


def run(folder: Path) -> Result:
    """All boards."""
    source = sources()
    library = stand_in(source / "ports", folder / "library")
    result = Result()
    for board in BOARDS:
        start = time.monotonic()
        try:
            freeze(board, source, library, folder / board)
            failures = []
        except AssertionError as error:
            failures = [f"{board}: {error}"]
        result += Result(1, not failures, time.monotonic() - start, failures)
    return result
