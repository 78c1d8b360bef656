"""The Gregorian calendar in Unix seconds: the same on every port, whatever its epoch and the width of its words."""

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_MONTHS = const("JanFebMarAprMayJunJulAugSepOctNovDec")


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


def iso_date(value: str) -> int:
    """Unix seconds at the start of "YYYY-MM-DD" (UTC), 1970 or later. Raises ValueError."""
    year, month, day = map(int, value.split("-"))
    unix = days(year, month - 1, day) * 86400
    if len(value) != 10 or unix < 0 or civil(unix)[:2] != (year, month - 1):
        raise ValueError
    return unix


def http_date(value: str) -> int | None:
    """Unix seconds of an HTTP date, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), or None if it is none."""
    try:
        month = _MONTHS.index(value[8:11])
        hour, minute, second = map(int, value[17:25].split(":"))
        return ((days(int(value[12:16]), month // 3, int(value[5:7])) * 24 + hour) * 60 + minute) * 60 + second
    except ValueError:
        return None
