"""A back end described in enroll.json: when a credential ends, and what replaces it."""

import enroll.providers.rest as rest
import enroll.providers.rest.later as later
from fake_device import NOW
from fake_session import Registered
from helpers import patched, raises
from rest_device import first

NEVER = 1 << 40


def section(take, *before):
    """Back end that gives a key and its expiry; a refresh takes `take`, behind the steps `before`."""
    again = first(path="/refresh", headers={}, json={"r": "{refresh_token}", "k": "{secret}"}, take=take)
    return {
        "steps": [first(take={"secret": "key", "expires": "end", "refresh_token": "again"})],
        "refresh": list(before) + [again],
    }


class BackEnd:
    """Keys are numbered. A refresh answers `new(number)`; without `live`, every key is good, else only the newest, for
    so many seconds.
    """

    def __init__(self, new, live=0):
        self.new, self.live = new, live
        self.number = 0
        self.end = NOW + live

    def __call__(self, it):
        if it.path == "/api/end":
            return 200, {"end": 7200}
        if it.path == "/api/refresh":
            self.number += 1
            self.end = self.device.time() + self.live
            return 200, self.new(self.number)
        good = it.headers["Authorization"] == "Bearer key-%d-canary" % self.number and self.device.time() < self.end
        return (200 if good or not self.live else 401), {}


def get(session):
    return (yield from session.task("GET", "/data")).status_code


class OnClock:
    """A registered device whose clock the provider reads, too."""

    def __init__(self, new, end=3600, live=0, refresh=({"secret": "key", "expires": "end"},)):
        self.now = NOW
        back_end = BackEnd(new, live)
        with self.clock():
            reply = {"key": "key-0-canary", "end": end, "again": "again-canary"}
            self.device = Registered("rest", back_end, section(*refresh), reply=reply)
        back_end.device = self.device

    def clock(self):
        return patched((rest, later), clock=lambda: self.now)

    def get(self, after=0):
        """GET /data in `after` seconds: its status, and the paths that were asked."""
        self.device.sleep(after)
        self.now = self.device.time()
        with self.clock():
            status = self.device.run(get)
        return status, [it.path[4:] for it in self.device.asked]


def test_a_date_or_a_lifetime_says_when_it_ends():
    """Go writes the first year for never; JavaScript and Java count milliseconds."""
    with patched(later, clock=lambda: NOW):
        for said, end in (
            (NOW + 3600, NOW + 3600),
            ("%d" % (NOW + 3600), NOW + 3600),
            ((NOW + 3600) * 1000 + 999, NOW + 3600),
            ((NOW + 3600) * 1000000, NOW + 3600),
            ("2026-11-18T12:06:40Z", NOW + 3600),
            ("2026-11-18T12:06:40", NOW + 3600),
            ("2026-11-18 12:06:40.123456z", NOW + 3600),
            ("2026-11-18T14:06:40.5+02:00", NOW + 3600),
            ("2026-11-18T07:36:40-0430", NOW + 3600),
            ("2026-11-19", 1795046400),
            ("Wed, 18 Nov 2026 12:06:40 GMT", NOW + 3600),
            ("2100-03-01T00:00:00Z", 4107542400),
            ("9999-12-31T23:59:59Z", 253402300799),
            ("0001-01-01T00:00:00Z", NEVER),
            ("1970-01-01T00:00:00Z", NEVER),
            ("2026-11-18T12:06:40 CET", NEVER),
            ("2026-13-18T12:06:40Z", NEVER),
            ("2026-11-18T12", NEVER),
            ("soon", NEVER),
            ("", NEVER),
            ([1], NEVER),
            ({}, NEVER),
            (float("inf"), NEVER),
            (1e300 * 0 * float("inf"), NEVER),
        ):
            assert later.until(said) == end, said


def test_what_is_over_already_counts_as_lasting_and_what_ends_soon_is_used():
    """Some back ends say 0 for never; some clocks are behind."""
    with patched(later, clock=lambda: NOW):
        for said, end in ((0, NEVER), ("0", NEVER), (-5, NEVER), (NOW, NEVER), (NOW - 7200, NEVER)):
            assert later.until(said) == end, said
        for said, end in ((1, NOW + 60), (60, NOW + 90), (NOW + 60, NOW + 90), (119, NOW + 119), (600, NOW + 600)):
            assert later.until(said) == end, said


def test_a_refresh_that_does_not_say_when_it_ends_is_not_repeated():
    """The old expiry counted for the new key: each request refreshed it, and wrote to flash."""
    for take in ({"secret": "key"}, {"secret": "key", "expires": "end"}):
        it = OnClock(lambda number: {"key": "key-%d-canary" % number}, refresh=(take,))
        assert it.get(3590) == (200, ["/refresh", "/data"])
        for _ in range(3):
            assert it.get(30) == (200, ["/data"])
        assert "expires" not in it.device.session.credential.extra
        assert it.device.session.credential.extra["refresh_token"].reveal() == "again-canary", "it stays"


def test_an_expiry_that_an_earlier_step_of_the_refresh_takes_counts():
    """Even if the last step takes none."""
    end = {"method": "GET", "path": "/end", "take": {"expires": "end"}}
    it = OnClock(lambda number: {"key": "key-%d-canary" % number}, refresh=({"secret": "key"}, end))
    assert it.get(3600) == (200, ["/end", "/refresh", "/data"])
    assert it.device.session.credential.extra["expires"] == it.now + 7200


def test_a_refresh_that_brings_no_secret_is_an_error_and_the_old_one_stays():
    """The old secret was saved once more as the new one."""
    it = OnClock(lambda number: {"end": 3600})
    error = raises("answer", it.get, 3600)
    assert "no `key` in the answer: correct `take`" in str(error)
    assert it.get() == (200, ["/data"]), "for a while it is not tried again"
    it.device.boot()
    assert it.device.session.credential.secret.reveal() == "key-0-canary"


def test_a_refresh_may_only_lengthen_the_life_of_a_key():
    it = OnClock(lambda number: {"end": 7200}, refresh=({"expires": "end"},))
    assert it.get(3600) == (200, ["/refresh", "/data"])
    credential = it.device.session.credential
    assert credential.secret.reveal() == "key-0-canary" and credential.extra["expires"] == it.now + 7200
