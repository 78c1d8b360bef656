"""A watchdog that an application has started outlasts soft resets: it must not bite while files are copied."""

import sys
import types

import pytest
from provision import snippets, work
from provision.link import Link


class Memory(dict):
    """machine.mem32 of an RP2: writing to the alias of a register clears the bits."""

    def __setitem__(self, address, bits):
        assert address & 0x3000 == 0x3000
        super().__setitem__(address - 0x3000, self[address - 0x3000] & ~bits)


def quiet(monkeypatch, platform, chip="", **modules):
    """Run the program that keeps watchdogs quiet on a board of that kind; returns what it says."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(sys, "implementation", types.SimpleNamespace(_machine=chip))
    for name in ("machine", "board"):
        monkeypatch.setitem(sys.modules, name, modules.get(name))
    space = {}
    exec(snippets.QUIET, space)
    return space["main"]()


@pytest.mark.parametrize(
    ("chip", "base"), [("Raspberry Pi Pico W with RP2040", 0x40058000), ("Pimoroni Any with RP2350", 0x400D8000)]
)
def test_rp2s_is_stopped_whoever_has_started_it(monkeypatch, chip, base):
    memory = Memory({base: 0x47FFFFFF})
    assert quiet(monkeypatch, "rp2", chip, machine=types.SimpleNamespace(mem32=memory)) == "stopped"
    assert memory == {base: 0x07FFFFFF}


@pytest.mark.parametrize(("board", "given"), [(60000, [3600000]), (0, []), (None, [])])
def test_esp32s_which_cannot_be_stopped_is_given_an_hour(monkeypatch, board, given):
    seen = []
    machine = types.SimpleNamespace(WDT=lambda timeout: seen.append(timeout))
    values = types.SimpleNamespace(WATCHDOG=board) if board is not None else None
    assert quiet(monkeypatch, "esp32", board=values, machine=machine) == ("slowed" if given else "")
    assert seen == given


def test_no_other_board_is_touched(monkeypatch):
    assert quiet(monkeypatch, "linux") == ""


def test_it_is_quiet_before_anything_else_and_after_each_attempt(plug, desk, monkeypatch):
    order = []

    def note(name):
        real = getattr(Link, name)
        monkeypatch.setattr(Link, name, lambda *values: (order.append(name), real(*values))[1])

    for name in ("quiet", "hashes", "run", "start"):
        note(name)
    desk.write("etherfax", url="http://127.0.0.1:9/", ntp=["127.0.0.1:9"], ca=None)
    monkeypatch.setattr(work, "PAUSE", 1000.0)  # one attempt
    done = desk.run("one", "enroll.json", board=plug())
    assert done.status == 75, done
    assert order == ["quiet", "hashes", "hashes", "quiet", "run", "quiet", "quiet", "start"]


def test_lines_of_a_driver_are_not_the_boards(plug, desk):
    desk.write("etherfax")
    board = plug()
    desk.run("one", "enroll.json", board=board)
    noise = "print('wiznet5k_recv_ethernet: fatal error len=1 ret=-7')\n"
    code = f"enroll = print\ndef main(_):\n    print('enroll: registered etherfax 9')\n    {noise}    return 0\n"
    board.mpremote("exec", f"f = open('main.py', 'w'); f.write({code!r}); f.close()")
    from provision.link import connect

    with connect(board.port) as link:
        outcome = work.attempt(link, lambda _line: None, 10)
    assert (outcome.state, outcome.device_id) == ("registered", "9")
