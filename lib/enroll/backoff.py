"""When to try again: pure arithmetic."""

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_DAY = const(86400)


def after(headers: dict, now: int) -> int | None:
    """Seconds that the Retry-After in `headers` (RFC 9110, 10.2.3) asks to wait; None if there is none or malformed.

    A date counts from the Date of the same answer: no two clocks agree. Without a Date it counts from `now`, Unix
    seconds.
    """
    value = headers.get("retry-after", "")
    if value.encode().isdigit():  # only ASCII digits
        return int(value[:9])
    from .httpdate import http_date

    date = http_date(value, now)
    return None if date is None else max(0, date - (http_date(headers.get("date", ""), now) or now))


def delay(
    count: int,
    first: float,
    cap: float,
    chance: float,
    final: bool = False,
    after: int | None = None,
    quick: bool = False,
) -> float:
    """Seconds to wait after the `count`-th failure in a row (1, 2, ...). `count` 0 or less: nobody knows how many.

    `first`, `cap`: seconds. The longest wait is `first`, then nine times the one before, up to half of `cap`; the
    shortest is the longest one before, and at most three quarters of that half. So a million devices that failed in the
    same second return neither in the same minute nor much later than the service could have taken them: docs/storm.md
    compares schedules. `chance`: a random number, 0 <= chance < 1.

    `final`: the service refused, so wait between half of `cap` and `cap`. `after`: seconds that the server asked for,
    or None; obeyed up to a day, and spread over as much again, `cap` at most. `quick`: the failure cost the service
    nothing, so the longest wait only doubles, up to `cap`, and the shortest is 0.
    """
    low: float = 0
    high = cap
    if final:
        low = cap / 2
    elif count > 0 and quick:
        high = min(cap, first * (1 << min(count - 1, 17)))
    elif count > 0:
        high = min(first, cap / 2)
        for _ in range(min(count, 7) - 1):  # nothing changes later: 9 ** 5 seconds are more than half of any `cap`
            low = min(high, cap * 3 / 8)
            high = min(high * 9, cap / 2)
    asked = min(max(0, after or 0), _DAY)
    return max(asked + chance * min(asked, cap), low + chance * (high - low))
