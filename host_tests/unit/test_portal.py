"""The page in the device's own network: what it shows, what it takes, whom it answers, when it is over."""

import enroll.portal as portal
from clock import Clock
from enroll.portal import Portal
from helpers import Fake, patched
from visitor import HOST, Visitor, form, onboarding, request

NAME, OWN, SECRET = "Acme 1", "own-canary", "password-canary"
HERE = "http://" + HOST + "/"
READY, JOINING, JOINED = 2, 3, 4
MINUTE = 60000


class Booth:
    """A Portal on a clock whose ticks are about to wrap, with an Onboarding in whose reach are `networks`."""

    def __init__(self, *networks):
        self.clock = Clock((1 << 30) - 1500)
        self.it = onboarding(*networks)
        self.portal = Portal(self.it, NAME, OWN)
        self.poll()
        self.point = self.it.points[0][0]

    def poll(self, ms=50, times=1):
        ticks = {name: getattr(self.clock, name) for name in ("ticks_ms", "ticks_add", "ticks_diff")}
        with patched(portal, **ticks):
            for _ in range(times):
                self.clock.now += ms
                self.portal.poll()

    def visit(self, *pieces, **more):
        """A Visitor that sends `pieces`, once the device has dealt with it."""
        found = Visitor(*pieces, **more)
        self.point.waiting.append(found)
        self.poll(times=4)
        return found

    def page(self):
        found = self.visit(request())
        assert found.status == 200 and not found.open
        return found.text

    @property
    def key(self):
        return self.page().partition("name=k value=")[2].partition(">")[0]

    def give(self, *values, host=HOST, **more):
        return self.visit(request(method="POST", host=host, body=form(self.key, *values, **more)))

    def fails(self, why="`home` wrong password"):
        """What an Onboarding does where a network cannot be joined."""
        self.it.wanted = ()
        self.it.state = READY
        self.it.said = "", why


def test_the_page_offers_the_networks_in_reach():
    booth = Booth("home", 'a"b  <c>&', "café ☕ 日本")
    page = booth.page()
    for value in ("home", "a&#34;b  &#60;c>&#38;", "café ☕ 日本"):
        assert '<option value="%s">%s' % (value, value) in page, value
    assert "<title>Acme 1</title>" in page and "charset=utf-8" in str(booth.visit(request()).got[:90], "utf-8")
    assert booth.it.points[0][1:] == (NAME, OWN) and "http://" not in page and "https://" not in page
    assert booth.it.scans == 1, "each page looked for networks"


def test_a_network_that_is_chosen_is_wanted():
    booth = Booth("home")
    assert booth.give("home", SECRET).where == HERE
    assert booth.it.wanted == ("home", SECRET) and booth.it.state == JOINING and booth.portal.busy
    page = booth.page()
    assert "Joining home" in page and "refresh" in page and "<form" not in page


def test_what_a_person_may_type():
    long = "é" * 16
    for values, wanted in (
        (("home", ""), ("home", "")),
        (("", "12345678", "  my home "), ("my home", "12345678")),
        (("home", SECRET, "other"), ("other", SECRET)),
        (("café ☕ & +%=<\"'>", "p +&=%é" * 3), ("café ☕ & +%=<\"'>", "p +&=%é" * 3)),
        ((long, "x" * 63), (long, "x" * 63)),
        (("home", "a0" * 32), ("home", "a0" * 32)),
    ):
        booth = Booth()
        booth.give(*values)
        assert booth.it.wanted == wanted


def test_what_cannot_be_right_is_said_and_costs_no_try():
    booth = Booth("home")
    for values in (("", SECRET), ("", SECRET, "  "), ("home", "1234567"), ("home", "x" * 65), ("é" * 17, SECRET)):
        for _ in range(2):
            assert booth.give(*values).where == HERE
        page = booth.page()
        assert not booth.it.wanted and "Choose a network; a password has 8 to 63 characters" in page and "<form" in page
    booth.give("home", SECRET)
    assert booth.it.wanted


def test_why_a_network_was_not_joined_and_that_another_was():
    booth = Booth("home")
    booth.give("home", "wrong-canary")
    booth.fails()
    assert "`home` wrong password" in booth.page() and "<form" in booth.page() and not booth.portal.busy
    booth.give("home", SECRET)
    booth.it.wanted = ()
    booth.it.state, booth.it.said = JOINED, ("https://example.com", "registered acme 1")
    assert booth.portal.busy, "the person has not seen it yet"
    assert "The network works: registered acme 1" in booth.page() and not booth.portal.busy


def test_no_page_shows_a_secret():
    booth = Booth("home")
    shown = booth.page()
    booth.give("home", SECRET)
    shown += booth.page()
    booth.fails()
    shown += booth.page()
    assert "canary" not in shown + "".join(booth.it.lines)


def test_systems_that_look_for_the_internet_are_led_to_the_page():
    booth = Booth()
    for host, path in (
        ("connectivitycheck.gstatic.com", "/generate_204"),
        ("www.google.com", "/gen_204"),
        ("clients3.google.com", "/generate_204"),
        ("captive.apple.com", "/hotspot-detect.html"),
        ("captive.apple.com", "/"),
        ("www.apple.com", "/library/test/success.html"),
        ("www.msftconnecttest.com", "/connecttest.txt"),
        ("www.msftconnecttest.com", "/redirect"),
        ("www.msftncsi.com", "/ncsi.txt"),
        ("detectportal.firefox.com", "/canonical.html"),
    ):
        found = booth.visit(request(path, host))
        assert (found.status, found.where, found.text) == (302, HERE, "") and not found.open, path


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


def test_a_form_that_comes_twice_is_taken_once():
    booth = Booth("home")
    body = form(booth.key, "home", SECRET)
    booth.visit(request(method="POST", body=body))
    booth.it.wanted = ()  # the Onboarding has taken it
    assert booth.visit(request(method="POST", body=body)).where == HERE
    assert booth.it.state == JOINING and not booth.it.wanted


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


def test_it_closes_after_ten_minutes():
    booth = Booth()
    booth.poll(MINUTE, times=9)
    assert booth.point.open and "<form" in booth.page()
    booth.poll(MINUTE)
    booth.poll(times=25)
    assert not booth.point.open
    booth.poll(times=25)
    booth.portal.close()
    again = Portal(booth.it, NAME, OWN)
    again.poll()
    assert len(booth.it.points) == 1, "not before the next start"


def test_it_does_not_close_while_a_network_is_joined():
    booth = Booth("home")
    booth.poll(MINUTE, times=9)
    booth.give("home", SECRET)
    booth.poll(MINUTE, times=2)
    assert booth.point.open and "Joining" in booth.page()
    booth.fails()
    assert "wrong password" in booth.page()
    booth.poll(times=40)
    assert not booth.point.open


def test_it_closes_after_five_networks():
    booth = Booth("home")
    for _ in range(5):
        booth.give("home", "wrong-canary")
        assert booth.it.wanted
        booth.fails()
    found = booth.visit(request())
    assert "wrong password" in found.text and "Restart the device" in found.text and "<form" not in found.text
    booth.poll(times=25)
    assert not booth.point.open
    again = Portal(booth.it, NAME, OWN)
    again.poll()
    assert len(booth.it.points) == 1


def test_the_time_goes_on_where_the_network_is_opened_again():
    booth = Booth()
    booth.poll(MINUTE, times=6)
    booth.portal.close()
    assert not booth.point.open
    booth.portal = Portal(booth.it, NAME, OWN)
    booth.poll()
    booth.point = booth.it.points[1][0]
    booth.poll(MINUTE, times=5)
    booth.poll(times=25)
    assert not booth.point.open


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


def test_a_broken_driver_is_told_once():
    booth = Booth()

    def broken(*_):
        raise OSError("Wifi Unknown Error 0x0101")

    booth.it.port = Fake(access_point=broken)
    booth.it.lines = lines = []
    booth.it.owner = Fake(log=lines.append)
    booth.portal = Portal(booth.it, NAME, OWN)
    booth.poll(times=5)
    assert lines == ["Wifi Unknown Error 0x0101"]


def test_a_scan_that_fails_leaves_the_name_to_be_typed():
    booth = Booth()

    def broken():
        raise OSError("busy")

    booth.it.port.scan = broken
    assert "name=o" in booth.page()
    booth.give("", SECRET, "home")
    assert booth.it.wanted == ("home", SECRET)


def test_join_without_a_choice_looks_for_networks_again():
    booth = Booth("home")
    booth.page()
    booth.give("", "")
    booth.page()
    assert booth.it.scans == 2
