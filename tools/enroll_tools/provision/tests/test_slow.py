"""Boards that take their time, or restart in the middle: provision is at least as patient as mpremote alone."""

import itertools
import time

import pytest
from enroll_tools.provision import link as links
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.link import connect
from enroll_tools.provision.snippets import Program

PLATFORM = Program("def main():\n import sys\n return sys.platform", str)
MPREMOTE = 10.0  # seconds: its own patience with a boot


def test_patience_is_at_least_mpremotes():
    assert links.ENTER >= MPREMOTE and links.RESET > MPREMOTE and links.CALL >= MPREMOTE


def test_a_long_boot_is_waited_for(plug, reads):
    board = plug()
    count = "import json\ntry: n = json.load(open('count'))\nexcept OSError: n = 0\n"
    slow = f"{count}import time\ntime.sleep(3)\nwith open('count', 'w') as f: json.dump(n + 1, f)\nprint('booted')\n"
    board.runs(slow, "boot.py")
    with connect(board.port) as link:  # it boots still, which is interrupted; the boot of the soft reset is not
        assert link.call(PLATFORM) == "linux"
    assert board.said.count(b"booted") == 1 and reads(board, "count") == 1


def test_a_boot_that_never_ends_is_interrupted(plug, monkeypatch):
    monkeypatch.setattr(links, "RESET", 0.5)
    board = plug()
    board.runs("while True: pass", "boot.py")
    with connect(board.port) as link:
        assert link.call(PLATFORM) == "linux"


STUBBORN = """
import time
for _ in range({times}):
    try:
        while True: time.sleep(0.01)
    except KeyboardInterrupt: pass
print('done')
while True: pass
"""


def test_a_program_may_survive_ctrl_c_a_few_times(plug, monkeypatch):
    monkeypatch.setattr("enroll_tools.provision.raw.ROUND", 0.2)
    board = plug()
    board.runs(STUBBORN.format(times=4))
    with connect(board.port) as link:
        assert link.call(PLATFORM) == "linux"
    assert b"done" in board.said


def test_a_board_that_opening_its_port_has_reset(plug, monkeypatch):
    monkeypatch.setattr("enroll_tools.provision.raw.ROUND", 0.3)
    board = plug()
    board.deaf = 1.0
    with connect(board.port) as link:
        assert link.call(PLATFORM) == "linux"
    assert b"POWERON_RESET" in board.said


def test_a_prompt_that_comes_late(plug, monkeypatch):
    monkeypatch.setattr("enroll_tools.provision.raw.PROMPT", 0.2)
    board, count = plug(), itertools.count()

    def late(data):
        if data.startswith(b"R\x01") and next(count) % 2 == 0:
            time.sleep(0.4)
        return data

    with connect(board.port) as link:
        board.noise = late
        assert [link.call(PLATFORM) for _ in range(3)] == ["linux"] * 3
    assert next(count) >= 6


DOG = """
import machine, time
dog = machine.WDT(timeout=1200)
print('guarded')
while True:
    time.sleep(0.1)
    dog.feed()
"""


@pytest.mark.parametrize("platform", ["rp2", "esp32"])
def test_a_watchdog_does_not_bite_while_the_board_is_worked_on(plug, platform):
    board = plug(claims={"platform": platform})
    board.runs(DOG)
    board.says("guarded")
    with connect(board.port) as link:
        link.write("/first", b"1")
        time.sleep(1.5)
        assert list(link.hashes("/none", ["/first"])) == ["/first"]
    assert board.said.count(b"guarded") == 1


def test_the_pieces_of_files_share_one_program(plug):
    """It went with each piece: a third of what an installation sent."""
    board = plug()
    with connect(board.port) as link:
        board.heard.clear()
        for path in ("/one", "/two"):
            link.write(path, bytes(3000))
    assert board.heard.count(b"def main(") == 1


HIDDEN = """
import machine
class Application:
    def __init__(self): self.dog = machine.WDT(timeout=700)
it = Application()
import time
while True:
    time.sleep(0.1)
    it.dog.feed()
"""


def test_an_undetectable_watchdog_bites_only_once(plug):
    heard = []
    board = plug(claims={"platform": "esp32"})
    board.runs(HIDDEN)
    data = bytes(3000)
    with connect(board.port, hear=heard.append) as link:
        for _ in range(4):
            link.write("/file", data)
            time.sleep(0.4)
        assert len(link.hashes("/none", ["/file"])) == 1
    assert heard == ["the board has restarted by itself: going on"]


def test_a_board_that_restarts_again_and_again(plug, monkeypatch):
    monkeypatch.setattr("enroll_tools.provision.raw.PROMPT", 0.3)
    board = plug()
    restart = Program("import machine\ndef main():\n machine.WDT(timeout=1)\n while True: pass", object)
    with pytest.raises(Failure) as caught, connect(board.port) as link:
        link.call(restart)
    assert "restarts again and again" in caught.value.message and caught.value.exit_code == 75


COUNTED = """
import machine
def main():
    with open('/runs', 'a') as file:
        file.write('1')
    machine.WDT(timeout=1)
    while True: pass
"""


def test_a_program_marked_once_never_runs_twice(plug, reads):
    board = plug()
    with pytest.raises(Failure), connect(board.port) as link:
        link.call(Program(COUNTED, object, once=True))
    assert reads(board, "runs") == 1


def test_other_programs_run_again_after_a_restart(plug, reads):
    board = plug()
    again = "    if open('/runs').read() == '11': return 7\n"
    with connect(board.port) as link:
        assert link.call(Program(COUNTED.replace("    machine", f"{again}    machine"), int)) == 7
    assert reads(board, "runs") == 11


def test_a_program_that_hangs_is_stopped_after_its_time(plug):
    start = time.monotonic()
    with pytest.raises(Failure) as caught, connect(plug().port) as link:
        link.call(Program("def main():\n while True: pass", object), seconds=0.5)
    assert "takes too long" in caught.value.message and time.monotonic() - start < 10


def test_a_program_marked_once_runs_after_an_earlier_restart(plug, reads):
    board = plug()
    count = "def main():\n with open('/runs', 'a') as file: file.write('1')\n return 7"
    with connect(board.port) as link:
        link.call(Program("import machine\ndef main(): machine.WDT(timeout=300)"))
        time.sleep(0.5)  # nobody notices that it restarts
        assert link.call(Program(count, int, once=True)) == 7
    assert reads(board, "runs") == 1
