"""Dates: the calendar, and dates in text."""

from enroll import calendar
from enroll.calendar import civil, days
from enroll.clock import BUILD, check
from enroll.httpdate import http_date, iso_date, iso_time
from helpers import Fake, patched, raises

DAY = 86400
# date with its month from 0, days since 1970, day of the year from 0
DATES = (
    ((1970, 0, 1), 0, 0),
    ((1970, 11, 31), 364, 364),
    ((1972, 1, 29), 789, 59),
    ((1999, 11, 31), 10956, 364),
    ((2000, 0, 1), 10957, 0),
    ((2000, 1, 29), 11016, 59),
    ((2000, 2, 1), 11017, 60),
    ((2000, 11, 31), 11322, 365),
    ((2017, 1, 2), 17199, 32),
    ((2023, 11, 31), 19722, 364),
    ((2024, 0, 1), 19723, 0),
    ((2024, 11, 31), 20088, 365),
    ((2025, 0, 1), 20089, 0),
    ((2036, 1, 7), 24143, 37),
    ((2038, 0, 19), 24855, 18),
    ((2100, 1, 28), 47540, 58),
    ((2100, 2, 1), 47541, 59),
    ((2100, 11, 31), 47846, 364),
    ((2106, 1, 7), 49710, 37),
)


def test_days_of_leap_years_common_years_and_centuries():
    for date, day, _ in DATES:
        assert days(*date) == day, date


def test_civil_at_the_first_and_last_second_of_a_day():
    for date, day, of_year in DATES:
        assert civil(day * DAY) == (date[0], date[1], of_year)
        assert civil(day * DAY + DAY - 1) == (date[0], date[1], of_year)


def test_civil_one_second_before_midnight_is_the_day_before():
    assert civil(days(2025, 0, 1) * DAY - 1) == (2024, 11, 365)
    assert civil(days(2026, 0, 1) * DAY - 1) == (2025, 11, 364)
    assert civil(days(2000, 2, 1) * DAY - 1) == (2000, 1, 59)
    assert civil(days(2100, 2, 1) * DAY - 1) == (2100, 1, 58)


def test_iso_time_is_written_as_iso_date_reads_it():
    for date in ("1970-01-01", "1999-12-31", "2000-02-29", "2024-02-29", "2026-03-01", "2100-12-31"):
        assert iso_time(iso_date(date) + 3 * 3600 + 4 * 60 + 5) == date + "T03:04:05Z"
    assert iso_time(iso_date("2026-11-29") - 1) == "2026-11-28T23:59:59Z"


def test_iso_date_is_the_start_of_its_day_in_utc():
    assert iso_date("1970-01-01") == 0
    assert iso_date("2000-02-29") == 11016 * DAY
    assert iso_date("2017-02-02") == 17199 * DAY
    assert iso_date("2100-12-31") == 47846 * DAY


def test_iso_date_refuses_invalid_dates():
    for text in (
        "",
        "2026",
        "2026-01",
        "2026-1-1",
        "26-01-01",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "2026-01-32",
        "2026-04-31",
        "2025-02-29",
        "2100-02-29",
        "1969-12-31",
        "0000-01-01",
        "2026-01-01-01",
        "01-01-2026",
        "2026/01/01",
        "2026-01-01T00:00:00",
        "2026-0a-01",
        "year-mo-da",
    ):
        raises(ValueError, iso_date, text)


def test_http_date_of_the_rfc_9110_example_in_its_three_forms():
    for text in ("Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"):
        assert http_date(text, days(1999, 0, 1) * DAY) == 784111777, text
    assert http_date("Wed Nov 16 08:49:37 1994", 0) == 784111777 + 10 * DAY


def test_http_date_at_the_ends_of_days_and_years():
    assert http_date("Thu, 01 Jan 1970 00:00:00 GMT", 0) == 0
    assert http_date("Sat, 31 Dec 2016 23:59:59 GMT", 0) == 1483228799
    assert http_date("Tue, 29 Feb 2000 12:00:00 GMT", 0) == 951825600


def test_http_date_takes_a_leap_second():
    assert http_date("Sat, 31 Dec 2016 23:59:60 GMT", 0) == 1483228800


def test_two_digits_of_a_year_are_at_most_fifty_years_ahead():
    near = days(2026, 10, 20) * DAY + 3600
    for date, year in (
        ("20-Nov-26 00:00:00", 2026),
        ("31-Dec-25 00:00:00", 2025),
        ("01-Jan-30 00:00:00", 2030),
        ("20-Nov-76 00:59:59", 2076),
        ("20-Nov-76 01:00:00", 2076),
        ("20-Nov-76 01:00:01", 1976),
        ("01-Jan-77 00:00:00", 1977),
        ("31-Dec-99 00:00:00", 1999),
        ("29-Feb-00 00:00:00", 2000),
    ):
        found = http_date("Someday, %s GMT" % date, near)
        assert found is not None and civil(found)[0] == year, date
    assert civil(http_date("Sun, 01-Jan-05 00:00:00 GMT", days(2060, 0, 1) * DAY))[0] == 2105
    assert civil(http_date("Sun, 01-Jan-20 00:00:00 GMT", days(2060, 0, 1) * DAY))[0] == 2020


def test_http_date_refuses_invalid_dates():
    for text in (
        "",
        "GMT",
        "yesterday",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 11 1994 08:49:37 GMT",
        "Sun, xx Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov year 08:49:37 GMT",
        "Sun, 06 ovD 1994 08:49:37 GMT",
        "Sun, 06 N 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Tue, 29 Feb 2100 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 EST",
        "Sun, 06 Nov 1994 08:49:37 +0100",
        "Sun, 06 Nov 1994 08:49:37",
        "Wed, 31 Dec 1969 23:59:59 GMT",
        "Sun, 06 Nov 9999999999999999999 08:49:37 GMT",
        "Sun, 9999999999999999999 Nov 1994 08:49:37 GMT",
        "Sun, 9999999-Nov-94 08:49:37 GMT",
    ):
        assert http_date(text, 0) is None, text


def test_the_devices_own_clock_in_unix_seconds_whatever_its_epoch():
    for year, since in ((1970, 0), (2000, 946684800)):
        time = Fake(time=lambda since=since: 1795000000 - since, gmtime=lambda zero, year=year: (year, 1, 1))
        with patched(calendar, time=time):
            assert calendar.now() == 1795000000


def test_check_refuses_a_time_before_earliest():
    assert check(1000000, 1000000) == 1000000
    raises("clock", check, 999999, 1000000)


def test_check_refuses_a_time_more_than_thirty_years_after_the_build():
    assert check(BUILD + 29 * 365 * DAY, 0) == BUILD + 29 * 365 * DAY
    raises("clock", check, BUILD + 31 * 366 * DAY, 0)


def test_build_is_a_date():
    assert iso_date("2026-01-01") < BUILD and BUILD % DAY == 0
