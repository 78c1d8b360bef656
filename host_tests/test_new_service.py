"""`make new-service`: what it writes passes as it is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import new_service
import pytest
from click.testing import CliRunner, Result
from devices import ROOT

PARTS = (
    "lib",
    "firmware",
    "boards",
    "tools",
    "host_tests",
    "docs",
    "conftest.py",
    "README.md",
    "package.json",
    "pyproject.toml",
)
TESTS = ("host_tests/unit", "host_tests/test_repository.py", "-k", "cpython or zebra or repository")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the repository, which uses the same programs."""
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".cache").symlink_to(ROOT / ".cache")
    return tmp_path


def begin(name: str, folder: Path) -> Result:
    return CliRunner().invoke(new_service.main, [name, str(folder)])


def test_a_service_begins_with_tests_that_pass(checkout: Path) -> None:
    done = begin("zebra", checkout)
    assert done.exit_code == 0, done.output
    written = re.findall(r"^[\w./]+$", done.output, re.MULTILINE)
    assert written[-1] == "package.json" and all((checkout / path).is_file() for path in written)
    assert not [path for path in written[:-1] if "acme" in (checkout / path).read_text().lower()]
    assert "(services/zebra.md)" not in (checkout / "docs/services/zebra.md").read_text()
    style = [sys.executable, "-m", "ruff", "check", "-q", "."]
    assert subprocess.run(style, cwd=checkout, check=False).returncode == 0
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *TESTS]
    environment = {**os.environ, "PYTHONPATH": str(checkout / "tools")}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "cpython: " in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["Zebra", "z", "my_service", "class", "seventeen" * 2])
def test_a_name_that_enroll_json_cannot_have_is_refused(name: str, tmp_path: Path) -> None:
    done = begin(name, tmp_path)
    assert done.exit_code == 2 and "NAME is the `provider` of enroll.json" in done.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["network", "ca", "retry", "store"])
def test_a_key_of_enroll_json_is_no_name(name: str, tmp_path: Path) -> None:
    done = begin(name, tmp_path)
    assert done.exit_code == 2 and f"`{name}` is a key of enroll.json already" in done.output
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_part_of_other_words_is_good(checkout: Path) -> None:
    """The library may say "string", though it names no provider."""
    assert begin("ring", checkout).exit_code == 0
    assert "| Ring: registration | `unit/test_ring.py` |" in (checkout / "host_tests/README.md").read_text()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", TESTS[1]]
    environment = {**os.environ, "PYTHONPATH": str(checkout / "tools")}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["xyte", "config"])
def test_nothing_is_written_over(name: str, checkout: Path) -> None:
    before = (checkout / "package.json").read_bytes()
    done = begin(name, checkout)
    assert done.exit_code == 1 and "is there already: choose another NAME" in done.output
    assert (checkout / "package.json").read_bytes() == before
