"""The package's public names, and its one exception."""

import json
import sys

import enroll
from enroll.errors import EnrollError, status
from helpers import raises

PUBLIC = ("Config", "EnrollError", "Enroller", "Session", "stored", "run", "arun", "forget")
STATUS = {  # what main.py exits with, as docs/outcomes.md says
    "configuration": 78,
    "storage": 74,
    "network": 75,
    "clock": 75,
    "certificate": 75,
    "memory": 75,
    "server": 75,
    "refused": 77,
    "orphaned": 77,
    "answer": 76,
}


def test_public_names_are_there():
    for name in PUBLIC:
        assert callable(getattr(enroll, name)), name
    assert enroll.EnrollError is EnrollError


def test_modules_can_be_imported_from_the_package():
    from enroll import backoff, requests

    assert callable(requests.request) and callable(backoff.delay)


def test_listing_the_names_loads_nothing():
    before = set(sys.modules)
    names = dir(enroll)
    assert set(sys.modules) == before
    for name in PUBLIC + ("set_registration_token", "__version__"):
        assert name in names, name


def test_a_class_gives_way_to_itself_once_it_is_used():
    raises(TypeError, enroll.Session)
    raises(TypeError, enroll.Enroller)
    for name in ("Session", "Enroller", "Config"):
        assert isinstance(getattr(enroll, name), type), name


def test_the_version_is_the_packages():
    with open(__file__.partition("/host_tests/")[0] + "/package.json") as file:
        assert json.load(file)["version"] == enroll.__version__


def test_unknown_names_are_an_attribute_error():
    for name in ("nothing", "__nothing__", "Enrol"):
        raises(AttributeError, getattr, enroll, name)


def test_every_kind_says_what_to_do():
    for kind in STATUS:
        error = EnrollError(kind, "what happened")
        assert error.kind == kind
        assert error.fact == "what happened" and len(error.remedy) > 5
        assert str(error) == error.fact + ": " + error.remedy
        assert error.said is False and error.retry_after is None


def test_every_kind_has_its_exit_status():
    for kind in STATUS:
        assert status(kind) == STATUS[kind], kind
    assert status("nothing like this") == 75


def test_a_remedy_that_is_passed_replaces_the_one_of_the_kind():
    error = EnrollError("server", "it is busy", "wait")
    assert (error.fact, error.remedy, str(error)) == ("it is busy", "wait", "it is busy: wait")


def test_a_colon_in_a_fact_says_nothing_of_a_remedy():
    """A server or a library may write one anywhere."""
    for error in (EnrollError("server", "it says: wait"), EnrollError("server", "it says", error="no: wait")):
        assert error.remedy == "the device will retry" and str(error).endswith(": wait: the device will retry"), error
        assert ": wait" in error.fact


def test_a_message_is_one_line_whatever_it_quotes():
    for bad in ("\r\n", "\n", "\0", "\x1b[31m", "\x7f"):
        error = EnrollError("network", "a library said " + bad + "this")
        message = str(error)
        assert "this" in message and not [c for c in message if c < " " or c == "\x7f"], bad
        assert message.startswith(error.fact) and "this" in error.fact
        error = EnrollError("refused", "no", "ask " + bad + "this")
        assert str(error) == "no: " + error.remedy and "this" in error.remedy
        assert not [c for c in error.remedy if c < " " or c == "\x7f"], bad


def test_a_message_is_bounded():
    assert len(str(EnrollError("network", "x" * 5000))) < 400
    assert len(str(EnrollError("network", "x" * 5000, "y" * 5000))) < 700


def test_it_is_raised_and_caught_like_any_exception():
    def fail():
        raise EnrollError("clock", "no time")

    assert raises("clock", fail).args
    assert isinstance(raises(Exception, fail), EnrollError)
