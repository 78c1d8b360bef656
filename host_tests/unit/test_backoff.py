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


def test_the_span_doubles_from_first():
    assert [delay(n, 5, 900, 0.5) for n in (1, 2, 3, 4)] == [2.5, 5, 10, 20]


def test_the_span_stops_at_cap():
    for failures in (9, 10, 17, 100, 1000000):
        assert delay(failures, 5, 900, 0.5) == 450
        assert 0 <= delay(failures, 5, 900, ALMOST_ONE) < 900


def test_the_span_reaches_a_cap_of_a_day_from_a_second():
    assert [delay(failures, 1, 86400, 0.5) for failures in (17, 18, 99)] == [32768, 43200, 43200]


def test_full_jitter_reaches_from_nothing_to_the_whole_span():
    for failures, span in ((1, 5), (2, 10), (20, 900)):
        assert delay(failures, 5, 900, 0) == 0
        assert abs(delay(failures, 5, 900, ALMOST_ONE) - span * ALMOST_ONE) < 1e-3 * span


def test_final_refusals_wait_for_half_of_cap_to_cap():
    for failures in (1, 5, 100):
        assert delay(failures, 5, 900, 0, True) == 450
        assert 899 < delay(failures, 5, 900, ALMOST_ONE, True) < 900


def test_retry_after_is_obeyed_with_jitter_on_top():
    for chance in CHANCES:
        assert 120 <= delay(1, 5, 900, chance, False, 120) < 125
    assert delay(1, 5, 900, 0, False, 0) == 0


def test_retry_after_beyond_cap_is_obeyed():
    assert 3600 <= delay(1, 5, 900, 0.5, False, 3600) < 3605


def test_retry_after_of_a_year_is_cut_to_a_day():
    for chance in CHANCES:
        assert 86400 <= delay(1, 5, 900, chance, False, 365 * 86400) < 86405


def test_retry_after_in_the_past_is_now():
    for chance in CHANCES:
        assert 0 <= delay(1, 5, 900, chance, False, -1000000) < 5


def test_no_delay_is_ever_negative_or_longer_than_cap_without_the_server_asking():
    for failures in range(1, 40):
        for chance in CHANCES:
            for final in (False, True):
                assert 0 <= delay(failures, 0.5, 60, chance, final) <= 60


def test_first_above_cap_is_cut_to_cap():
    assert delay(1, 1000, 60, 0.5) == 30


def test_a_final_refusal_with_retry_after_is_not_asked_earlier_than_the_server_wants():
    assert delay(1, 5, 900, 0, True, 3600) >= 3600


def test_after_of_seconds():
    assert after("0", 1000) == 0
    assert after("120", 1000) == 120
    assert after("31536000", 1000) == 31536000


def test_after_of_more_digits_than_any_number_needs():
    assert after("9" * 5000, 1000) >= 86400


def test_after_of_a_date_is_counted_from_now():
    date = "Fri, 20 Nov 2026 08:49:37 GMT"
    now = http_date(date, 0)
    assert after(date, now - 60) == 60
    assert after(date, now + 60) == -60
    assert after("Friday, 20-Nov-26 08:49:37 GMT", now - 60) == after("Fri Nov 20 08:49:37 2026", now - 60) == 60


def test_after_of_nonsense():
    for value in ("", "soon", "-5", "1.5", "12 s", " "):
        assert after(value, 1000) is None, value


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
