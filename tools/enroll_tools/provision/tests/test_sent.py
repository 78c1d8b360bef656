"""A row belongs to a board once that board was told to register as it, because the service may have registered it."""

import csv
import json
import signal

import pytest
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.template import Template
from enroll_tools.provision.tests.helpers import asked, until
from enroll_tools.provision.work import Options, provide


@pytest.fixture
def table(desk):
    """`table(count)`: enroll.json, and devices.csv with so many rows; returns their serials."""
    desk.write("etherfax")
    return desk.table


def rows(desk, *words):
    """What `fleet` says of each row in JSON, by serial number."""
    found = json.loads(desk.run("fleet", "devices.csv", "--json", *words).out)
    return {row["device"].removeprefix("serial="): row for row in found}


def cells(desk):
    """The `board` cells of the table, by serial number."""
    with open(desk.folder / "devices.csv") as file:
        return {row["serial"]: row["board"] for row in csv.DictReader(file)}


def vanishes(board, sandbox):
    """Unplug `board` in the middle of its next attempt."""
    sandbox.clear_log()
    sandbox.fault("etherfax", times=1, delay=1)
    real = board.say

    def say(data):
        if not sandbox.faults():
            board.say = real
            board._end.set()
        return real(data)

    board.say = say


def test_the_next_blank_board_does_not_get_the_row(installed, table, desk, sandbox):
    """It was: the second board's attempt was refused, and the first one's registration was nobody's."""
    first, second = table(2)
    lost, blank = installed(), installed()
    vanishes(lost, sandbox)
    found = rows(desk, "--port", lost.port)
    assert (found[first]["state"], found[first]["status"]) == ("open", 75), found
    assert "is gone" in found[first]["text"]
    bound = found[first]["board"]
    assert bound and cells(desk) == {first: bound, second: ""}

    found = rows(desk, "--port", blank.port)
    assert found[second]["state"] == "registered", found
    assert found[first]["state"] == "waiting" and found[first]["board"] == bound, found
    told = f"it was sent to the board {bound}, and may be registered: attach that board, or if it is lost, "
    assert told + f"use --replace {first} and reset this device in the portal" in found[first]["text"]
    blank.unplug()

    third = installed()
    (desk.folder / "devices.csv").write_text(f"serial\n{first}\n")  # as a copy without the boards' ids
    assert rows(desk, "--port", third.port)[first]["state"] == "waiting", "the result file knows it, too"
    lost.plug()
    found = rows(desk, "--port", third.port, "--port", lost.port)
    assert (found[first]["board"], found[first]["state"]) in [(bound, "registered"), (bound, "orphaned")], found


def test_replace_gives_it_to_another_board(installed, table, desk, sandbox):
    (first,) = table(1)
    lost, blank = installed(), installed()
    vanishes(lost, sandbox)
    assert rows(desk, "--port", lost.port)[first]["state"] == "open"
    sandbox.etherfax.reset(first)
    found = rows(desk, "--port", blank.port, "--replace", first)
    assert found[first]["state"] == "registered" and cells(desk) == {first: found[first]["board"]}, found


def test_it_is_written_before_the_board_is_told_to_register(installed, table, desk, sandbox):
    (first,) = table(1)
    board = installed()
    sandbox.fault("etherfax", times=1, delay=2)
    process = desk.start("fleet", "devices.csv", "--port", board.port)
    until(lambda: not sandbox.faults())
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (row,) = csv.DictReader((desk.folder / "results.csv").read_text().splitlines())
    assert row["state"] == "open" and cells(desk) == {first: row["board"]} and row["board"]


def test_a_row_is_free_if_its_board_sent_no_request(installed, table, desk, monkeypatch):
    monkeypatch.setattr("enroll_tools.provision.work.pause", lambda *_: 1000.0)  # one attempt
    (first,) = table(1)
    config = json.loads((desk.folder / "enroll.json").read_text())
    (desk.folder / "enroll.json").write_text(json.dumps(config | {"ntp": ["127.0.0.1:9"], "earliest": "2098-01-01"}))
    found = rows(desk, "--port", installed().port)[first]
    assert found["state"] == "clock" and found["board"] == "" and cells(desk) == {first: ""}, found
    (desk.folder / "enroll.json").write_text(json.dumps(config))
    assert rows(desk, "--port", installed().port)[first]["state"] == "registered"


def test_a_board_that_claims_the_id_of_another_is_not_told_to_register(installed, table, desk, sandbox):
    """Both rows had one id then, and the table was refused from there on."""
    first, second = table(2)
    one, other = installed(), installed()
    one.unplug()
    one._options["unique_id"] = other._options["unique_id"]
    one.plug()
    found = rows(desk, "--port", one.port, "--port", other.port, "--jobs", "1")
    assert [found[it]["state"] for it in (first, second)] == ["registered", "failed"], found
    words = f"this board has the same id as the one of serial={first}, {found[first]['board']}: replace it"
    assert words in found[second]["text"]
    assert len(asked(sandbox)) == 1 and rows(desk)[first]["state"] == "registered"


def test_a_board_swapped_after_the_scan_is_left_alone(installed, table, desk, sandbox):
    """After the scan, somebody plugged another board into the same port."""
    table(1)
    board = installed()
    before = board.flash.read_bytes()
    with pytest.raises(Failure, match=r"holds another board by now, .*: run this again"):
        provide(board.port, Template(desk.folder / "enroll.json").settings(), Options(expected="24:0A"), print)
    assert board.flash.read_bytes() == before and not asked(sandbox)
