"""How the tests' MicroPythons are found."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from pathlib import Path

import demo
import pytest
import runtimes
from click.testing import CliRunner
from runtimes import oldest, wheel
from runtimes.__main__ import main

PYTHON = sys.executable


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No MicroPython, no apt, nothing fetched yet, nothing asked for."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "python"))
    monkeypatch.setattr(runtimes, "CACHE", tmp_path / "runtime")
    monkeypatch.setattr(runtimes.cache, "CACHE", tmp_path / "runtime")
    for name in ("MICROPYTHON", "RUNTIMES"):
        monkeypatch.delenv(name, raising=False)
    runtimes.probe.cache_clear()
    monkeypatch.setattr(runtimes, "available", runtimes.available.__wrapped__)


def fake(path: Path, version: str) -> Path:
    """A program that answers like MicroPython of `version`, (major, minor, micro)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '[{version}, true]'\n")
    path.chmod(0o755)
    return path


def newest(folder: Path) -> Path:
    """The wheel's, in the virtual environment."""
    return fake(folder / "venv" / "micropython", '[1, 29, 0, "preview"]')


@pytest.mark.parametrize("command", [main, demo.main])
def test_where_there_is_none_one_line_says_what_to_do(command: Callable[[], None]) -> None:
    result = CliRunner().invoke(command, [])
    assert result.exit_code == 69 and "MICROPYTHON=" in result.stderr and result.stdout == ""
    assert len(result.stderr.splitlines()) == 1


def test_the_one_in_the_virtual_environment_needs_no_apt(tmp_path: Path) -> None:
    path = newest(tmp_path)
    assert CliRunner().invoke(main, []).stdout == f"{path}\n"
    assert CliRunner().invoke(main, ["newest"]).stdout == f"{path}\n"


def test_a_runtime_that_is_left_out_does_not_fail_where_it_is_optional() -> None:
    result = CliRunner().invoke(main, ["oldest-32", "--optional"])
    assert result.exit_code == 0 and "oldest-32 left out" in result.stderr and result.stdout == ""


def test_without_the_wheel_one_on_path_is_taken_if_it_is_new_enough(tmp_path: Path) -> None:
    path = fake(tmp_path / "bin" / "micropython", '[1, 26, 0, ""]')
    assert CliRunner().invoke(main, []).stdout == f"{path}\n"


def test_one_on_path_that_is_too_old_is_not_taken(tmp_path: Path) -> None:
    fake(tmp_path / "bin" / "micropython", '[1, 19, 1, ""]')
    assert CliRunner().invoke(main, []).exit_code == 69


def test_one_that_is_named_is_used_instead_of_all_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newest(tmp_path)
    named = fake(tmp_path / "mine", '[1, 25, 0, ""]')
    monkeypatch.setenv("MICROPYTHON", str(named))
    monkeypatch.setenv("RUNTIMES", "all")
    assert CliRunner().invoke(main, []).stdout == f"{named}\n"
    assert runtimes.available() == ("given",)


def test_one_that_is_named_but_no_micropython_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROPYTHON", "/bin/cat")
    result = CliRunner().invoke(main, [])
    assert result.exit_code == 69 and "/bin/cat" in result.stderr


def test_a_run_leaves_out_what_cannot_be_had_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    newest(tmp_path)
    assert runtimes.available() == ("newest",)
    assert "chip is left out" in capsys.readouterr().err


@pytest.mark.parametrize("asked", ["all", "chip", "newest chip"])
def test_a_run_that_asks_for_what_must_be_there_fails_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """CI asks for all: a run that silently lacks the boards' TLS would prove nothing."""
    newest(tmp_path)
    monkeypatch.setenv("RUNTIMES", asked)
    with pytest.raises(runtimes.Unavailable):
        runtimes.available()


def test_an_unknown_name_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIMES", "latest")
    with pytest.raises(runtimes.Unavailable, match="latest"):
        runtimes.wanted()


def test_a_second_process_waits_for_the_one_that_is_fetching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run on all cores: two of apt in the same folder stop with `Could not get lock`."""
    fetched: list[str] = []
    monkeypatch.setattr(oldest, "fetch", lambda name, target: fetched.append(name))
    with ThreadPoolExecutor() as pool:
        with runtimes.alone():
            second = pool.submit(runtimes.micropython, "oldest")
            with pytest.raises(TimeoutError):
                second.result(timeout=0.3)
            first = fake(tmp_path / "runtime" / "oldest" / "micropython", '[1, 25, 0, ""]')
        assert second.result() == first and fetched == []


def test_a_runtime_with_its_own_libraries_still_starts_in_a_checkout_that_was_moved(tmp_path: Path) -> None:
    """A program that names its loader by an absolute path says "required file not found" there."""
    before = tmp_path / "before"
    (before / "lib").mkdir(parents=True)
    loader = before / "lib" / "loader"
    loader.write_text('#!/bin/sh\necho "$@"\n')
    loader.chmod(0o755)
    runtimes.cache.starter(before, before / "program", loader, before / "lib")
    after = before.rename(tmp_path / "after")
    command = [after / "micropython", "-c", "1"]
    run = subprocess.run(command, env={"PATH": os.defpath}, capture_output=True, text=True, check=True)
    assert run.stdout == f"--library-path {after}/lib {after}/program -c 1\n"


def test_the_wheel_starts_by_a_script_that_is_right_wherever_the_checkout_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripts written before a move would name a CPython that is not there."""
    monkeypatch.setattr(sys, "executable", PYTHON)
    if not wheel.script().exists():
        pytest.skip("no wheel for this machine")
    fake(tmp_path / "runtime" / "newest" / "micropython", "before it was moved")
    command = [runtimes.micropython("newest"), "-c", "import sys; print(sys.argv[1:]); sys.exit(3)", "a b", "-c"]
    run = subprocess.run(command, env={"PATH": os.defpath}, capture_output=True, text=True, check=False)
    assert command[0] == tmp_path / "runtime" / "newest" / "micropython"
    assert (run.stdout, run.stderr, run.returncode) == ("['a b', '-c']\n", "", 3)


@pytest.mark.parametrize("folder", ["ä b's", "long" * 60])
def test_the_wheel_starts_where_the_checkout_has_a_path_that_no_first_line_can_name(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel cuts it at a blank, or after some length."""
    monkeypatch.setattr(sys, "executable", PYTHON)
    if not wheel.script().exists():
        pytest.skip("no wheel for this machine")
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "venv").symlink_to(Path(PYTHON).parent.parent)
    monkeypatch.setattr(sys, "executable", str(tmp_path / folder / "venv" / "bin" / "python"))
    command = [runtimes.micropython("newest"), "-c", "import sys; print(sys.argv[1:]); sys.exit(3)", "a b", "-c"]
    run = subprocess.run(command, env={"PATH": os.defpath}, capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr, run.returncode) == ("['a b', '-c']\n", "", 3)
    assert wheel.starts(command[0]), "make bench runs the module without CPython's start"
    assert wheel.starts(wheel.script()) and not wheel.starts(fake(tmp_path / "other", "1, 29, 0"))
