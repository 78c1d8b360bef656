"""The runner that cuts the power: at each operation, with each possible remainder; an error if a scenario has no
operations."""

import pytest
from flash import Flash
from power import CLEAN, ERASED, TORN, Cut, cut_everywhere


def writes(flash):
    with flash, flash.open("file", "wb") as file:
        file.write(b"abcd")


def left(scenario, *failures):
    """(operation, what is left of the file) after each run."""
    found = []
    cut_everywhere(Flash, scenario, lambda flash, point: found.append((point.at, flash.files.get("file"))), failures)
    return found


def test_power_fails_at_each_operation_in_each_way():
    whole = [(0, b"abcd")]
    assert left(writes, CLEAN) == [*whole, (1, None), (2, b""), (3, b"abcd")]
    assert left(writes, TORN, ERASED)[3:] == [(3, b"abcd"), (1, None), (2, b"\xff" * 4), (3, b"abcd")]
    assert left(writes, TORN)[2] == (2, b"ab")


def test_no_operation_is_done_once_power_has_failed():
    def stubborn(flash):
        try:
            writes(flash)
        except Cut:
            writes(flash)

    assert left(stubborn, CLEAN)[1:] == [(1, None), (2, b""), (3, b"abcd")]


def test_a_scenario_in_which_nothing_can_fail_is_an_error():
    with pytest.raises(AssertionError, match="nothing can fail"):
        left(lambda flash: None, CLEAN)


def test_what_a_scenario_raises_by_itself_is_an_error():
    def broken(flash):
        raise OSError(5)

    with pytest.raises(OSError, match="5"):
        left(broken, CLEAN)
