"""Twenty boards with faults among them, two batches, and a computer that is switched off: each registration is made
once and recorded, or not made. The sandbox counts."""

import collections
import csv
import json
import re
import signal

import pytest
from enroll_tools.provision.library import library
from enroll_tools.provision.tests.board import Noise
from enroll_tools.provision.tests.helpers import until
from enroll_tools.provision.tests.hostile import Hostile

SOCKETS = 12
ROWS = 20


@pytest.fixture
def bench(desk, plug, sandbox):
    made = Bench(desk, plug, sandbox)
    yield made
    made.liar.unplug()


class Bench:
    """A fixture with SOCKETS sockets, a table of ROWS rows, and boards that have the library already, to save time."""

    def __init__(self, desk, plug, sandbox):
        self.desk, self.sandbox = desk, sandbox
        self.old = desk.write("etherfax", retry={"first": 1})["serial"]
        self.plug = lambda: plug(stocked=True)
        self.serials = [desk.serial() for _ in range(ROWS)]
        rows = [f"{serial};{at}" for at, serial in enumerate(self.serials)]
        (desk.folder / "devices.csv").write_text("\n".join(["serial;order", *rows[:9], ";;", "", *rows[9:]]) + "\n;\n")
        self.sockets = [f"socket-{at:02}" for at in range(SOCKETS)]
        self.words = ["fleet", "devices.csv", "--jobs", "4", *(it for name in self.sockets for it in ("--port", name))]
        self.liar = Hostile("etherfax", {"BOOT": lambda *_: [0, "registered", "etherfax", "10", 0]})
        self.liar.files.update(library(False))

    def put(self, boards):
        """Put `boards` into the sockets."""
        for name in self.sockets:
            (self.desk.folder / name).unlink(missing_ok=True)
        for name, board in zip(self.sockets, boards, strict=False):
            (self.desk.folder / name).symlink_to(board.port)

    def counted(self):
        """{serial: how often the sandbox has registered it}."""
        made = [it.path for it in self.sandbox.log("etherfax") if "a=register" in it.path and it.status == 200]
        return collections.Counter(re.search(r"id=(\w+)", path)[1] for path in made)

    def rows(self):
        """The result file."""
        with open(self.desk.folder / "results.csv", encoding="utf-8", newline="") as file:
            return {row["device"].removeprefix("serial="): row for row in csv.DictReader(file)}

    def killed(self):
        """Type the command, and switch the computer off in the middle."""
        process = self.desk.start(*self.words)
        until(lambda: self.counted().total() >= 5, 60)
        process.send_signal(signal.SIGKILL)
        process.communicate()

    def check(self):
        """Each registration was made once and recorded, or not made."""
        counted = self.counted()
        assert set(counted.values()) == {1}
        recorded = {serial for serial, row in self.rows().items() if row["state"] == "registered"}
        assert recorded == set(counted) - {self.old}
        return recorded


@pytest.mark.long
@pytest.mark.timeout(180)
def test_twenty_boards(bench):
    desk, plug = bench.desk, bench.plug
    foreign, known = plug(), plug()
    assert desk.run("one", "enroll.json", board=foreign).status == 0
    desk.write("etherfax", {"serial": bench.serials[5]}, retry={"first": 1})
    assert desk.run("one", "enroll.json", board=known).status == 0
    noisy, slow, loose = plug(), plug(), plug()
    noisy.noise, slow.deaf, loose.patience = Noise("inside", 0.1), 1.0, 14000
    good = [plug() for _ in range(6)]
    bench.put([foreign, noisy, bench.liar, slow, loose, known, *good])
    bench.killed()
    assert 5 <= bench.counted().total() < 11

    done = desk.run(*bench.words)
    assert done.status != 0 and "9 of 20 boards are registered" in done.out, done
    assert bench.serials[5] in bench.check() and bench.counted()[bench.old] == 1
    states = collections.Counter(row["state"] for row in bench.rows().values())
    assert states == {"registered": 9, "open": 1, "waiting": 10}, "the one that lies was told to register"
    assert f"this board is {bench.old}, registered at https://" in done.out

    loose.replug()
    bench.put([noisy, loose, *(plug() for _ in range(8))])
    done = desk.run(*bench.words, "--json")
    assert done.status == 75 and len(bench.check()) == 18
    found = json.loads(done.out)
    assert collections.Counter(row["state"] for row in found) == {"registered": 18, "waiting": 2}
    assert [row["order"] for row in found] == [str(at) for at in range(ROWS)]
    assert len({row["board"] for row in found if row["board"]}) == 19, "its row stays its own"

    with open(desk.folder / "devices.csv", encoding="utf-8", newline="") as file:
        given = {row["serial"]: row["board"] for row in csv.DictReader(file, delimiter=";") if row["serial"]}
    assert {it for it in given.values() if it} == {row["board"] for row in found if row["board"]}
    counted = bench.counted()
    assert desk.run(*bench.words).status == 75 and bench.counted() == counted
