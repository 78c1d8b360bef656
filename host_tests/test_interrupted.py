"""How the host tools start and end: Ctrl-C while they still import their modules, and no place for what they print."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from interrupted import pressed


@pytest.mark.parametrize(("tool", "module"), [("provision", "click"), ("sandbox", "click"), ("sandbox", "aiohttp")])
def test_no_traceback(tool: str, module: str, tmp_path: Path) -> None:
    done = pressed([sys.executable, "-m", f"enroll_tools.{tool}", "--help"], module, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


COMMANDS = [("provision", "--help"), ("provision", "fleet", "devices.csv"), ("sandbox", "xyte", "--help")]


def write(folder: Path) -> None:
    """A fleet without a board."""
    section = {"provider": "xyte", "xyte": {"hardware_key": "x", "firmware_version": "1.0.0"}}
    (folder / "enroll.json").write_text(json.dumps({"url": "http://127.0.0.1:9", **section}))
    (folder / "devices.csv").write_text("sn,port\nS1,/dev/ttyNONE\n")


@pytest.mark.parametrize("words", COMMANDS)
def test_an_output_for_which_there_is_no_room_is_one_sentence(words: tuple[str, ...], tmp_path: Path) -> None:
    write(tmp_path)
    command = [sys.executable, "-m", f"enroll_tools.{words[0]}", *words[1:]]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        sentence = "Error: the output cannot be written, No space left on device: make room, or send it elsewhere"
        assert (done.returncode, done.stderr.splitlines()[-1], "Traceback" in done.stderr) == (74, sentence, False)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_work_is_done_though_nobody_can_read_what_is_said(closed: str, tmp_path: Path) -> None:
    write(tmp_path)
    fleet = (sys.executable, "-m", "enroll_tools.provision", "fleet", "devices.csv")
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", *fleet]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done
    assert "is not there" in (tmp_path / "results.csv").read_text()


@pytest.mark.parametrize("encoding", ["ascii", "utf-8:strict"])
def test_a_folder_in_another_encoding_is_shown(encoding: str, tmp_path: Path) -> None:
    """The table of `serve` was a traceback."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "enroll_tools.sandbox", "serve", "--free-ports", "--quiet", "--state", b"z\xfc"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout
        shown = next((line for line in process.stdout if line.startswith(b"state ")), b"")
        process.terminate()
        assert shown.split() == [b"state", b"z\\udcfc"]
