"""Long tests are left out where RUNTIMES says nothing, and the run says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import pytest
def test_short(): pass
@pytest.mark.long
def test_long(): pass
@pytest.mark.long("chip")
@pytest.mark.parametrize("runtime", ["newest", "chip"])
def test_long_on_one(runtime): pass
"""
SAYS = "long tests were left out: RUNTIMES=all runs them too"


def ran(folder: Path, *words: str, **environment: str) -> str:
    """What pytest says of SUITE."""
    (folder / "test_suite.py").write_text(SUITE)
    before = {name: value for name, value in os.environ.items() if name != "RUNTIMES"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "long", "-c", os.devnull, "--rootdir", str(folder), *words]
    path = str(Path(__file__).parent)
    done = subprocess.run(
        [*command, "test_suite.py"],
        cwd=folder,
        env={**before, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("processes", ["0", "2"])
def test_long_tests_are_left_out_in_words(tmp_path: Path, processes: str) -> None:
    said = ran(tmp_path, "-n", processes)
    assert "2 passed" in said and f"2 {SAYS}" in said, said


def test_runtimes_asks_for_all(tmp_path: Path) -> None:
    said = ran(tmp_path, "-p", "no:xdist", RUNTIMES="all")
    assert "4 passed" in said and SAYS not in said, said


def test_what_was_not_chosen_is_not_counted(tmp_path: Path) -> None:
    said = ran(tmp_path, "-p", "no:xdist", "-k", "newest or chip")
    assert "1 passed" in said and f"1 {SAYS}" in said, said
