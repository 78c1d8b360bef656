"""OAuth: an answer with a code whose fields are not as most servers send them. Loaded only then."""

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_INTERVAL = const(5)  # seconds between two requests, where the answer gives none (RFC 8628, 3.2)


def check(found: dict) -> None:
    """Correct the address and the interval in `found`, the answer; an interval that is no number counts as none."""
    found.setdefault("verification_uri", found.get("verification_url"))  # Google's
    seconds = _INTERVAL
    try:
        seconds = int(found.get("interval") or _INTERVAL)
    except (TypeError, ValueError, OverflowError):  # the last: 1e999 is infinity
        pass
    found["interval"] = seconds
