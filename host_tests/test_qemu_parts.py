"""The parts of `make test-qemu` that can be tested without QEMU, so that they do not break unnoticed."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from qemu import board, manifests
from testboard import unit

import firmware

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("host_tests/qemu", "host_tests/testboard")
MODULES = [path.relative_to(ROOT / "host_tests") for folder in FOLDERS for path in (ROOT / folder).glob("*.py")]


@pytest.mark.parametrize("name", [".".join(path.with_suffix("").parts) for path in sorted(MODULES)])
def test_every_module_can_be_imported(name: str) -> None:
    assert importlib.import_module(name).__doc__


def test_their_types_agree_with_what_they_use() -> None:
    command = [sys.executable, "-m", "mypy", *FOLDERS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", firmware.BOARDS)
def test_every_board_has_a_port_and_a_chip(name: str) -> None:
    chips = {"esp32": {"xtensawin", "rv32imc"}, "rp2": {"armv6m", "armv7emsp"}}
    assert manifests.architecture(name) in chips[manifests.family(name)]


def row(result: str) -> dict[str, Any]:
    return {"name": f"row {result}", "result": result, "text": "because"}


def test_what_test_board_did_not_try_is_said_and_not_counted() -> None:
    found = board.result({"rows": [row("passed"), row("not tried"), row("failed")]}, 1)
    assert (found.tests, found.passed, found.failures) == (2, 1, ["row failed: because"])
    assert "test-board, row not tried: not tried: because" in found.notes


def test_a_run_of_test_board_that_breaks_off_has_failed() -> None:
    found = board.result({"error": "the board is gone: plug it in", "rows": [row("passed")]}, 1)
    assert found.failures == ["test-board: the board is gone: plug it in"]


@pytest.mark.parametrize(
    "trace",
    ["MemoryError: ", "AssertionError: not enough heap: free some heap", "EnrollError: not enough heap for TLS"],
)
def test_a_test_that_the_heap_is_too_small_for_has_not_failed(trace: str) -> None:
    """The library says in its own words what began as a MemoryError."""
    row = unit.summary("unit tests", {"test_one": "", "test_two": trace}, 1)
    assert (row.result, row.text) == ("passed", "1 of 2 passed, 1 found no room in the heap")


def test_a_test_that_failed_with_room_in_the_heap_has_failed() -> None:
    row = unit.summary("unit tests", {"test_one": "", "test_two": "AssertionError: 404"}, 1)
    assert (row.result, row.text) == ("failed", "1 of 2 passed, 1 failed: test_two: AssertionError: 404")
