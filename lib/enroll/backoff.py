"""When to try again: arithmetic alone (full jitter, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015)."""

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_DAY = const(86400)


def after(value: str, now: int) -> int | None:
    """Seconds that a Retry-After header (RFC 9110, 10.2.3) asks for at `now`, Unix seconds; None for nonsense."""
    if value.encode().isdigit():  # ASCII alone
        return int(value[:9])
    from .httpdate import http_date

    date = http_date(value, now)
    return None if date is None else date - now


def delay(count: int, first: float, cap: float, chance: float, final: bool = False, after: int | None = None) -> float:
    """Seconds to wait after the `count`-th failure in a row (1, 2, ...).

    `first`, `cap`: seconds; the span doubles from one to the other. `chance`: a random number from 0 up to 1. `final`:
    the service said no, so ask slowly: between half of `cap` and `cap`. `after`: what the server asked for, in
    seconds; obeyed up to a day, with jitter on top so that a fleet does not come back as one.
    """
    asked = min(after, _DAY) + chance * first if after and after > 0 else 0
    if final:
        return max(asked, cap * (1 + chance) / 2)
    return asked or chance * min(cap, first * (1 << min(count - 1, 17)))
