"""A board that reports Retry-After waits; others wait only if several boards report it, and not forever."""

import json
import time

import pytest
from enroll_tools.provision.backoff import SHARED, Gate
from enroll_tools.provision.library import library
from enroll_tools.provision.tests.hostile import Hostile

DAY = 86400


@pytest.fixture
def liar():
    made = Hostile("etherfax", {"BOOT": lambda *_: [75, "server: the service says 503", "", "", 1 << 60]})
    made.files.update(library(False))
    yield made
    made.unplug()


def test_a_false_retry_after_delays_only_the_board_that_reports_it(installed, liar, desk):
    """One of them postponed a whole fleet by a day."""
    desk.write("etherfax")
    boards = [liar, installed(), installed()]
    desk.table(port=[board.port for board in boards])
    done = desk.run("fleet", "devices.csv", "--jobs", "1", "--json")
    found = json.loads(done.out)
    assert [row["state"] for row in found] == ["server", "registered", "registered"], found
    assert "; run this again after 20" in found[0]["text"]


def test_two_boards_that_report_retry_after_delay_the_others():
    gate = Gate()
    gate.shut(DAY, "a", "A")
    assert gate.left("a", "A") > DAY - 9 and not gate.left("b", "B")
    gate.shut(30, "b", "B")
    assert 29 < gate.left("c", "C") <= 30 and gate.left("a", "A") > DAY - 9
    gate.shut(DAY, "b", "B")
    assert SHARED - 9 < gate.left("c", "C") <= SHARED


def test_the_next_board_at_the_same_port_counts_as_another_one():
    gate = Gate()
    for board in "ABC":
        assert not gate.left("a", board)
        gate.shut(DAY, "a", board)
    assert not gate.left("b", "D"), "one socket has one voice, however often it changes its board's id"


def test_a_wait_ends_by_itself():
    gate = Gate()
    for port in "ab":
        gate.shut(0.05, port, port)
    assert gate.left("c", "")
    time.sleep(0.06)
    assert not gate.left("c", "") and not gate.left("a", "a")
