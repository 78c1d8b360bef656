"""How the tests' MicroPython is found."""

from concurrent.futures import ThreadPoolExecutor, TimeoutError
from pathlib import Path

import demo
import pytest
import runtime
from click.testing import CliRunner


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No MicroPython, no apt, nothing fetched yet."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("MICROPYTHON", raising=False)
    monkeypatch.setattr(runtime, "CACHE", tmp_path / "runtime")


def fake(path: Path, version: str) -> Path:
    """A program that answers like MicroPython of `version`, (major, minor, micro)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '[{version}, true]'\n")
    path.chmod(0o755)
    return path


def test_where_there_is_none_one_line_says_what_to_install() -> None:
    result = CliRunner().invoke(runtime.main, [])
    assert result.exit_code == 69 and "install" in result.stderr and result.stdout == ""
    assert len(result.stderr.splitlines()) == 1


def test_the_demo_says_in_one_line_what_to_install() -> None:
    result = CliRunner().invoke(demo.main, [])
    assert result.exit_code == 69 and "install" in result.stderr and len(result.stderr.splitlines()) == 1


def test_a_width_that_is_left_out_is_no_failure_where_it_is_optional() -> None:
    result = CliRunner().invoke(runtime.main, ["--width", "32", "--optional"])
    assert result.exit_code == 0 and "32-bit" in result.stderr and result.stdout == ""


def test_one_on_path_is_taken_if_it_is_new_enough(tmp_path: Path) -> None:
    path = fake(tmp_path / "bin" / "micropython", '[1, 26, 0, ""]')
    result = CliRunner().invoke(runtime.main, [])
    assert result.stdout == f"{path}\n"


def test_one_on_path_that_is_too_old_is_not_taken(tmp_path: Path) -> None:
    fake(tmp_path / "bin" / "micropython", '[1, 19, 1, ""]')
    assert CliRunner().invoke(runtime.main, []).exit_code == 69


def test_one_that_is_named_comes_first_and_leaves_out_32_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path / "bin" / "micropython", '[1, 26, 0, ""]')
    named = fake(tmp_path / "mine", '[1, 25, 0, ""]')
    monkeypatch.setenv("MICROPYTHON", str(named))
    assert CliRunner().invoke(runtime.main, []).stdout == f"{named}\n"
    assert "left out" in CliRunner().invoke(runtime.main, ["--width", "32", "--optional"]).stderr


def test_one_that_is_named_but_no_micropython_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROPYTHON", "/bin/cat")
    result = CliRunner().invoke(runtime.main, [])
    assert result.exit_code == 69 and "/bin/cat" in result.stderr


def test_a_second_process_waits_for_the_one_that_is_fetching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run on all cores: two of apt in the same folder stop with `Could not get lock`."""
    fetched: list[int] = []
    monkeypatch.setattr(runtime, "unpack", fetched.append)
    with ThreadPoolExecutor() as pool:
        with runtime.alone():
            second = pool.submit(runtime.micropython, 32)
            with pytest.raises(TimeoutError):
                second.result(timeout=0.3)
            first = fake(runtime.CACHE / "32" / "micropython", '[1, 25, 0, ""]')
        assert second.result() == first and fetched == []
