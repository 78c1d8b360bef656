"""A watchdog that an application has started outlasts soft resets: it must not bite while files are copied."""

import sys
import time
import types

import pytest
from enroll_tools.provision import snippets, work
from enroll_tools.provision.link import Link, connect
from enroll_tools.provision.raw import Restarted
from enroll_tools.provision.snippets import Program


class Memory(dict):
    """machine.mem32 of an RP2: writing to the alias of a register clears the bits."""

    def __setitem__(self, address, bits):
        assert address & 0x3000 == 0x3000
        super().__setitem__(address - 0x3000, self[address - 0x3000] & ~bits)


def quiet(monkeypatch, platform, chip="", space=None, sure=False, **modules):
    """Run the program that keeps watchdogs quiet on a board of that kind; returns what it says."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(sys, "implementation", types.SimpleNamespace(_machine=chip))
    for name in ("machine", "board"):
        monkeypatch.setitem(sys.modules, name, modules.get(name))
    space = space or {}
    exec(snippets.QUIET.code, space)
    return space["main"](sure)


@pytest.mark.parametrize(
    ("chip", "base"), [("Raspberry Pi Pico W with RP2040", 0x40058000), ("Pimoroni Any with RP2350", 0x400D8000)]
)
def test_rp2_watchdog_is_stopped_whoever_started_it(monkeypatch, chip, base):
    memory = Memory({base: 0x47FFFFFF})
    assert quiet(monkeypatch, "rp2", chip, machine=types.SimpleNamespace(mem32=memory)) == "stopped"
    assert memory == {base: 0x07FFFFFF}


@pytest.fixture
def esp32():
    """`machine` of an ESP32, and the milliseconds that its watchdog was given."""
    seen = []

    class WDT:
        def __init__(self, timeout):
            seen.append(timeout)

    return types.SimpleNamespace(WDT=WDT, WDT_RESET=3, reset_cause=lambda: 1), seen


@pytest.mark.parametrize(("board", "given"), [(60000, [3600000]), (0, []), (None, [])])
def test_esp32_watchdog_cannot_be_stopped_and_gets_an_hour(monkeypatch, board, given, esp32):
    machine, seen = esp32
    values = types.SimpleNamespace(WATCHDOG=board) if board is not None else None
    assert quiet(monkeypatch, "esp32", board=values, machine=machine) == ("slowed" if given else "")
    assert seen == given


@pytest.mark.parametrize("where", ["program", "module", "reset"])
def test_esp32_watchdog_of_an_application_is_found(monkeypatch, where, esp32):
    machine, seen = esp32
    space = {"dog": machine.WDT(8000)} if where == "program" else {}
    application = types.SimpleNamespace(dog=machine.WDT(8000)) if where == "module" else None
    monkeypatch.setitem(sys.modules, "application", application)
    machine.reset_cause = lambda: machine.WDT_RESET if where == "reset" else 1
    assert quiet(monkeypatch, "esp32", space=space, machine=machine) == "slowed"
    assert seen[-1] == 3600000


@pytest.mark.parametrize(("board", "said"), [(0, "started"), (60000, "slowed")])
def test_esp32_watchdog_that_cannot_be_found_does_not_bite_in_an_attempt(monkeypatch, board, said, esp32):
    """One is started where there may be none; then only a hard reset ends it, which `start` makes."""
    machine, seen = esp32
    values = types.SimpleNamespace(WATCHDOG=board)
    assert quiet(monkeypatch, "esp32", board=values, machine=machine, sure=True) == said
    assert seen == [3600000]


HIDDEN = """
import machine, time
class Application:
    def __init__(self): self.dog = machine.WDT(timeout=1500)
it = Application()
print("guarded", machine.reset_cause())
while True:
    time.sleep(0.1)
    it.dog.feed()
"""


def test_a_hard_reset_ends_a_watchdog_that_was_started_to_be_sure(plug):
    board = plug(claims={"platform": "esp32"})
    board.runs(HIDDEN)
    heard = []
    with connect(board.port, hear=heard.append) as link:
        link.quiet(sure=True)
        time.sleep(1.8)
        assert link.hashes("/none", ["/main.py"]), "it did not bite"
        assert board._watchdog == 3600
        link.start()
    assert heard == ["the board is reset hard: a soft reset would leave a watchdog that nobody feeds"]
    board.says("guarded 5")
    assert board._watchdog == 1.5


def test_watchdogs_of_other_boards_are_not_touched(monkeypatch):
    assert quiet(monkeypatch, "linux") == ""


def test_the_watchdog_is_disarmed_first_and_after_each_attempt(plug, desk, monkeypatch):
    order = []

    def note(name):
        real = getattr(Link, name)
        monkeypatch.setattr(
            Link, name, lambda *values, **more: (order.append(" ".join([name, *more])), real(*values, **more))[1]
        )

    for name in ("quiet", "hashes", "start"):
        note(name)
    attempt = work.attempt
    monkeypatch.setattr(work, "attempt", lambda *values: (order.append("attempt"), attempt(*values))[1])
    desk.write("etherfax", url="http://127.0.0.1:9/", ntp=["127.0.0.1:9"], ca=None)
    monkeypatch.setattr(work, "pause", lambda *_: 1000.0)  # one attempt
    done = desk.run("one", "enroll.json", board=plug(stocked=True))
    assert done.status == 75, done
    assert order == ["quiet", "hashes", "hashes", "quiet", "attempt", "quiet sure", "quiet", "quiet", "start"]


def test_lines_that_come_in_one_piece_with_the_restart_are_heard(plug):
    """A busy host reads late: the last lines of a program that a watchdog ends, and the banner of the next boot."""
    lines = []

    def hear(line):
        if not lines:
            time.sleep(1)
        lines.append(line)

    code = """
def main():
    import machine, time
    print("saved 0")
    time.sleep(0.1)
    for at in range(1, 20):
        print("saved", at)
    machine.WDT(timeout=100)
    time.sleep(9)
"""
    with connect(plug().port) as link, pytest.raises(Restarted):
        link.call(Program(code, once=True), hear=hear)
    assert lines[:20] == [f"saved {at}" for at in range(20)]
