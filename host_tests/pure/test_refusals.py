"""Every refusal in the tables of the four services, and its kind."""

import json

from enroll.providers import Answer
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
BODIES = (b"", b"<html>no</html>", b'{"error": "no"}', b"{}", b"[]", b"null", b"\xff")


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


def test_etherfax_403_names_all_that_it_may_mean():
    message = error_of("refused", "etherfax", 403)
    for word in ("enable", "register", "clock"):
        assert word in message, message


def test_xyte_422_names_the_portal():
    assert "portal" in error_of("refused", "xyte", 422, {"error": "mac has already been taken"})


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


def test_centagate_codes_that_are_none():
    for code in (None, "", "x", [], {}, True, False, 0.5, "00", "0 ", "-1"):
        error_of("answer", "centagate", 200, {"code": code})


def test_centagate_code_that_no_table_has_is_never_success():
    for code in (1, "99999", 12345, 403, "2900", "290088"):
        it = config("centagate")
        answer = Answer(200, json.dumps({"code": code}).encode())
        assert raises(Exception, it.service.parse, it, answer).kind in ("refused", "answer", "configuration", "server")


def test_a_code_that_is_none_is_not_repeated():
    """It may be a secret that the service sends back."""
    for code in ("once-canary", "12345678", "1: 2", "", None, [1], {"canary": 1}, True):
        for provider in ("ickstream", "centagate"):
            body = {"code": code, "error": {"code": code}, "id": 1, "jsonrpc": "2.0"}
            it = config(provider)
            error = raises("answer", it.service.parse, it, Answer(200, json.dumps(body).encode()))
            assert "unknown code" in str(error), error
