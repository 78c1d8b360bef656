"""The way of a new user as the pages tell it, word for word: from MicroPython alone to a registration."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from devices import ROOT

PAGES = [ROOT / "docs/getting-started.md", ROOT / "docs/provision.md", ROOT / "README.md"]
NEEDED = ("Makefile", "requirements.txt", "tools", "lib", "firmware", "boards", "package.json")


def commands(page: Path) -> list[str]:
    """The first block of commands in a page that begins with the host's tools."""
    _, _, rest = page.read_text().partition("\n    make setup\n")
    block = rest.partition("\n\n")[0].splitlines()
    return ["make setup", *(line.removeprefix("    ") for line in block)]


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
def test_five_commands_word_for_word(clone, plug, desk, sandbox, runtime):
    """The computer trusts the sandbox's CA as it trusts the vendors': both are found in its store."""
    board = plug(runtime)
    serial = desk.serial()
    environment = {**os.environ, "PROVISION_PORT": board.port, "SSL_CERT_FILE": str(sandbox.ca_pem)}
    for command in commands(PAGES[0]):
        done = subprocess.run(
            command, shell=True, cwd=clone, env=environment, input="y\n", capture_output=True, text=True, timeout=50
        )
        assert done.returncode == 0, (command, done)
        if command.startswith("cp "):
            filled_in(clone / "enroll.json", sandbox, serial)
    assert f"registered etherfax {serial} at https://" in done.stdout
