"""Every refusal in the tables of the four services, and its kind."""

import json

from answers import GOOD, ONCE
from enroll import errors
from enroll.journal import RAW, TRIED
from enroll.providers import Answer
from enroll.providers.answer_refused import refusal
from fake_device import Device
from helpers import SECTIONS, config, raises

COMMON = (
    ("server", (408, 425, 429, 500, 502, 503, 504, 599)),
    ("refused", (401, 403, 409, 422)),
    ("configuration", (400, 404, 405, 410, 415, 418)),
    ("answer", (300, 301, 302, 304, 307, 308)),
)
CENTAGATE = (
    ("configuration", (10002, 23024)),
    ("server", (10003, 10004, 23025)),
    ("refused", (22002, 29001, 29002, 29004, 29008, 29011, 29017, 6002, 6007, 10001, 23001, 23020, 23022, 23023)),
)
ICKSTREAM = (("refused", (-32000,)), ("server", (-32001, -32603, -32700)), ("configuration", (-32600, -32601, -32602)))
PAGES = (
    b"<html>no</html>",
    b"  \r\n<!DOCTYPE html><title>Log in</title><style>a {color: red}</style>",
    b"<?xml?><html/>",
)
LOGIN = {"password": "swordfish", "integration_key": "k", "secret_key": "s"}
BODIES = (b"", b'{"error": "no"}', b"{}", b"[]", b"null", b"\xff")


def error_of(kind, provider, status, body=b"", again=False):
    """The error for an answer, which must be of `kind`."""
    it = config(provider)
    answer = Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode())
    answer.again = again
    error = raises(kind, it.service.parse, it, answer)
    message = str(error)
    assert "\n" not in message and "canary" not in message and ": " in message, message
    return message


def test_every_http_status_has_its_kind_at_every_service():
    for provider in SECTIONS:
        for kind, statuses in COMMON:
            for status in statuses:
                for body in BODIES:
                    assert str(status) in error_of(kind, provider, status, body)


def test_a_page_instead_of_a_refusal_is_not_the_services_word():
    """A proxy, a network's portal or the service may have sent it."""
    for provider in SECTIONS:
        for status in (200, 201, 300, 302, 307, 401, 403, 409, 422):
            for page in PAGES:
                message = error_of("network", provider, status, page)
                for word in (str(status), "proxy", "portal", "web page", "sent it, log in there, else "):
                    assert word in message, message
        for status, fact, remedy in (
            (407, "proxy login needed", "let this device through it"),
            (511, "network login needed", "open the network's portal in a browser"),
        ):
            for page in PAGES + BODIES:
                message = error_of("network", provider, status, page)
                assert message.startswith("the service says %d %s" % (status, fact)), message
                assert message.endswith(": " + remedy), message
        for status in (404, 405):
            for page in PAGES + BODIES:
                assert "`url`" in error_of("configuration", provider, status, page)
        for status in (500, 502, 503, 504):
            for page in PAGES:
                error_of("server", provider, status, page)
    for own in (b'<b>old</b>{"error": "no"}', b'{"error": "<html>"}', b"no <html>"):
        error_of("refused", "xyte", 403, own)


def test_a_page_is_not_a_refusal_and_its_attempt_is_not_unknown():
    """The service has never seen this device: a later refusal does not mean an orphan."""
    for provider in SECTIONS:
        for status in (200, 403, 511):
            device = Device(provider)
            assert "proxy" in str(device.refused("network", (status, PAGES[0])).error) or status == 511
            assert device.state() != RAW
            device.refused("refused", (403, b""))
            assert device.boot((200, GOOD[provider])).name == "registered"


def test_a_page_after_an_answer_that_was_lost_makes_no_orphan_but_the_refusal_does():
    for provider in ONCE:
        device = Device(provider)
        device.refused("network", OSError(104, "reset"))
        for page in PAGES:
            device.refused("network", (403, page))
            assert device.state() == TRIED
        device.refused("orphaned", (403, b""))


def test_what_buys_a_credential_is_kept_though_a_page_stands_around_it():
    device = Device("etherfax")
    body = b"<br />Warning: <b>old</b>" + json.dumps(GOOD["etherfax"]).encode()
    assert device.boot((200, body)).name == "registered"


def test_a_group_of_a_table_gives_its_kind_and_its_remedy():
    table = """
refused: ask Jo
403 unknown: say who you are
409 taken
server: wait for Monday
-7 asleep
507 full: empty it"""
    for kind, status, words in (
        ("refused", 403, "403 unknown: say who you are"),
        ("refused", 409, "409 taken: ask Jo"),
        ("refused", 401, "401 not authorised: ask Jo"),  # the table has no such line, but its group has a remedy
        ("server", 507, "507 full: empty it"),
        ("server", 503, "503: wait for Monday"),
        ("server", 429, "429 too many requests: wait for Monday"),
        ("configuration", 404, "404 not found: check `url`"),
        ("configuration", 400, "400: correct the settings"),
    ):
        assert str(raises(kind, Answer(status).json, table)) == "the service says " + words
    assert str(raises("configuration", Answer(400).json, "")) == "the service says 400: correct the settings"


def test_an_orphan_is_told_what_its_own_service_wants():
    for provider, remedy in (("etherfax", "reset this device"), ("xyte", "delete this device")):
        for status in (401, 403, 409, 422):
            device = Device(provider)
            device.refused("network", OSError(104, "reset"))
            message = str(device.refused("orphaned", (status, b"")).error)
            assert "earlier answer was lost" in message and remedy in message and str(status) in message, message
            assert message.count(": ") == 1, message


def test_every_refusal_says_what_is_to_be_changed_and_where():
    for provider, words in (
        ("etherfax", ("enable", "reset", "portal", "serial", "clock")),
        ("xyte", ("delete", "portal", "keys")),
        ("ickstream", ("fetch", "token")),
        ("centagate", ("user", "token", "Centagate")),
    ):
        for status in (401, 403, 409, 422):
            message = error_of("refused", provider, status)
            for word in words:
                assert word in message, message
            assert "change that" not in message


def test_the_services_own_words_are_quoted():
    said = "mac has already been taken"
    for body in (
        {"error": said},
        {"message": said},
        {"error": {"code": 1}, "message": said},
        {"error": "", "message": said},
    ):
        message = error_of("refused", "xyte", 422, body)
        assert "(%s): " % said in message and "delete" in message, message
    assert "(Forbidden: not here): enable" in error_of("refused", "etherfax", 403, {"message": "Forbidden: not here"})
    assert "(No user)" in error_of("refused", "centagate", 200, {"code": 22002, "message": "No user"})
    assert "(Gone)" in error_of("refused", "ickstream", 200, {"id": 1, "error": {"code": -32000, "message": "Gone"}})
    assert "(busy)" in error_of("server", "xyte", 503, {"error": "busy"})


def test_words_that_may_hold_a_secret_are_not_quoted():
    """No word that looks like a token, none of the configuration's secrets, nothing long or unprintable."""
    token = "0123456789abcdef"
    for said in (
        token,
        "token %s is wrong" % token,
        "a\nb",
        "\x1b[2J",
        "é",
        "x " * 31,
        "",
        "   ",
        5,
        None,
        ["no"],
        {"a": 1},
    ):
        for body in ({"error": said}, {"message": said}):
            message = error_of("refused", "xyte", 422, body)
            assert "(" not in message and token not in message, message
    for provider, section, secret in (
        ("xyte", {"hardware_key": "hunter2"}, "hunter2"),
        ("xyte", {"hardware_key": "hunter2"}, "HUNTER2"),
        ("ickstream", {"registration_token": "Sesame"}, "sesame"),
        ("centagate", {"cen_token": None, "auth_token": "open", "secret_code": "hunter2"}, "hunter2"),
        ("centagate", {"cen_token": None, "login": LOGIN}, "swordfish"),
    ):
        it = config(provider, section)
        body = json.dumps({"message": "no key %s" % secret, "error": "%s?" % secret}).encode()
        error = raises("refused", it.service.parse, it, Answer(403, body))
        assert secret.lower() not in str(error).lower(), error


def test_every_kind_has_its_exit_status_and_its_remedy():
    wanted = {"configuration": 78, "storage": 74, "answer": 76, "refused": 77, "orphaned": 77}
    for kind in ("network", "clock", "certificate", "memory", "server"):
        wanted[kind] = 75
    for kind in wanted:
        error = errors.EnrollError(kind, "it went wrong")
        assert errors.status(error.kind) == wanted[kind] and len(str(error)) > len("it went wrong: "), kind
        assert str(error).startswith("it went wrong: ") and "change that" not in str(error)
    assert errors.status("no such kind") == 75


def test_etherfax_403_names_all_that_it_may_mean():
    message = error_of("refused", "etherfax", 403)
    for word in ("enable", "register", "clock"):
        assert word in message, message


def test_ickstream_401_asks_for_a_new_token():
    assert "token" in error_of("refused", "ickstream", 401)


def test_every_json_rpc_error():
    for kind, codes in ICKSTREAM:
        for code in codes:
            for status in (200, 400, 401, 500):
                for number in (1, "1", None):
                    body = {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": "no"}}
                    assert str(code) in error_of(kind, "ickstream", status, body)


def test_json_rpc_errors_that_no_table_has():
    for error in ({"code": -32099}, {"code": "x"}, {"code": None}, {"message": "no"}, {}, "text", 5, [1], True):
        body = {"jsonrpc": "2.0", "id": 1, "error": error}
        error_of("answer", "ickstream", 200, body)


def test_a_json_rpc_error_beside_a_result_is_an_error():
    body = {"id": 1, "result": {"id": "a", "accessToken": "b"}, "error": {"code": -32000}}
    error_of("refused", "ickstream", 200, body)


def test_every_centagate_code_as_number_and_as_text():
    for kind, codes in CENTAGATE:
        for code in codes:
            for spelled in (code, str(code)):
                for thing in (None, "", {}, "{}"):
                    body = {"code": spelled, "message": "no", "object": thing}
                    assert str(code) in error_of(kind, "centagate", 200, body)


def test_every_centagate_code_has_its_own_words():
    messages = [error_of(kind, "centagate", 200, {"code": code}) for kind, codes in CENTAGATE for code in codes]
    words = [message.split(" ", 4)[4] for message in messages]
    assert len(set(words)) == len(words)


def test_centagate_success_with_a_status_of_300_is_none():
    assert "300" in error_of("answer", "centagate", 300, {"code": 0})


def test_centagate_29008_after_a_lost_answer_is_success():
    it = config("centagate")
    for code in (29008, "29008"):
        answer = Answer(200, json.dumps({"code": code}).encode())
        answer.again = True
        found = it.service.parse(it, answer)
        assert found.device_id == "60123456789" and found.extra["username"] == "user-1"


def test_other_centagate_codes_after_a_lost_answer_stay_refusals():
    for kind, codes in CENTAGATE:
        for code in codes:
            if code != 29008:
                error_of(kind, "centagate", 200, {"code": code}, again=True)


def test_invalid_centagate_codes():
    for code in (None, "", "x", [], {}, True, False, 0.5, "00", "0 ", "-1"):
        error_of("answer", "centagate", 200, {"code": code})


def test_centagate_code_that_no_table_has_is_never_success():
    for code in (1, "99999", 12345, 403, "2900", "290088"):
        it = config("centagate")
        answer = Answer(200, json.dumps({"code": code}).encode())
        assert raises(Exception, it.service.parse, it, answer).kind in ("refused", "answer", "configuration", "server")


def test_an_invalid_code_is_not_quoted():
    """It may be a secret that the service sends back."""
    for code in ("once-canary", "12345678", "1: 2", "", None, [1], {"canary": 1}, True):
        for provider in ("ickstream", "centagate"):
            body = {"code": code, "error": {"code": code}, "id": 1, "jsonrpc": "2.0"}
            it = config(provider)
            error = raises("answer", it.service.parse, it, Answer(200, json.dumps(body).encode()))
            assert "unknown code" in str(error), error


def test_a_code_is_quoted_if_it_looks_like_one():
    """Anything else may be a secret that the service sends back."""
    for code, said in (
        (-32000, "-32000"),
        ("29008", "29008"),
        (1234567, "an unknown code"),
        ("canary", "an unknown code"),
    ):
        assert str(refusal(code, "\n")).startswith("the service says %s" % said), code
