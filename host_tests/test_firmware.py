"""What tools/firmware.py calls, and its errors when a firmware cannot be built.

Source trees and tools are stand-ins here: what a real build needs is compared with MicroPython's own lists where
MICROPYTHON_DIR names a source tree.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

import firmware

ROOT = Path(__file__).resolve().parent.parent
TREE = os.environ.get("MICROPYTHON_DIR", "")


def port_of(board: str) -> str:
    return "esp32" if board.startswith("ESP32") else "rp2"


Tree = Callable[..., Path]
TOOLS = "make gcc g++ python3 idf.py cmake arm-none-eabi-gcc arm-none-eabi-g++ picotool"
WIFI = "MICROPY_PY_LWIP ON", "MICROPY_PY_NETWORK_CYW43 ON", "MICROPY_BLUETOOTH_BTSTACK ON"
# What MicroPython's mpconfigboard.cmake of each board sets, as far as it brings a submodule.
SETTINGS = {
    "ESP32_GENERIC": ("IDF_TARGET esp32",),
    "ESP32_GENERIC_C3": ("IDF_TARGET esp32c3",),
    "ESP32_GENERIC_S3": ("IDF_TARGET esp32s3",),
    "RPI_PICO_W": WIFI,
    "RPI_PICO2_W": WIFI,
    "W5500_EVB_PICO": ("MICROPY_PY_NETWORK_WIZNET5K W5500", "MICROPY_PY_LWIP 1", "MICROPY_PY_NETWORK_CYW43 OFF"),
}
PICO = {"micropython-lib", "pico-sdk", "mbedtls", "tinyusb", "lwip"}
ESP = {"micropython-lib", "berkeley-db-1.xx"}
NEEDED = {
    "ESP32_GENERIC": ESP,
    "ESP32_GENERIC_C3": ESP,
    "ESP32_GENERIC_S3": ESP,
    "RPI_PICO_W": PICO | {"cyw43-driver", "btstack"},
    "RPI_PICO2_W": PICO | {"cyw43-driver", "btstack"},
    "W5500_EVB_PICO": PICO | {"wiznet5k"},
}
MODULES = {*set().union(*NEEDED.values())}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Makes a source tree with `version`, and a PATH with `tools`, which write down how they are called.

    The tree's path has a blank. Its submodules are there but for those in `without`; `status` is what make ends with,
    and `libraries` whether the cross compiler finds its own.
    """

    def make(
        version: str = "1 26",
        tools: str = TOOLS,
        status: int = 0,
        without: set[str] | None = None,
        libraries: bool = True,
    ) -> Path:
        major, minor = version.split()
        root = tmp_path / "a tree"
        for board, settings in SETTINGS.items():
            file = root / "ports" / port_of(board) / "boards" / board / "mpconfigboard.cmake"
            file.parent.mkdir(parents=True)
            file.write_text("# set(MICROPY_PY_NETWORK_WIZNET5K W5500)\n" + "".join(f"set({it})\n" for it in settings))
        for name in MODULES:
            folder = root / "lib" / name
            folder.mkdir(parents=True)
            (folder / ".git").touch()
            if name not in (without or ()):
                (folder / "README").touch()
        (root / "py").mkdir()
        text = f"#define MICROPY_VERSION_MAJOR {major}\n#define MICROPY_VERSION_MINOR {minor}\n"
        (root / "py" / "mpconfig.h").write_text(text)
        (tmp_path / "bin").mkdir()
        for name in tools.split():
            end = int(not libraries) if name == "arm-none-eabi-g++" else status
            tool = tmp_path / "bin" / name
            tool.write_text(
                f'#!/bin/sh\nfor it in "$0" "$@"; do printf "%s|" "$it" >>"{tmp_path}/calls"; done\nexit {end}\n'
            )
            tool.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        for name in ("MICROPYTHON_DIR", "picotool_DIR", "PICOTOOL_FETCH_FROM_GIT_PATH"):
            monkeypatch.delenv(name, raising=False)
        return root

    return make


def build(board: str, root: Path | str) -> tuple[int, str]:
    result = CliRunner().invoke(firmware.main, [board, "--micropython", str(root)])
    return result.exit_code, result.output


@pytest.mark.parametrize("board", ["ESP32_GENERIC_C3", "W5500_EVB_PICO"])
def test_it_builds_with_our_manifest_and_says_where_the_firmware_is(board: str, tree: Tree, tmp_path: Path) -> None:
    root = tree()
    port, name = (port_of(board), "firmware.bin" if "ESP" in board else "firmware.uf2")
    assert build(board, root) == (0, f"{root}/ports/{port}/build-{board}-enroll/{name}\n")
    calls = (tmp_path / "calls").read_text()
    manifest = ROOT / "boards" / board / "manifest.py"
    assert f"|-C|{root}/mpy-cross|" in calls
    assert calls.endswith(
        f"|-C|{root}/ports/{port}|BOARD={board}|BUILD=build-{board}-enroll|FROZEN_MANIFEST={manifest}|"
    )


def test_a_checkout_with_a_blank_in_its_path(tree: Tree, tmp_path: Path) -> None:
    """MicroPython's makefiles cut the path of the manifest there."""
    root, code = tree(), tmp_path / "my code"
    (code / "tools").mkdir(parents=True)
    shutil.copy(firmware.__file__, code / "tools")
    shutil.copytree(ROOT / "boards", code / "boards")
    command = [sys.executable, code / "tools" / "firmware.py", "W5500_EVB_PICO", "--micropython", root]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    for _ in range(2):
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=30)
    manifest = Path((tmp_path / "calls").read_text().rpartition("FROZEN_MANIFEST=")[2].rstrip("|"))
    assert " " not in str(manifest) and manifest.samefile(code / "boards/W5500_EVB_PICO/manifest.py")
    (tmp_path / "with blanks").mkdir()
    environment["TMPDIR"] = str(tmp_path / "with blanks")
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 69 and "has a blank in its path" in done.stderr, done


def test_a_build_with_another_manifest_starts_from_nothing(tree: Tree) -> None:
    """RP2's makefile keeps the first manifest that a folder was built with: there was no enroll in the firmware."""
    root = tree()
    folder = root / "ports" / "rp2" / "build-RPI_PICO_W-enroll"
    for manifest, stays in {ROOT / "boards/RPI_PICO_W/manifest.py": True, "/other/manifest.py": False}.items():
        folder.mkdir()
        (folder / "CMakeCache.txt").write_text(f"A:STRING=1\nMICROPY_FROZEN_MANIFEST:UNINITIALIZED={manifest}\nB:B=\n")
        assert build("RPI_PICO_W", root)[0] == 0
        assert folder.exists() == stays
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("board", firmware.BOARDS)
def test_every_submodule_that_a_board_needs_is_named_at_once(board: str, tree: Tree, tmp_path: Path) -> None:
    """Those of other boards are not. What is printed fetches them, word for word."""
    root = tree(without=MODULES)
    status, output = build(board, root)
    names, _, command = output.splitlines()[-1].partition(": ")
    assert status == 69 and {it.strip() for it in names.split(",")} == {f"lib/{it}" for it in NEEDED[board]}
    git, *words = shlex.split(command)
    assert (git, words[:5]) == ("git", ["-C", str(root), "submodule", "update", "--init"])
    assert set(words[5:]) == {f"lib/{it}" for it in NEEDED[board]}
    assert "|BOARD=" not in ((tmp_path / "calls").read_text() if (tmp_path / "calls").exists() else "")


def test_the_usb_of_an_esp32_s3_is_a_submodule_in_1_25_only(tree: Tree) -> None:
    root = tree("1 25", without={"tinyusb"})
    assert "lib/tinyusb: git" in build("ESP32_GENERIC_S3", root)[1]
    assert build("ESP32_GENERIC", root)[0] == 0


@pytest.mark.skipif(not TREE, reason="MICROPYTHON_DIR names no source tree")
@pytest.mark.parametrize("port", ["esp32", "rp2"])
def test_micropython_itself_names_no_other_submodule(port: str) -> None:
    tree = Path(TREE)
    files = [*(tree / "ports" / port).glob("*.cmake"), *(tree / "ports" / port).glob("CMakeLists.txt")]
    files += [*(tree / "extmod").glob("*.cmake"), *(tree / "py").glob("*.cmake")]
    named = set(re.findall(r"GIT_SUBMODULES lib/(\S+?)\)", "".join(file.read_text() for file in files)))
    assert named - {"mynewt-nimble"} <= {*firmware.SUBMODULES["rp2"], *firmware.SUBMODULES["esp32"]}


def test_a_build_that_fails_is_told(tree: Tree) -> None:
    status, output = build("RPI_PICO_W", tree(status=2))
    assert status == 1 and "this failed, see above why: make " in output and "a tree/mpy-cross'" in output


@pytest.mark.parametrize("version", ["1 24", "0 99"])
def test_an_old_tree_is_refused(version: str, tree: Tree) -> None:
    status, output = build("RPI_PICO_W", tree(version))
    assert status == 69 and "check out v1.25.0 or later" in output


@pytest.mark.parametrize("version", ["1 26", "2 0"])
def test_a_newer_tree_is_taken(version: str, tree: Tree) -> None:
    assert firmware.family(tree(version), "RPI_PICO_W") == "rp2"


@pytest.mark.parametrize(
    ("board", "missing"),
    [
        ("RPI_PICO_W", {"arm-none-eabi-gcc", "arm-none-eabi-g++", "cmake", "picotool", "make", "gcc", "python3"}),
        ("RPI_PICO2_W", {"cmake", "picotool"}),
        ("W5500_EVB_PICO", {"picotool"}),
        ("ESP32_GENERIC", {"idf.py", "make", "gcc"}),
    ],
)
def test_all_tools_that_are_missing_are_named_at_once_with_the_submodules(
    board: str, missing: set[str], tree: Tree
) -> None:
    root = tree(tools=" ".join(set(TOOLS.split()) - missing), without={"micropython-lib"})
    status, output = build(board, root)
    first, *lines = output.splitlines()
    assert status == 69 and first == f"Error: this is missing for a firmware of {board}:"
    found = {line.partition(": ")[0].strip(): line.partition(": ")[2] for line in lines}
    assert set(found) == missing | {"lib/micropython-lib"} and all(found.values())


def test_a_cross_compiler_without_its_libraries(tree: Tree) -> None:
    status, output = build("RPI_PICO_W", tree(libraries=False))
    assert status == 69 and "newlib: install libnewlib-arm-none-eabi and libstdc++-arm-none-eabi-newlib" in output


@pytest.mark.parametrize("name", ["picotool_DIR", "PICOTOOL_FETCH_FROM_GIT_PATH"])
def test_a_picotool_that_pico_sdk_finds_or_makes(name: str, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(tools=TOOLS.replace(" picotool", ""))
    assert "picotool: " in build("RPI_PICO_W", root)[1]
    monkeypatch.setenv(name, "/somewhere")
    assert build("RPI_PICO_W", root)[0] == 0


def test_a_home_folder_that_no_shell_has_filled_in(tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert build("W5500_EVB_PICO", "~/a tree")[0] == 0


def test_a_folder_that_is_not_a_source_tree_is_refused(tree: Tree, tmp_path: Path) -> None:
    root = tree()
    assert build("RPI_PICO_W", "")[0] == 2
    assert "not a MicroPython source tree" in build("RPI_PICO_W", tmp_path)[1]
    (root / "py" / "mpconfig.h").write_text("")
    assert "does not tell its version" in build("RPI_PICO_W", root)[1]


def test_a_board_that_the_tree_lacks_is_told(tree: Tree) -> None:
    root = tree()
    (root / "ports/rp2/boards/RPI_PICO2_W/mpconfigboard.cmake").unlink()
    status, output = build("RPI_PICO2_W", root)
    assert status == 69 and "does not know the board RPI_PICO2_W" in output
    assert build("ESP32_GENERIC", root)[0] == 0


def test_an_unknown_board_is_an_error_that_lists_the_known_ones(tree: Tree) -> None:
    status, output = build("PICO", tree())
    assert status == 2 and "RPI_PICO_W" in output
