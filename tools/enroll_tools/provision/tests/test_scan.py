"""`enroll-provision scan`: what is attached, asked side by side, and left as it was."""

import json
import threading
import time

import pytest
from enroll_tools.provision import scan as command
from enroll_tools.provision.tests.board import Noise
from enroll_tools.provision.tests.helpers import asked

RUNS = "import time\nwhile True:\n  print('at work')\n  time.sleep(0.05)"


def goes_on(board, word):
    """Wait until `board`, asked for nothing, says `word`."""
    board.said.clear()
    board.says(word)


def scanned(desk, *boards, status=0, words=()):
    ports = [word for board in boards for word in ("--port", board.port)]
    done = desk.run("scan", "--json", *ports, *words)
    assert done.status == status, done
    return json.loads(done.out)


def test_each_board_is_named_and_left_as_it_was(plug, registered, desk, sandbox):
    ours, serial = registered()
    blank, theirs = plug(), plug(unique_id="24ac0fff")
    theirs.runs(RUNS)
    goes_on(theirs, "at work")
    ours.says("enroll: registered")
    ours.said.clear()

    rows = scanned(desk, blank, theirs, ours)
    assert [row["state"] for row in rows] == ["blank", "foreign", "registered"]
    assert [row["running"] for row in rows] == [True] * 3
    assert rows[1]["board"].lower() == "24:ac:0f:ff"
    assert rows[1]["text"] == "a program that is not enroll's: main.py"
    assert rows[2]["registration"]["identity"] == f"serial={serial}"
    assert rows[2]["registration"]["url"] == sandbox.url("etherfax") and rows[2]["registration"]["since"][:2] == "20"
    assert all(row["micropython"].count(".") == 2 and row["outdated"] == "" and row["chip"] for row in rows)
    goes_on(theirs, "at work")
    ours.says("enroll: registered")
    assert not asked(sandbox)


def test_a_board_that_is_not_registered_is_not_started(registered, desk, sandbox):
    """Its boot would register it, and it may have been reset on purpose."""
    board, _ = registered()
    desk.run("reset", "--yes", board=board)
    board.heard.clear()
    (row,) = scanned(desk, board)
    assert (row["state"], row["running"]) == ("installed", False) and row["enroll"]
    assert "its next boot may register it" in row["text"]
    assert b"\r\x02" not in board.heard and not asked(sandbox)


def test_a_board_that_does_not_answer_is_a_row(plug, desk):
    """Boards are asked side by side, so that one which sleeps costs its own time alone."""
    asleep, old = plug(), plug(claims={"version": (1, 24, 0)})
    asleep.asleep = True
    start = time.monotonic()
    rows = scanned(desk, asleep, old, status=75, words=("--deadline", "3"))
    assert time.monotonic() - start < 8
    assert rows[0]["state"] == "failed" and "does not answer within 3 s: " in rows[0]["text"]
    assert rows[1]["micropython"] == "1.24.0" and rows[1]["outdated"] == "flash MicroPython 1.25 or later"
    gone = desk.run("scan", "--port", "/dev/none", "--port", old.port)
    assert gone.status == 2 and "/dev/none is not there: " in gone.out and "1.24.0 old" in gone.out


def test_the_table_fits_80_columns_and_cuts_no_id(plug, desk):
    """A MAC with `:cd:` became a picture of a disc."""
    board = plug(unique_id="cd00cd0a0bcd")
    done = desk.run("ports", board=board)
    assert done.status == 0 and "cd:00:cd:0a:0b:cd" in done.out.lower() and "blank" in done.out
    assert all(len(line) <= 80 for line in done.out.splitlines())


def test_no_attached_board_is_an_error(desk, monkeypatch):
    monkeypatch.setattr("enroll_tools.provision.scan.attached", lambda: [])
    assert desk.failed(75, "scan").endswith("no board found: attach one, or name its port with --port")


def test_noise_does_not_hide_a_board(plug, desk):
    board = plug()
    board.noise = Noise("inside", 0.3)
    (row,) = scanned(desk, board)
    assert row["state"] == "blank"


def test_ctrl_c_while_the_boards_begin_to_be_asked_lets_those_go(monkeypatch, capsys):
    """It came between the first thread and the wait for it, on a busy machine: the board stayed stopped."""
    asked = []

    class Thread(threading.Thread):
        def start(self):
            super().start()
            raise KeyboardInterrupt

    def ask(port, _):
        time.sleep(0.1)
        asked.append(port)

    monkeypatch.setattr(command, "ask", ask)
    monkeypatch.setattr(command.threading, "Thread", Thread)
    with pytest.raises(KeyboardInterrupt):
        command.scan(["first", "second"], 60)
    assert asked == ["first"]
    assert "interrupted: the boards are let go first" in capsys.readouterr().err
