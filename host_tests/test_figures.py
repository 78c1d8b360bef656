"""Figures that commands write into the documentation."""

import pytest
from figures import filled, number, table

PAGE = "takes <!-- boot.ms -->7<!-- /boot.ms --> ms\n\n<!-- rows -->\nold\n<!-- /rows -->\n"


def test_a_figure_takes_the_place_of_the_one_before_and_nothing_else_changes():
    once = filled(PAGE, {"boot.ms": "12", "rows": table(["a", "b"], [[1, 2]])})
    assert once == (
        "takes <!-- boot.ms -->12<!-- /boot.ms --> ms\n\n"
        "<!-- rows -->\n| a | b |\n| --- | --- |\n| 1 | 2 |\n<!-- /rows -->\n"
    )
    assert filled(once, {"boot.ms": "7", "rows": "old\n"}) == PAGE
    assert filled(PAGE, {"boot.ms": "7"}) == PAGE


def test_a_figure_without_a_place_is_an_error_that_names_it():
    with pytest.raises(ValueError, match=r"no place for boot\.seconds: write"):
        filled(PAGE, {"boot.ms": "12", "boot.seconds": "3"})


def test_thousands_are_apart():
    assert number(1234567.891, 1) == "1 234 567.9"
