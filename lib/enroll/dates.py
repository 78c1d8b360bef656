"""The Gregorian calendar in Unix seconds: the same on every port, whatever its epoch and the width of its words."""

import time

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_MONTHS = const(" Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ")
_Y2000 = const(946684800)  # Unix seconds of the epoch that some ports count from


def days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date of the Gregorian calendar; `month` from 0, `day` from 1."""
    if month < 2:  # a year that begins in March has its leap day at the end
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 304) // 5 + day - 719469


def civil(unix: int) -> tuple[int, int, int]:
    """(year, month from 0, day of the year from 0) in UTC of `unix` seconds, whatever the epoch of this port is."""
    today = unix // 86400
    year = 1970 + today // 366
    while days(year + 1, 0, 1) <= today:
        year += 1
    month = 11
    while days(year, month, 1) > today:
        month -= 1
    return year, month, today - days(year, 0, 1)


def now() -> int:
    """Unix seconds by this device's own clock, right or wrong, whatever the epoch of this port is."""
    return int(time.time()) + (_Y2000 if time.gmtime(0)[0] == 2000 else 0)


def _start(year: int, month: int, day: int) -> int:
    """Unix seconds at the start of a day (UTC); `month` from 0. Raises ValueError if there is none since 1970."""
    unix = days(year, month, day) * 86400
    if unix < 0 or civil(unix)[:2] != (year, month):
        raise ValueError
    return unix


def iso_date(value: str) -> int:
    """Unix seconds at the start of "YYYY-MM-DD" (UTC), 1970 or later. Raises ValueError."""
    year, month, day = map(int, value.split("-"))
    if len(value) != 10:
        raise ValueError
    return _start(year, month - 1, day)


def http_date(value: str, near: int) -> int | None:
    """Unix seconds of an HTTP date (RFC 9110, 5.6.7), 1970 or later, or None if it is none.

    "Sun, 06 Nov 1994 08:49:37 GMT", or as old servers write it: "Sunday, 06-Nov-94 08:49:37 GMT" and
    "Sun Nov  6 08:49:37 1994". `near`: Unix seconds. Of the years that two digits may stand for it is the last one
    that is not more than fifty years after `near`.
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
