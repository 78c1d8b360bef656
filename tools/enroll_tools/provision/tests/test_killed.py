"""The computer dies while a board registers, and a command is typed again at once: the attempt under way is let end."""

import json
import signal
import types

import pytest
from enroll_tools.provision.boot import BOOT
from enroll_tools.provision.tests.helpers import asked, until

DELAY = 1.5  # seconds that the service takes to answer


@pytest.fixture
def under_way(installed, desk, sandbox):
    """`under_way(*words)`: a board whose `provision` was killed in the middle of its attempt, and its serial number."""

    def under_way(*words):
        serial = desk.write("etherfax")["serial"]
        (desk.folder / "devices.csv").write_text(f"serial\n{serial}\n")
        board = installed()
        sandbox.fault("etherfax", times=1, delay=DELAY)
        process = desk.start(*words, board=board)
        until(lambda: not sandbox.faults())
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return board, serial

    return under_way


COMMANDS = [("one", "enroll.json"), ("fleet", "devices.csv"), ("scan",), ("reset", "--yes")]


@pytest.mark.parametrize("again", COMMANDS, ids=lambda words: words[0])
def test_the_same_command_again_waits_for_the_attempt(under_way, desk, sandbox, again):
    """It was interrupted, and nobody knew whether the service had registered the device."""
    board, serial = under_way(*("fleet", "devices.csv") if again[0] == "fleet" else ("one", "enroll.json"))
    done = desk.run(*again, board=board)
    assert done.status == 0, done
    assert f"the board at {board.port} is registering: waiting for its end, at most 60 s" in done.err, done
    found = json.loads(desk.run("status", "--json", board=board).out)
    assert found["registered"] == (None if again[0] == "reset" else serial), found
    assert len(asked(sandbox)) == 1


def test_a_board_that_registers_by_itself_is_not_interrupted(installed, desk, sandbox):
    serial = desk.write("etherfax")["serial"]
    board = installed()
    sandbox.fault("etherfax", times=1, status=503, headers={"Retry-After": "600"})
    assert desk.run("one", "--deadline", "9", "enroll.json", board=board).status == 75
    sandbox.clear_log()
    sandbox.fault("etherfax", times=1, delay=DELAY)
    board.replug()
    until(lambda: not sandbox.faults())
    done = desk.run("status", board=board)
    assert f"registered etherfax {serial}" in done.out and "is registering" in done.err, done
    assert len(asked(sandbox)) == 1


def test_a_deadline_does_not_cut_an_attempt(installed, desk, sandbox):
    """Its outcome was unknown then; whoever typed the command again met a refusal."""
    serial = desk.write("etherfax")["serial"]
    board = installed()
    sandbox.fault("etherfax", times=1, delay=3)
    done = desk.run("one", "--deadline", "2", "enroll.json", board=board)
    assert done.status == 0 and f"registered etherfax {serial}" in done.out, done
    assert len(asked(sandbox)) == 1


def test_a_board_that_registers_without_end_is_not_interrupted(plug, desk, monkeypatch):
    monkeypatch.setattr("enroll_tools.provision.link.ATTEMPT", 1.0)
    board = plug()
    board.runs(
        "import time\nwhile True:\n print('enroll: registering, x')\n try: time.sleep(0.2)\n except: print('hit')\n"
    )
    until(lambda: b"registering" in board.said)
    sentence = desk.failed(75, "status", board=board)
    assert "has been registering for 1 s: wait until it has ended, then run this again" in sentence
    assert board.said.count(b"hit") <= 2


def test_nothing_interrupts_a_step_nor_an_open_attempt():
    """The first byte of a request leaves in a step: a Ctrl-C in it would end the attempt with the answer lost."""
    seen, on = [], [True]
    space = {}
    exec(BOOT.code, space)
    owner = types.SimpleNamespace(sent=False)

    def note(name):
        seen.append((name, on[0]))

    def task():
        note("before")
        yield 0
        owner.sent = True
        note("leaves")
        yield 0
        try:
            note("reads")
            yield 0
        except KeyboardInterrupt:
            note("cut")
        owner.sent = False
        yield 0
        return "credential"

    def drive(steps, feed, _sleep, _owner):
        act, value = steps.send, None
        while True:
            try:
                act(value)
            except StopIteration as end:
                return end.value
            feed()
            note("waits")
            act, value = (steps.throw, KeyboardInterrupt()) if seen[-2][0] == "reads" else (steps.send, None)

    clock = types.SimpleNamespace(ticks_ms=lambda: 0, ticks_diff=lambda *_: 0)
    run = space["held"](drive, lambda code: on.__setitem__(0, code == 3), clock)
    assert run(task(), lambda: None, None, owner) == "credential" and on == [True]
    waits = ["before", "waits", "leaves", "waits", "reads", "waits", "cut", "waits"]
    assert seen == list(zip(waits, [False, True, False, False, False, False, False, True], strict=True))
