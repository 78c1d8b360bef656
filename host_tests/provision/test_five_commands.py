"""The way of a new user as the pages tell it, word for word: from MicroPython alone to a registration."""

import itertools
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import devices
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs/getting-started.md", ROOT / "docs/provision.md", ROOT / "README.md"]
numbers = itertools.count(9000)
NEEDED = ("Makefile", "requirements.txt", "tools", "lib", "firmware", "boards", "package.json")


def commands(page: Path) -> list[str]:
    """The first block of commands in a page that begins with the host's tools."""
    return commands_after(page.read_text(), "\n    make setup\n")


def commands_after(text: str, begins: str) -> list[str]:
    """The first block of commands in `text` that begins so."""
    block = text[text.index(begins) :].strip("\n").partition("\n\n")[0]
    return [line.removeprefix("    ") for line in block.splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_has_the_same_five(page):
    assert len(commands(page)) == 5 and commands(page) == commands(PAGES[0])


@pytest.fixture
def clone(tmp_path):
    """This repository, in a folder where a person has not been before."""
    folder = tmp_path / "enroll"
    folder.mkdir()
    for name in NEEDED:
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def filled_in(path: Path, sandbox, serial: str) -> None:
    """What a person writes into the example: the device, and here the sandbox in the service's place."""
    example = json.loads(path.read_text())
    example |= {"url": sandbox.url("etherfax", "https"), "ntp": [sandbox.ntp]}
    path.write_text(json.dumps(example | {"etherfax": {"serial": serial}}))


@pytest.mark.long("chip")
def test_five_commands_word_for_word(clone, plug, sandbox, runtime):
    """The computer trusts the sandbox's CA as it trusts the vendors': both are found in its store."""
    board = plug(runtime)
    serial = devices.create(sandbox, "etherfax", str(next(numbers)))["serial"]
    environment = {**os.environ, "PROVISION_PORT": board.port, "SSL_CERT_FILE": str(sandbox.ca_pem)}
    for command in commands(PAGES[0]):
        done = subprocess.run(
            command, shell=True, cwd=clone, env=environment, input="y\n", capture_output=True, text=True, timeout=50
        )
        assert done.returncode == 0, (command, done)
        if command.startswith("cp "):
            filled_in(clone / "enroll.json", sandbox, serial)
    assert f"registered etherfax {serial} at https://" in done.stdout


@pytest.mark.parametrize("page", ["esp32", "rp2"])
def test_by_hand(clone, plug, page, monkeypatch):
    """The library is on the board already: what `mip install` does, test_mip.py shows."""
    text = (ROOT / "docs" / "boards" / f"{page}.md").read_text()
    setup, board, install, *lines, reset = commands_after(text, "\n    make setup\n    BOARD=")
    assert (setup, install) == ("make setup", ".venv/bin/mpremote mip install ./package.json")
    monkeypatch.chdir(clone)
    for name in ("ca.der", "enroll.json"):
        (clone / name).touch()
    machine = plug(stocked=True)
    for line in [*lines, reset.removesuffix(" + sleep 3 + repl")]:
        program, *words = shlex.split(line.replace("$BOARD", board.removeprefix("BOARD=")))
        done = machine.mpremote(*words)
        assert program == ".venv/bin/mpremote" and done.returncode == 0, done
    there = machine.mpremote("exec", "import os; print(os.listdir('/'))").stdout
    assert all(f"'{name}'" in there for name in ("main.py", "app.py", "port.py", "link.py", "board.py", "enroll.json"))
