"""The Gregorian calendar in Unix seconds: the same on every port, whatever its epoch and word size."""

import time

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_Y2000 = const(946684800)  # Unix seconds at 2000-01-01, the epoch of some ports


def days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date of the Gregorian calendar; `month` counts from 0, `day` from 1."""
    if month < 2:  # let years begin in March: the leap day is then the last
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 304) // 5 + day - 719469


def civil(now: int) -> tuple[int, int, int]:
    """(year, month from 0, day of the year from 0) in UTC at `now`, Unix seconds."""
    today = now // 86400
    year = 1970 + today // 366
    while days(year + 1, 0, 1) <= today:
        year += 1
    month = 11
    while days(year, month, 1) > today:
        month -= 1
    return year, month, today - days(year, 0, 1)


def now() -> int:
    """Unix seconds by the board's own clock, right or wrong, whatever the port's epoch."""
    return int(time.time()) + (_Y2000 if time.gmtime(0)[0] == 2000 else 0)
