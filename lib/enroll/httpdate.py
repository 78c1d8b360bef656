"""Dates as HTTP (RFC 9110, 5.6.7) and enroll.json write them. Loaded only to read or write one."""

from .calendar import civil, days

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_MONTHS = const(" Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ")


def _start(year: int, month: int, day: int) -> int:
    """Unix seconds at the start of a day (UTC); `month` from 0. Raises ValueError before 1970 and for no date."""
    unix = days(year, month, day) * 86400
    if unix < 0 or civil(unix)[:2] != (year, month):
        raise ValueError
    return unix


def iso_date(value: str) -> int:
    """Unix seconds at the start of "YYYY-MM-DD" (UTC), 1970 or later. Raises ValueError."""
    if len(value) != 10 or value[4] != "-":  # before the calendar counts to the year 999999
        raise ValueError
    year, month, day = map(int, value.split("-"))
    unix = _start(year, month - 1, day)
    if iso_time(unix)[:10] != value:  # spelled in another way
        raise ValueError
    return unix


def iso_time(now: int) -> str:
    """`now`, Unix seconds, as ISO 8601 in UTC: "2017-02-02T12:00:00Z"."""
    year, month, day = civil(now)
    day += days(year, 0, 1) - days(year, month, 1) + 1
    clock = now // 3600 % 24, now // 60 % 60, now % 60
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % ((year, month + 1, day) + clock)


def http_date(value: str, near: int) -> int | None:
    """Unix seconds of an HTTP date (RFC 9110, 5.6.7), or None if `value` is not one or is before 1970.

    Reads "Sun, 06 Nov 1994 08:49:37 GMT" and the forms of old servers: "Sunday, 06-Nov-94 08:49:37 GMT" and
    "Sun Nov  6 08:49:37 1994". `near`: Unix seconds; a two-digit year stands for the last such year that is at most
    fifty years after `near`.
    """
    try:
        words = value.replace("-", " ").split()
        if len(words) == 5:
            words = [words[place] for place in (0, 2, 1, 4, 3)] + ["GMT"]
        _, day, name, year, clock, zone = words
        hour, minute, second = map(int, clock.split(":"))
        if zone != "GMT" or len(clock) != 8 or len(day + year) > 6 or hour > 23 or minute > 59 or second > 60:
            raise ValueError
        seconds = (hour * 60 + minute) * 60 + second
        month = _MONTHS.index(" " + name + " ") // 4
        number = int(year)
        if len(year) == 2:
            number += (civil(near)[0] + 50) // 100 * 100
            if days(number - 50, month, int(day)) * 86400 + seconds > near:
                number -= 100
        return _start(number, month, int(day)) + seconds
    except ValueError:
        return None
