"""The page in the device's own network, and phones that are slow, broken or hostile."""

from booth import Booth
from visitor import HOST, Visitor, form, request

SECRET = "password-canary"
HERE = "http://" + HOST + "/"


def test_only_the_pages_own_form_is_taken():
    booth = Booth("home")
    key = booth.key
    good = form(key, "home", SECRET)
    for host in ("evil.example.com", HOST + ".evil.example.com", HOST + ":8080", "x" + HOST):
        found = booth.visit(request(host=host, method="POST", body=good))
        assert found.where == HERE and not booth.it.wanted, host
    for body in (form("", "home", SECRET), form("0" * 16, "home", SECRET), good[20:], b"k", b"&&&", b""):
        assert booth.visit(request(method="POST", body=body)).where == HERE and not booth.it.wanted, body
    booth.visit(request("/?" + str(good, "utf-8")))
    booth.visit(request("/?" + str(good, "utf-8"), method="HEAD"))
    assert not booth.it.wanted
    assert Booth().key != key, "another boot has another key"
    booth.visit(request(method="POST", body=good))
    assert booth.it.wanted


def test_garbage_is_no_request_and_harms_nobody():
    booth = Booth("home")
    for piece in (
        b"\r\n\r\n",
        b"\0" * 300 + b"\r\n\r\n",
        b"GET\r\n\r\n",
        request(method="POST", body=b"k=%"),
        request(method="POST", body=b"k=%zz"),
        request(method="POST", body=b"k=%FF"),
        request(more=["Content-Length: x"]),
        request(more=["Content-Length: -5"]),
        request(more=["Content-Length: 99999999999999999999"]),
        request(more=["X: " + "y" * 3000]),
        request(method="POST", body=b"k=" + b"x" * 3000),
        b"x" * 5000,
        b"",
        OSError(104, "ECONNRESET"),
    ):
        found = booth.visit(piece, piece)
        booth.poll(1000, times=10)
        assert (not found.open and "<form" not in found.text) or b"-5" in piece, piece
        assert not booth.it.wanted
    assert "<form" in booth.page() and booth.point.open


def test_changed_requests_harm_nobody():
    """Each byte of a form's request once replaced, taken away and doubled."""
    booth = Booth("home")
    whole = request(method="POST", body=form(booth.key, "home", SECRET))
    for at in range(0, len(whole), 3):
        for piece in (b"\0", b"", whole[at : at + 1] * 2, b"\r\n"):
            found = booth.visit(whole[:at] + piece + whole[at + 1 :], b"")
            assert not found.open
            booth.fails()
            booth.portal._tries = 5
    assert "<form" in booth.page()


def test_slow_connections_end():
    booth = Booth()
    silent = booth.visit()
    booth.poll(times=15)
    assert silent.open
    booth.poll(times=10)
    assert not silent.open and silent.got == b""
    waits = [None] * 19
    slow = booth.visit(*[piece for byte in request() for piece in [bytes([byte])] + waits])
    booth.poll(times=150)
    assert slow.open
    booth.poll(times=30)
    assert not slow.open and slow.got == b""
    deaf = booth.visit(request(), most=None)
    booth.poll(times=200)
    assert not deaf.open and "<form" in booth.page()


def test_requests_and_answers_in_pieces():
    booth = Booth("home")
    whole = request(method="POST", body=form(booth.key, "home", SECRET))
    pieces = []
    for at in range(0, len(whole), 40):
        pieces += [whole[at : at + 40], None]
    found = booth.visit(*pieces, most=7)
    booth.poll(times=30)
    assert found.where == HERE and not found.open and booth.it.wanted == ("home", SECRET)


def test_connections_wait_for_their_turn():
    booth = Booth()
    phones = [Visitor(request()) for _ in range(6)]
    booth.point.waiting += [Visitor()] + phones
    booth.poll(times=60)
    assert not booth.point.waiting and all("<form" in phone.text for phone in phones)


def test_closing_closes_everything():
    booth = Booth()
    phone = Visitor(request()[:20])
    booth.point.waiting.append(phone)
    booth.poll(times=2)
    assert phone.open
    booth.portal.close()
    assert not phone.open and not booth.point.open
    booth.portal.close()
    booth.poll()
