"""The commands of the pages, word for word; test_five_commands.py and test_demo_board.py type the first ones."""

import itertools
import re
import shlex
import signal
from pathlib import Path

import click
import pytest
from devices import ROOT
from enroll_tools.provision.cli import main
from enroll_tools.provision.plan import version
from enroll_tools.provision.tests.test_flash import esp

PAGE = ROOT / "docs" / "provision.md"
TOOL = "    .venv/bin/enroll-provision "
BENCH = ["scan", "flash", "fleet", "station", "upgrade"]
PORT = "/dev/ttyACM0"  # what the page calls a port
SERIALS = ("MT000000001", "MT000000002")  # of the page; other tests may have them


def typed(page: Path, start: str) -> list[list[str]]:
    """The words behind `start` of each command of a page."""
    lines = [line.removeprefix(start) for line in page.read_text().splitlines() if line.startswith(start)]
    return [shlex.split(line) for line in lines]


def program(folder: Path, name: str) -> None:
    """A stand-in for a tool, which writes down how it is called."""
    (folder / name).write_text(f'#!/bin/sh\necho {name} "$@" >>{folder}/called\n')
    (folder / name).chmod(0o755)


@pytest.fixture
def bench(desk, tmp_path, monkeypatch):
    """A folder with what the page has by then: enroll.json, the table, firmware, a label printer, esptool."""
    found = re.search(r"```\n(serial,order\n.*?)```", PAGE.read_text(), re.DOTALL)
    assert found
    ours = {serial: desk.serial() for serial in SERIALS}
    table = re.sub("|".join(SERIALS), lambda serial: ours[serial[0]], found[1])
    desk.write("etherfax")
    (desk.folder / "devices.csv").write_text(table)
    (desk.folder / "ESP32_GENERIC-20260101-v1.28.0.bin").write_bytes(esp())
    program(tmp_path, "print-label")
    program(tmp_path, "esptool")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return desk


def test_the_bench_as_the_page_says(bench, plug, tmp_path):
    """Two boards: the first one goes through `fleet` and is upgraded, the second one through `station`."""
    board, other = plug(stocked=True), plug(stocked=True)
    first, second = re.findall(r"MT\d{9}", (bench.folder / "devices.csv").read_text())
    commands = typed(PAGE, TOOL)
    commands = list(itertools.dropwhile(lambda words: words != ["scan"], commands))
    assert [words[0] for words in commands] == [*BENCH, "ca", "ca", "logs"]
    for words in commands[: len(BENCH)]:
        here = [board.port if it == PORT else it for it in words]
        done = bench.run(*here, board=other if words[0] == "station" else board)
        assert done.status == (75 if words[0] == "fleet" else 0), (words, done)
    assert f"enroll {version()} is installed already; etherfax {first} is registered" in done.out
    esptool, label = (tmp_path / "called").read_text().splitlines()
    assert esptool.endswith("write-flash 0x1000 ESP32_GENERIC-20260101-v1.28.0.bin")
    assert re.fullmatch(rf"print-label {second} (\w\w:){{7}}\w\w", label)
    with bench.start(*commands[-1], board=board) as process:
        assert any(f"enroll: registered etherfax {first}" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def inside(group: click.Group, name: str) -> click.Command:
    """The command of that name, which is imported when it is asked for."""
    command = group.get_command(click.Context(group), name)
    assert command, name
    return command


def options(command: click.Command) -> set[str]:
    """The names of the options of `command`, and of all commands in it."""
    own = {name for it in command.params for name in it.opts}
    if isinstance(command, click.Group):
        own.update(*(options(inside(command, name)) for name in command.list_commands(click.Context(command))))
    return own


def test_every_option_that_the_page_names_is_there():
    for words in typed(PAGE, TOOL):
        named = {it for word in words[1:] for it in re.findall(r"--[a-z-]+", word)}
        assert named <= options(inside(main, words[0])), words
    named = set(re.findall(r"`(--[a-z-]+)", PAGE.read_text()))
    assert len(named) > 15 and named <= options(main) | {"--help"}


def test_the_wheel_has_the_name_that_the_page_gives():
    assert f"pip install enroll_tools-{version()}-py3-none-any.whl" in PAGE.read_text()


@pytest.mark.parametrize("family", ["esp32", pytest.param("rp2", marks=pytest.mark.long)])
def test_by_hand_as_the_page_of_a_family_says(plug, desk, family):
    """mpremote copies what `provision` would; only its last words, a pause and a REPL for a person, are left out."""
    text = (ROOT / "docs" / "boards" / f"{family}.md").read_text()
    [name] = re.findall(r"^    BOARD=(\w+)$", text, re.MULTILINE)
    desk.write("etherfax")
    board = plug()
    for path in ROOT.iterdir():
        if path.name in ("firmware", "boards", "package.json", "lib"):
            (desk.folder / path.name).symlink_to(path)
    for words in typed(ROOT / "docs" / "boards" / f"{family}.md", "    .venv/bin/mpremote "):
        here = " ".join(words).replace("$BOARD", name).partition(" + sleep")[0].split()
        done = board.mpremote(*here)
        assert done.returncode == 0, (words, done)
    listed = set(board.mpremote("fs", "ls", ":/").stdout.split())
    wanted = {"main.py", "app.py", "port.py", "link.py", "board.py", "ca.der", "enroll.json", "lib/"}
    assert wanted | ({"nvs.py"} if family == "esp32" else set()) <= listed
    assert "enroller.py" in board.mpremote("fs", "ls", ":/lib/enroll").stdout
