"""An answer of another shape is refused; any answer of the expected shape is handled safely."""

import hashlib
import json

import pytest
from enroll_tools.provision import look, registration, snippets, work
from enroll_tools.provision.answers import ASCII, PATH, SHA256, Each, OneOf, Text, fits
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.failures import ProgramError
from enroll_tools.provision.install import install
from enroll_tools.provision.link import Link
from enroll_tools.provision.plan import Content
from enroll_tools.provision.raw import Restarted
from enroll_tools.provision.template import Template
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=300)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(categories=None)),
    lambda it: st.lists(it) | st.dictionaries(st.text(), it),
    max_leaves=8,
)


def of(shape):
    """Whatever is of `shape`."""
    if shape in (PATH, SHA256):
        return st.sampled_from(PATHS if shape == PATH else HASHES)
    match shape:
        case Text():
            return (
                st.from_regex(f"\\A(?s:{shape.pattern})\\Z").filter(lambda it: len(it) <= shape.most)
                if shape.pattern
                else TEXT
            )
        case OneOf():
            return st.one_of(*map(of, shape.shapes))
        case Each():
            return st.dictionaries(of(shape.name), of(shape.value), max_size=3)
        case list():
            return st.lists(of(shape[0]), max_size=4)
        case tuple():
            return st.tuples(*map(of, shape)).map(list)
        case str() | None:
            return st.just(shape)
    return {bool: st.booleans(), int: st.integers(-(1 << 62), 1 << 62), str: TEXT}.get(shape, ANY)


PATHS = ["/lib/enroll/a.mpy", "/port.py", "/enroll.json", "/main.py", "/x\x1b[2J", "/../x", "/"]
HASHES = [hashlib.sha256(b"x").hexdigest(), "0" * 64]
PROGRAMS = {
    name: it for name, it in {**vars(snippets), **vars(registration)}.items() if isinstance(it, snippets.Program)
}


@pytest.mark.parametrize("name", PROGRAMS)
@given(data=st.data())
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
def test_shapes_are_told_apart(name, data):
    shape = PROGRAMS[name].shape
    right = data.draw(of(shape))
    assert fits(json.loads(json.dumps(right)), shape), right
    if shape is not object:
        for wrong in (b"", object(), [right, right, 1.5], 1.5, {"x": right}):
            assert not fits(wrong, shape)


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (True, int),
        (1, bool),
        (1.0, int),
        (1 << 63, int),
        ("x" * 301, str),
        ("\ud800", str),
        ("\u00e9", ASCII),
        ("\n", ASCII),
        ([1, "x"], [int]),
        ([1] * 2001, [int]),
        ([1], (int, int)),
        ({}, {"version": str}),
        ({"a": 1}, Each(Text(1, "b"), int)),
        (0, None),
        ([], None),
        (False, OneOf((None, int))),
        (["", "x"], OneOf((("", bool), ("x", str)))),
    ],
)
def test_values_of_another_shape_are_refused(value, shape):
    assert not fits(value, shape)


class Any(Link):
    """A link to a board that answers anything of the right shape."""

    def __init__(self, data):
        self.port = "here"
        self._draw = data.draw

    def call(self, program, *_values, **_more):
        if self._draw(st.integers(0, 9)) == 0:
            raise ProgramError(self._draw(TEXT))
        return self._draw(of(program.shape))

    def enter(self, **_more):
        pass

    quiet = start = enter


@given(data=st.data())
@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@pytest.mark.parametrize("action", ["status", "read", "forget", "attempt", "install"])
def test_any_answer_of_the_right_shape_ends_in_a_result_or_an_error(action, data, desk):
    settings_ = _settings(desk)
    link = Any(data)
    contents = {path: Content.of(b"x") for path in PATHS[:4]}
    actions = {
        "status": lambda: look.lines(look.status(link), True),
        "read": lambda: registration.read(link),
        "forget": lambda: look.forget(link),
        "attempt": lambda: work.attempt(link, settings_, lambda _line: None, 1),
        "install": lambda: install(link, contents, lambda _line: None),
    }
    try:
        actions[action]()
    except (ProgramError, Restarted):
        pass  # `connect` makes a Failure of it
    except Failure as error:
        assert error.exit_code in (74, 75, 76, 77, 78) and error.message.isprintable()


def _settings(desk):
    if not (desk.folder / "enroll.json").exists():
        desk.write("etherfax")
    return Template(desk.folder / "enroll.json").settings()
