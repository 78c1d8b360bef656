"""One person at a fixture: boards come and go in the same sockets, and the computer may stop at any moment."""

import csv
import json
import os
import signal
import sys

import pytest
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.hook import Hook
from enroll_tools.provision.station_log import BEGUN, ENDED, Log
from enroll_tools.provision.tests.helpers import asked, until
from enroll_tools.provision.tests.terminal import Terminal


class Fixture:
    """Sockets that boards are put into; a socket is a link to the port of its board."""

    def __init__(self, folder, count):
        self.sockets = [folder / f"socket{at}" for at in range(1, count + 1)]

    @property
    def words(self):
        return [word for socket in self.sockets for word in ("--port", socket)]

    def put(self, board, at=0):
        self.take(at)
        self.sockets[at].symlink_to(board.port)

    def take(self, at=0):
        self.sockets[at].unlink(missing_ok=True)


@pytest.fixture
def table(desk):
    """`table(count)`: enroll.json, and devices.csv with so many rows; returns their serials."""
    desk.write("etherfax", portal={"ssid": "Acme {serial}", "password": "own-canary"})
    return lambda count: desk.table(order=[f"order {at}; $(touch hacked)" for at in range(count)])


@pytest.fixture
def label(desk):
    """A program that prints labels: it notes its arguments, and fails as long as the file `empty` is there."""
    path = desk.folder / "print label"
    code = """#!{python}
import json, os, sys
if os.path.exists("empty"):
    sys.exit("no paper\\x1b[2J")
print("label of", sys.argv[1])
with open("labels", "a") as file:
    file.write(json.dumps(sys.argv[1:]) + chr(10))
"""
    path.write_text(code.format(python=sys.executable))
    path.chmod(0o755)
    return f"'{path}' {{serial}} '{{board}} of {{order}}' {{portal_ssid}}"


def noted(desk):
    return [json.loads(line) for line in (desk.folder / "station.jsonl").read_text().splitlines()]


def test_boards_come_and_go_at_two_ports(plug, desk, sandbox, table, label):
    serials = table(3)
    fixture = Fixture(desk.folder, 2)
    boards = [plug(stocked=True) for _ in range(3)]
    (desk.folder / "empty").touch()
    with Terminal(desk.folder, "station", "devices.csv", *fixture.words, "--after", label) as terminal:
        terminal.until("3 to do: plug in a board")
        fixture.put(boards[0])
        terminal.until("to repeat it")
        text = terminal.text
        assert "#####   ####   #####  #####" in text and f"registered etherfax {serials[0]}" in text
        assert "the command after it failed: `" in text.replace("\n    ", " ")
        assert "ended with 1: no paper" in text and b"\a" in terminal.raw, "a PASS stays one"
        assert len(asked(sandbox)) == 1
        (desk.folder / "empty").unlink()

        fixture.take()
        terminal.until("2 to do: plug in a board")
        fixture.put(boards[1], 1)
        terminal.until(lambda: len(csv_rows(desk)) == 2)
        fixture.take(1)
        terminal.until("1 to do: plug in a board")
        fixture.put(boards[0], 1)
        terminal.until(lambda: (desk.folder / "labels").read_text().count("\n") == 2)
        terminal.until("##  ## ##  ## ### ## ##")
        terminal.until("done before, at 20")
        assert "  after  " not in terminal.text
        assert f"label of {serials[0]}" in terminal.text
        fixture.put(boards[2])
        assert terminal.end() == 0
        assert terminal.lines[-1] == "3 of 3 boards are registered"
        assert "to do" not in terminal.text, "nothing is left of the line that changes"
    labels = [json.loads(line) for line in (desk.folder / "labels").read_text().splitlines()]
    assert sorted(it[0] for it in labels) == serials and not (desk.folder / "hacked").exists()
    ids = {row["device_id"]: row["board"] for row in csv_rows(desk)}
    assert all(it[1] == f"{ids[it[0]]} of order {serials.index(it[0])}; $(touch hacked)" for it in labels)
    assert all(it[2] == f"Acme {it[0]}" for it in labels), "of the network that each makes, at its second try too"
    assert len(asked(sandbox)) == 3
    assert [it["event"] for it in noted(desk)].count("begun") == 3
    assert [bool(it["trouble"]) for it in noted(desk) if it["event"] == "after"].count(True) == 1


def csv_rows(desk):
    with open(desk.folder / "results.csv") as file:
        return [row for row in csv.DictReader(file) if row["state"] == "registered"]


@pytest.mark.long
def test_the_computer_is_switched_off_and_on(plug, desk, sandbox, table):
    """Killed while a board registers, with half a line in the log: the board goes on from there, once."""
    serials = table(2)
    fixture = Fixture(desk.folder, 1)
    board, other = plug(stocked=True), plug(stocked=True)
    sandbox.fault("etherfax", times=1, delay=3)
    fixture.put(board)
    words = ("station", "devices.csv", *fixture.words)
    with Terminal(desk.folder, *words) as terminal:
        terminal.until("registering")
        terminal.until(lambda: not sandbox.faults())
        terminal.process.send_signal(signal.SIGKILL)
        terminal.process.wait()
    with open(desk.folder / "station.jsonl", "a") as file:
        file.write('{"time": "2026-')
    with Terminal(desk.folder, *words) as terminal:
        text = terminal.until(f"registered etherfax {serials[0]}")
        assert "the last line of station.jsonl is cut" in text
        assert f"serial={serials[0]}, board " in text and "did not end last time" in text
        assert len(asked(sandbox)) == 1, "the attempt was not cut"
        fixture.take()
        terminal.until("1 to do: plug in a board")
        fixture.put(other)
        assert terminal.end() == 0
    assert {row["device_id"] for row in csv_rows(desk)} == set(serials)
    lines = (desk.folder / "station.jsonl").read_text().splitlines()
    assert lines[2] == '{"time": "2026-' and json.loads(lines[3])["event"] == BEGUN


def test_fail_then_ctrl_c_then_the_rest_by_fleet(plug, registered, desk, sandbox, table):
    """A board of somebody else fails and stays what it is; what passed is skipped by `fleet`."""
    serials = table(2)
    fixture = Fixture(desk.folder, 1)
    foreign, _ = registered()
    good, last = plug(stocked=True), plug(stocked=True)
    fixture.put(foreign)
    with Terminal(desk.folder, "station", "devices.csv", *fixture.words) as terminal:
        terminal.until("use --replace")
        assert "######  ####  ###### ##" in terminal.text and "FAIL" not in terminal.text
        fixture.take()
        terminal.until("2 to do: plug in a board")
        fixture.put(good)
        terminal.until("copying")
        terminal.interrupt()
        assert terminal.end() == 75
        assert "the boards under way are finished first" in terminal.text
        assert "#####   ####   #####  #####" in terminal.text and terminal.lines[-1].startswith("1 of 2 boards")
    done = desk.run("fleet", "devices.csv", "--port", last.port)
    assert done.status == 0 and done.out == "2 of 2 boards are registered\n"
    assert len(asked(sandbox)) == 2 and {row["device_id"] for row in csv_rows(desk)} == set(serials)


def test_without_a_terminal_each_step_is_a_line(plug, desk, table):
    serials = table(1)
    fixture = Fixture(desk.folder, 1)
    fixture.put(plug(stocked=True))
    done = desk.really("station", "devices.csv", *fixture.words)
    assert done.status == 0
    assert "1 to do: plug in a board" in done.err and f"{fixture.sockets[0]}: serial={serials[0]} begins" in done.err


def test_ctrl_c_while_nothing_is_plugged_in(desk, table):
    table(1)
    with Terminal(desk.folder, "station", "devices.csv", *Fixture(desk.folder, 1).words) as terminal:
        terminal.until("1 to do")
        terminal.interrupt()
        assert terminal.end() == 75
        assert terminal.lines[-2:] == ["stopped: type the same again to go on", "0 of 1 boards are registered"]


def test_ctrl_c_twice_drops_the_board_and_json_is_printed_all_the_same(plug, desk, sandbox, table):
    table(1)
    fixture = Fixture(desk.folder, 1)
    fixture.put(plug(stocked=True))
    sandbox.fault("etherfax", times=1, delay=20)
    process = desk.start("station", "devices.csv", *fixture.words, "--json")
    until(lambda: not sandbox.faults())
    process.send_signal(signal.SIGINT)
    assert any("Ctrl-C again drops them" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 75 and [row["state"] for row in json.loads(out)] == ["open"], out


def test_the_log_knows_half_a_line_and_what_did_not_end(tmp_path):
    path = tmp_path / "log"
    log = Log(path)
    log.add(BEGUN, provider="x", url="u", device="a", note="\x1b[2J")
    log.add(BEGUN, provider="x", url="u", device="b")
    log.add(ENDED, provider="x", url="u", device="a")
    log.close()
    path.write_bytes(path.read_bytes()[:-20])
    cut = Log(path)
    assert cut.half and [it["device"] for it in cut.open.values()] == ["a", "b"]
    cut.add(ENDED, provider="x", url="u", device="a")
    cut.close()
    again = Log(path)
    assert not again.half and [it["device"] for it in again.open.values()] == ["b"]
    again.close()
    assert "\x1b" not in path.read_text()
    with pytest.raises(Failure, match=": make room, or name another --log"):
        Log(tmp_path)


def test_an_event_is_on_disk_before_the_work_continues(tmp_path, monkeypatch):
    """A crash of the computer takes what only its memory has."""
    path, real, synced = tmp_path / "log", os.fsync, []
    log = Log(path)
    monkeypatch.setattr(os, "fsync", lambda file: (synced.append(path.read_text()), real(file)))
    for event in (BEGUN, ENDED):
        log.add(event, provider="x", url="u", device="a")
        assert json.loads(synced.pop().splitlines()[-1])["event"] == event
    log.close()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("nothing-here {serial}", "not a program here: give its path"),
        ("true {hardware_key}", "no value for {hardware_key}: use one of board, serial"),
        ("true '", "check its quotation marks"),
        ("", "an empty command"),
    ],
)
def test_a_hook_that_cannot_run_is_refused_before_a_board_is_touched(line, sentence):
    with pytest.raises(Failure) as caught:
        Hook(line, {"serial", "board"})
    assert sentence in caught.value.message and caught.value.exit_code == 2


def test_a_value_is_never_taken_for_an_option_or_a_command(tmp_path):
    hook = Hook(f"{sys.executable} -c 'import sys; sys.exit(sys.argv[1])' {{serial}}", {"serial"})
    assert hook.run({"serial": "`id` {board} '\x00\x1b"}).endswith("ended with 1: `id` {board} '??")
    assert "may take for an option" in hook.run({"serial": "--eval"})


def test_a_hook_has_ended_though_it_left_a_program_behind(tmp_path, monkeypatch):
    """A minute later it counted as failed, and ran again for the same board."""
    monkeypatch.setattr("enroll_tools.provision.hook.SECONDS", 5.0)
    said = []
    end = tmp_path / "end"
    os.mkfifo(end)
    hook = Hook(f"sh -c 'cat {end} & echo printed'", ())
    assert hook.run({}, said.append) == "" and said == ["printed"]
    end.write_text("")  # the one that it has left


def test_a_hook_that_does_not_end_is_ended_with_what_it_has_started(tmp_path, monkeypatch):
    """What it waited for went on."""
    monkeypatch.setattr("enroll_tools.provision.hook.SECONDS", 0.5)
    held = tmp_path / "held"
    os.mkfifo(held)
    reader = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    assert Hook(f"sh -c 'exec 3>{held}; sleep 20; true'", ()).run({}) == "`sh` did not end within 0.5 s"

    def is_let_go():
        try:
            return os.read(reader, 1) == b""
        except BlockingIOError:
            return False

    until(is_let_go, 5)
    os.close(reader)
