"""Which board a row gets: by what the boards say, never by their ports."""

import pytest
from enroll_tools.provision.deal import Dealer
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.registration import Registration, Seen
from enroll_tools.provision.results import Result, Results
from enroll_tools.provision.table import Row
from enroll_tools.provision.template import Secrets, Settings

URL = "https://x"


def row(line, serial="", port="", board=""):
    settings = Settings("etherfax", URL, [], {"serial": serial}, 5, 900, b"", set(), None, Secrets())
    return Row(line, line, port, board, settings)


def holds(serial, board="", url=URL, state=4):
    return Seen(board, Registration(state, "etherfax", url, (serial,), serial, ""))


def done(serial, board):
    return Result(f"serial={serial}", "etherfax", URL, board, "/dev/a", "registered", serial, 0, "", 1, "")


@pytest.fixture
def deal(tmp_path):
    def deal(rows, seen, results=(), replace=(), finished=()):
        file = Results(tmp_path / "results.json")
        file.add(*results)
        return Dealer([*finished, *rows], rows, seen, file, frozenset(replace)).deal()

    return deal


def test_blank_boards_go_to_the_next_rows(deal):
    rows = [row(n, f"M{n}") for n in range(2, 102)]
    dealt = deal(rows, {"a": Seen("AA"), "b": Seen("")})
    assert dealt.port == {2: "a", 3: "b"} and len(dealt.waits) == 98
    assert "attach the next boards" in dealt.waits[4]


def test_a_second_batch_at_the_same_ports(deal):
    rows = [row(4, "M4", "a"), row(5, "M5", "b"), row(6, "M6", "a")]
    first = [row(2, "M2", "a", "A2"), row(3, "M3", "b", "A3")]
    ours = [done("M2", "A2"), done("M3", "A3")]
    still = deal(rows, {"a": holds("M2", "A2"), "b": Seen("B1")}, ours, finished=first)
    assert still.port == {5: "b"} and "is done, or of another row" in still.waits[4] and 6 in still.waits
    assert deal(rows, {"a": Seen("B2"), "b": Seen("B1")}, ours, finished=first).port == {4: "a", 5: "b"}


def test_boards_that_swapped_ports_keep_their_rows(deal):
    """A row goes to the board with its id, then to the one with its identity; also of an attempt nobody knows of."""
    rows = [row(2, "M2", board="A2"), row(3, "M3"), row(4, "M4"), row(5, "M5", port="d")]
    seen = {"a": Seen("A4"), "b": holds("M3", "A3", state=1), "c": Seen("A2"), "d": holds("M3", "A9")}
    dealt = deal(rows, seen)
    assert dealt.port == {2: "c", 3: "b", 4: "a", 5: "d"}, "the last one is refused by provide"


def test_a_board_of_another_row_is_not_taken(deal):
    rows = [row(2, "M2"), row(3, "M3", board="A3")]
    dealt = deal(rows, {"a": Seen("A1")}, finished=[row(9, "M9", board="A1")])
    assert dealt.port == {} and "its board A3 is not attached" in dealt.waits[3]
    assert "to take another, and reset this device in the portal if it was registered" in dealt.waits[3]


def test_a_registration_at_another_address_goes_to_its_row_which_refuses_it(deal):
    assert deal([row(2, "M1"), row(3, "M2")], {"a": holds("M2", url="https://sandbox")}).port == {3: "a"}


def test_an_unknown_outcome_is_named_and_replaced_only_by_name(deal):
    rows = [row(2, "M2")]
    assert "at a, this board is OLD, registered at https://x" in deal(rows, {"a": holds("OLD")}).waits[2]
    assert deal(rows, {"a": holds("OLD")}, replace=["OLD"]).port == {2: "a"}


def test_rows_whose_identity_only_the_board_knows(deal):
    rows = [row(2), row(3)]
    seen = {"a": holds("M1", "A1"), "b": holds("M2", "A2"), "c": holds("M3", "A3", url="https://else")}
    assert deal(rows, seen, [done("M1", "A1")]).port == {2: "b"}, "of a run that was cut before it wrote"


def test_a_board_that_is_broken_fails_the_row_that_names_it(deal):
    seen = {"a": Failure(75, "the board at a does not answer")}
    dealt = deal([row(2, "M2", "a"), row(3, "M3")], seen)
    assert dealt.failed[2].message == "the board at a does not answer"
    assert "no board was left for it: the board at a does not" in dealt.waits[3] and not dealt.port


def test_a_row_that_was_sent_to_a_board_without_an_id_goes_to_no_blank_one(deal):
    """Only a board that carries its identity can be the one; else --replace gives it to another."""
    sent = row(2, "M2")
    sent.sent = True
    assert "it was sent to a board without an id, and may be registered: attach" in deal([sent], {"a": Seen()}).waits[2]
    assert deal([sent], {"a": Seen(), "b": holds("M2", state=1)}).port == {2: "b"}
    assert deal([sent], {"a": Seen()}, replace=["M2"]).port == {2: "a"}
