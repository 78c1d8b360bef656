"""What `make test-qemu` says where it cannot run."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from qemu import toolchain
from qemu.__main__ import main


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No QEMU, no compiler, no apt, nothing fetched yet."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(toolchain, "CACHE", tmp_path / "qemu")


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def refused() -> str:
    """The one line that it ends with."""
    result = CliRunner().invoke(main, ["--fetch"])
    assert result.exit_code == 69 and result.stdout == "", result.output
    *_, line = result.stderr.splitlines()
    return line


def test_without_make() -> None:
    assert "make test-qemu needs gcc-arm-none-eabi, " in refused()


def test_without_tools_and_without_apt(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "make", "exit 0")
    assert "qemu-system-arm and make: install them with your package manager." in refused()


def test_tools_that_do_not_start_are_not_taken(tmp_path: Path) -> None:
    for name in ("make", toolchain.QEMU, toolchain.COMPILER):
        program(tmp_path / "bin" / name, "exit 1")
    assert "install them with your package manager." in refused()


def test_apt_that_fails_is_quoted(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "make", "exit 0")
    program(tmp_path / "bin" / "apt-get", "echo 'E: no such mirror'; exit 100")
    assert refused() == "E: no such mirror"
