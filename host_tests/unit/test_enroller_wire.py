"""The state machine over its own HTTP client and a fake wire: answers that are cut, too long or late."""

import gc
import json

from answers import GOOD, ONCE
from enroll.commit import Journal
from enroll.enroller import Enroller
from enroll.journal import KEPT, RAW, REFUSED, TRIED, recall
from fake_device import Port
from helpers import SECTIONS, config, folder
from install import installed
from wire import Wire


def boot(it, *pieces, wire=None):
    """One attempt of the configuration `it` that is answered with `pieces`: its Action."""
    wire = wire or Wire(*pieces)
    lines = []
    enroller = Enroller(it, Port(), log=lines.append)
    with installed(wire):
        action = enroller.step(0)
    enroller.close()
    assert wire.open <= 0, "the socket is left open"
    assert not [line for line in lines if "canary" in line], lines
    return action


def head(status, length):
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, length)


def answer(provider, status=200, body=None, length=None):
    """A whole answer as bytes; `length` is what Content-Length says instead of the truth."""
    body = json.dumps(GOOD[provider]).encode() if body is None else body
    return head(status, len(body) if length is None else length) + body


def long_answer(provider, size):
    """The pieces of an answer of `size` bytes: a board has no room for it in one."""
    start, end = json.dumps(GOOD[provider]).encode()[:-1] + b', "more": "', b'"}'
    fill = size - len(start) - len(end)
    return [head(200, size), start] + [b"m" * 100] * (fill // 100) + [b"m" * (fill % 100), end]


def fresh(provider):
    return config(provider, store=folder() + "/state")


def state(it):
    return recall(it, Journal(it.store))[0]


def test_every_provider_registers():
    for provider in SECTIONS:
        it = fresh(provider)
        wire = Wire(answer(provider))
        assert boot(it, wire=wire).name == "registered"
        assert wire.sent.count(b"HTTP/1.1\r\n") == 1
        assert state(it) == KEPT


def test_a_connection_that_is_refused_leaves_no_trace():
    class Refused(Wire):
        def connect(self, where):
            raise OSError(111, "refused")

    for provider in SECTIONS:
        it = fresh(provider)
        assert boot(it, wire=Refused()).error.kind == "network"
        assert boot(it, answer(provider, 403, b"")).error.kind == "refused"


def test_an_answer_that_never_comes_leaves_its_outcome_unknown():
    for provider in ONCE:
        for pieces in ((), (b"HTTP/1.1 2",), (OSError(104, "reset"),), (b"HTTP/1.1 200 OK\r\nX: y\r\n",)):
            it = fresh(provider)
            assert boot(it, *pieces).error.kind == "network"
            assert state(it) == TRIED
            assert boot(it, answer(provider, 403, b"")).error.kind == "orphaned"


def test_an_answer_that_is_no_http_leaves_its_outcome_unknown():
    for provider in ONCE:
        it = fresh(provider)
        assert boot(it, b"SSH-2.0-OpenSSH\r\n\r\n").error.kind == "answer"
        assert state(it) == TRIED


def test_an_answer_cut_at_every_byte_loses_nothing_that_came():
    for provider in ONCE:
        whole = answer(provider)
        start = whole.find(b"\r\n\r\n") + 4
        for end in list(range(start, len(whole), 7)) + [len(whole) - 1]:
            for pieces in ((whole[:end],), (whole[:end], OSError(104, "reset"))):
                it = fresh(provider)
                action = boot(it, *pieces)
                if action.name == "registered":
                    assert whole[end:].strip(b"}") == b"" or provider == "xyte"
                    assert action.credential.secret.reveal() == "token-canary"
                else:
                    assert action.error.kind in ("network", "answer"), action.error.kind
                    assert state(it) == (RAW if end > start else TRIED), end
                    if end > start:
                        assert Journal(it.store).load()[2] == whole[start:end]


def test_an_answer_whose_length_is_wrong_but_whose_text_is_whole():
    for provider in SECTIONS:
        it = fresh(provider)
        body = json.dumps(GOOD[provider]).encode()
        assert boot(it, answer(provider, length=len(body) + 5)).name == "registered"
        assert state(it) == KEPT


def test_an_answer_that_is_longer_than_what_was_proved_is_taken_up_to_8192_bytes():
    for provider in SECTIONS:
        for size in (1500, 4097, 8192):
            for end in (b'"}', b'" '):
                gc.collect()  # what the last one has left: a board needs it in one piece
                it = fresh(provider)
                action = boot(it, *long_answer(provider, size)[:-1], end)
                assert action.name == "registered", (size, action.error)
                assert state(it) == KEPT


def test_an_answer_that_is_too_long_is_taken_as_far_as_it_can_be_kept():
    for provider in ("etherfax", "xyte", "centagate"):
        assert boot(fresh(provider), *long_answer(provider, 9100)).name == "registered"


def test_an_answer_that_is_too_long():
    for provider in SECTIONS:
        it = fresh(provider)
        body = json.dumps(GOOD[provider]).encode()
        action = boot(it, head(200, 9000 + len(body)), *[b" " * 100] * 90, body)
        assert action.name == "wait" and action.error.kind == "answer", action.error
        assert boot(it, answer(provider)).name == "registered"


def test_a_refusal_whose_body_is_too_long_or_cut_is_a_refusal():
    for body, length in ((b"x" * 5000, None), (b"x" * 10, 100), (b"", 100)):
        it = fresh("etherfax")
        assert boot(it, answer("etherfax", 403, body, length)).error.kind == "refused"


def test_a_status_of_300_is_no_success():
    """Its body is not a credential, and the status counts even if the body never comes."""
    for provider in ONCE:
        for whole in (answer(provider, 300), answer(provider, 300, b"", 100)):
            it = fresh(provider)
            action = boot(it, whole)
            assert action.error.kind == "answer" and "300" in str(action.error), action.error
            assert state(it) == REFUSED


def test_an_empty_answer():
    for provider in SECTIONS:
        for status in (200, 204):
            it = fresh(provider)
            assert boot(it, answer(provider, status, b"")).error.kind == "answer"


def test_an_answer_that_comes_byte_by_byte():
    for provider in SECTIONS:
        pieces = []
        for byte in answer(provider):
            pieces += [None, bytes([byte])]
        assert boot(fresh(provider), *pieces).name == "registered"


def test_retry_after_on_the_wire():
    it = fresh("xyte")
    action = boot(it, b"HTTP/1.1 503 Busy\r\nRetry-After: 600\r\nContent-Length: 0\r\n\r\n")
    assert action.error.kind == "server" and 600 <= action.at <= 1200
