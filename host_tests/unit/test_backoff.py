"""When to try again."""

from enroll import calendar
from enroll.backoff import after, delay
from enroll.httpdate import http_date
from enroll.requests import fetch
from helpers import Fake, drive, patched
from install import installed
from wire import Wire

ALMOST_ONE = 0.999
CHANCES = (0, 0.25, 0.5, ALMOST_ONE)


def spans(counts, first, cap, final=False, after=None, quick=False):
    """(the shortest wait, the longest) after as many failures as each of `counts` says, in whole seconds."""
    found = []
    for count in counts:
        low, high = [delay(count, first, cap, chance, final, after, quick) for chance in (0, 65535 / 65536)]
        found.append((round(low), round(high)))
    return found


def test_the_span_grows_ninefold_and_begins_where_the_one_before_ended():
    assert spans((1, 2, 3), 5, 900) == [(0, 5), (5, 45), (45, 405)]


def test_the_span_stops_at_half_of_cap():
    assert [delay(failures, 5, 900, 0.5) for failures in (4, 5, 7, 100, 1000000)] == [393.75] * 5
    assert spans((4, 5, 8, 1000000), 5, 896) == [(336, 448)] * 4


def test_the_wait_grows_evenly_with_chance():
    for failures in (1, 2, 3, 4, 9):
        low, half, three = [delay(failures, 5, 900, chance) for chance in (0, 0.5, 0.75)]
        assert half - low == 2 * (three - half) > 0


def test_the_span_reaches_a_cap_of_a_day_from_a_second():
    assert spans((1, 5, 6, 7, 8, 99), 1, 86400) == [(0, 1), (729, 6561), (6561, 43199)] + [(32400, 43200)] * 3


def test_after_what_cost_the_service_nothing_the_span_doubles_up_to_cap():
    assert [delay(n, 5, 900, 0.5, quick=True) for n in (1, 2, 3, 4)] == [2.5, 5, 10, 20]
    for failures in (9, 10, 17, 100, 1000000):
        assert delay(failures, 5, 900, 0.5, quick=True) == 450
    assert [delay(failures, 1, 86400, 0.5, quick=True) for failures in (17, 18, 99)] == [32768, 43200, 43200]


def test_its_jitter_reaches_from_nothing_to_the_whole_span():
    for failures, span in ((1, 5), (2, 10), (20, 900)):
        assert delay(failures, 5, 900, 0, quick=True) == 0
        assert abs(delay(failures, 5, 900, ALMOST_ONE, quick=True) - span * ALMOST_ONE) < 1e-3 * span


def test_failures_that_nobody_has_counted_spread_over_the_whole_cap():
    for quick in (False, True):
        assert spans((0, -1, -100), 5, 900, quick=quick) == [(0, 900)] * 3


def test_final_refusals_wait_for_half_of_cap_to_cap():
    for failures in (-1, 1, 5, 100):
        for quick in (False, True):
            assert spans((failures,), 5, 900, True, quick=quick) == [(450, 900)]


def test_retry_after_is_obeyed_and_spread_over_as_much_again():
    """A fleet that is asked to wait must not come back within seconds."""
    assert spans((1,), 5, 900, after=120) == [(120, 240)]
    assert spans((1,), 5, 900, after=7, quick=True) == [(7, 14)]
    assert [delay(1, 5, 900, 0, False, seconds) for seconds in (0, 1, 2)] == [0, 1, 2]


def test_retry_after_beyond_cap_is_obeyed_and_spread_over_cap():
    assert spans((1,), 5, 900, after=3600) == [(3600, 4500)]


def test_retry_after_never_shortens_a_wait():
    """A service that asks for a second again and again must not be asked each second."""
    assert spans((4, 9), 5, 896, after=1) == [(336, 448)] * 2
    assert spans((1,), 5, 900, True, 1) == [(450, 900)]


def test_retry_after_of_a_year_is_cut_to_a_day():
    assert spans((1,), 5, 900, after=365 * 86400) == [(86400, 87300)]


def test_retry_after_in_the_past_is_now():
    for chance in CHANCES:
        assert 0 <= delay(1, 5, 900, chance, False, -1000000) < 5


def test_no_delay_is_ever_negative_or_longer_than_cap_without_the_server_asking():
    for failures in range(-1, 40):
        for chance in CHANCES:
            for final, quick in ((False, False), (False, True), (True, False), (True, True)):
                assert 0 <= delay(failures, 0.5, 60, chance, final, None, quick) <= 60


def test_first_above_cap_is_cut():
    assert delay(1, 1000, 60, 0.5, quick=True) == 30
    assert delay(1, 1000, 60, 0.5) == 15


def test_a_final_refusal_with_retry_after_is_not_asked_earlier_than_the_server_wants():
    assert delay(1, 5, 900, 0, True, 3600) >= 3600


def asked(value, now=1000, **more):
    """Seconds that an answer with the Retry-After `value` asks for at `now`; `more`: its Date."""
    more["retry-after"] = value
    return after(more, now)


def test_after_of_seconds():
    assert asked("0") == 0
    assert asked("120") == 120
    assert asked("31536000") == 31536000


def test_after_of_more_digits_than_any_number_needs():
    assert asked("9" * 5000) >= 86400


def test_after_of_a_date_is_counted_from_the_date_of_the_answer_or_from_now():
    date = "Fri, 20 Nov 2026 08:49:37 GMT"
    now = http_date(date, 0)
    assert asked(date, now - 60) == 60
    assert asked("Friday, 20-Nov-26 08:49:37 GMT", now - 60) == asked("Fri Nov 20 08:49:37 2026", now - 60) == 60
    for clock in (now - 60, now + 60):
        assert asked(date, clock, date="Fri, 20 Nov 2026 08:49:07 GMT") == 30


def test_after_of_a_date_that_has_passed():
    date = "Fri, 20 Nov 2026 08:49:37 GMT"
    now = http_date(date, 0)
    assert asked(date, now) == asked(date, now + 60) == 0
    assert asked(date, now - 60, date="Fri, 20 Nov 2026 08:50:37 GMT") == 0


def test_after_of_nonsense():
    for value in ("", "soon", "-5", "1.5", "12 s", " "):
        assert asked(value) is None, value
    assert after({}, 1000) is None


def test_a_retry_after_of_a_response_counts_from_its_date_or_from_the_devices_clock():
    until = "Retry-After: Fri, 20 Nov 2026 08:49:37 GMT\r\n"
    own = http_date("Fri, 20 Nov 2026 08:48:37 GMT", 0)
    for more, seconds in (
        ("Date: Fri, 20 Nov 2026 08:49:07 GMT\r\n", 30),
        ("Date: Friday, 20-Nov-26 08:49:07 GMT\r\n", 30),
        ("", 60),
        ("Date: soon\r\n", 60),
    ):
        wire = Wire(("HTTP/1.1 503 x\r\n%s%sContent-Length: 0\r\n\r\n" % (until, more)).encode())
        with installed(wire), patched(calendar, time=Fake(time=lambda: own, gmtime=lambda _: (1970,))):
            assert drive(fetch("GET", "http://host/")).retry_after == seconds, more
