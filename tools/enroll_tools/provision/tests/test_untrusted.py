"""Text from outside is made harmless before it is shown or written."""

import csv
import io
import json
import unicodedata

import pytest
from enroll_tools.provision.untrusted import cell, clean, cleaned
from hypothesis import given, settings
from hypothesis import strategies as st

ANY = st.text(st.characters(categories=None))  # lone surrogates, too


@given(ANY)
def test_nothing_is_left_that_a_terminal_or_a_file_would_act_on(text):
    shown = clean(text)
    assert len(shown) <= 300 and shown.isprintable()
    assert not any(unicodedata.category(it) in ("Cc", "Cf", "Cs", "Zl", "Zp") for it in shown)
    assert shown.encode().decode() == shown == clean(shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, \u00e9\u4e2d", "plain, \u00e9\u4e2d"),
        ("\x1b[0;32mI (1234) wifi: up\x1b[0m\r", "I (1234) wifi: up "),
        ("\x1b[2J\x1b]0;title\x07", "?[2J?]0;title?"),
        ("\x9b2J\x7f\x00", "?2J??"),
        ("\u202eexe.gnp\u2066\u200f\ufeff", "?exe.gnp???"),
        ("\ud800\udfff", "??"),
        ("two\nlines\u2028three\ttabs\u00a0blank", "two lines three tabs blank"),
        ("x" * 301, "x" * 297 + "..."),
        (None, "None"),
    ],
)
def test_what_is_shown_instead(text, shown):
    assert clean(text) == shown


def test_megabytes_are_cut_before_they_are_looked_at():
    assert len(clean("\x1b" * 50_000_000)) == 300  # takes no time


@settings(max_examples=20)
@given(st.recursive(st.none() | st.integers() | ANY, lambda it: st.lists(it) | st.dictionaries(ANY, it)))
def test_json_is_cleaned_however_deep(value):
    text = json.dumps(cleaned(value), ensure_ascii=False)
    assert text.isprintable() and json.loads(text) == cleaned(value)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\x1b[0m=1"])
def test_no_cell_is_a_formula(text):
    assert cell(text).startswith("'")


@given(ANY)
def test_a_cell_comes_back_from_csv_as_it_was_written(text):
    file = io.StringIO()
    csv.writer(file).writerow([cell(text), "next"])
    assert next(csv.reader(io.StringIO(file.getvalue()))) == [cell(text), "next"]
    assert not cell(text).startswith(("=", "+", "-", "@"))
