"""When to try again: pure arithmetic (full jitter, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015)."""

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_DAY = const(86400)


def after(value: str, now: int) -> int | None:
    """Seconds that a Retry-After header (RFC 9110, 10.2.3) asks to wait from `now`, Unix seconds; None if malformed."""
    if value.encode().isdigit():  # only ASCII digits
        return int(value[:9])
    from .httpdate import http_date

    date = http_date(value, now)
    return None if date is None else date - now


def delay(count: int, first: float, cap: float, chance: float, final: bool = False, after: int | None = None) -> float:
    """Seconds to wait after the `count`-th failure in a row (1, 2, ...).

    `first`, `cap`: seconds; the longest wait doubles with each failure, from `first` up to `cap`. `chance`: a random
    number, 0 <= chance < 1. `final`: the service refused, so wait between half of `cap` and `cap`. `after`: seconds
    that the server asked for, or None; obeyed up to a day, plus jitter: a fleet must not return all at once.
    """
    asked = min(after, _DAY) + chance * first if after and after > 0 else 0
    if final:
        return max(asked, cap * (1 + chance) / 2)
    return asked or chance * min(cap, first * (1 << min(count - 1, 17)))
