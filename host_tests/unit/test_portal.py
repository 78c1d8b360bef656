"""The page in the device's own network: what it shows, what it takes, when it is over."""

from booth import NAME, OWN, Booth
from enroll.portal import Portal
from helpers import Fake
from visitor import HOST, form, request

SECRET = "password-canary"
HERE = "http://" + HOST + "/"
JOINING, JOINED = 3, 4
MINUTE = 60000


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
        (("é"[:1], ""), ("é", "")),
        (("x", ""), ("x", "")),
    ):
        booth = Booth()
        booth.give(*values)
        assert booth.it.wanted == wanted


def test_what_cannot_be_right_is_said_and_costs_no_try():
    booth = Booth("home")
    for values in (("", SECRET), ("", SECRET, "  "), ("home", "1234567"), ("home", "x" * 65), ("x" * 33, SECRET)):
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


def test_a_form_that_comes_twice_is_taken_once():
    booth = Booth("home")
    body = form(booth.key, "home", SECRET)
    booth.visit(request(method="POST", body=body))
    booth.it.wanted = ()  # the Onboarding has taken it
    assert booth.visit(request(method="POST", body=body)).where == HERE
    assert booth.it.state == JOINING and not booth.it.wanted


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


def test_a_phone_that_never_comes_back_does_not_keep_it_open():
    for tries, left in ((1, 9), (5, 1)):  # after five there is nothing to wait for but the phone
        booth = Booth("home")
        for _ in range(tries):
            booth.give("home", "wrong-canary")
            booth.poll(MINUTE // 4)
            booth.fails()
        booth.poll(MINUTE, times=left - 1)
        booth.poll(MINUTE // 2)
        assert booth.point.open
        booth.poll(MINUTE, times=2)
        booth.poll(times=25)
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
