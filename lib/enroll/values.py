"""Values that only some enroll.json have: schema.py imports this where there is one, and Config unloads it."""

from binascii import unhexlify

from .config import Secret, unload
from .schema import convert, fields

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_RETRY = const("first-s cap-s renew-s")
_NETWORK = const("ssid-W password-K ip-5 gateway-4 dns-4")


def rare(value: "Any", kind: str) -> "Any":
    """`value` as it is kept, if it is what the letter `kind` says: one that `schema.convert` leaves to this module.

    Raises ValueError, TypeError or AttributeError; EnrollError where a mistake is further inside.
    """
    good: Any = True
    if kind == "t":
        good = isinstance(value, bool)
    elif kind in "ns":
        good = not isinstance(value, bool) and (-24 < value < 24 if kind == "n" else 1 <= value <= 86400)
    elif kind in "45":
        from .ipv4 import address

        address(value if kind == "5" else value + "/1")
    elif kind == "Y":
        from .httpdate import iso_date

        value = iso_date(value)
        unload("httpdate")
    elif kind == "S":
        before, nvs, name = value.partition("/nvs/")
        good = value[:4] != "nvs:" and (before or not nvs or 0 < len(name.partition("/")[0]) < 16)
    elif kind == "R":
        value = _retry(fields(convert(value, "{"), _RETRY, "retry"))
    elif kind in "HLO":
        good = isinstance(value, list) and (value or kind != "H")
        value = [convert(item, "h" if kind == "H" else "{") for item in value]
        if kind == "L":
            value = [_network(item) for item in value]
            unload("ipv4")
    else:
        raw = value.encode()
        if kind == "W":
            good = 0 < len(raw) < 33 and min(raw)
        else:
            good = min(raw) > 31 and (7 < len(raw) < 64 or len(unhexlify(raw)) == 32)
            value = Secret(value)
    if good:
        return value
    raise ValueError


def _retry(found: dict) -> tuple[float, float, float]:
    """(first, cap, renew) in seconds. Raises EnrollError("configuration")."""
    first = found["first"] or 5
    cap = found["cap"] or max(900, first)
    if cap < first:
        from .mistakes import wrong

        raise wrong("retry.cap` wants at least `retry.first`")
    return first, cap, found["renew"] or 28800


def _network(item: dict) -> dict:
    """A network as the port's `connect` takes it. Raises EnrollError("configuration")."""
    found = fields(item, _NETWORK, "network")
    if found["gateway"] or found["dns"] or not found["ssid"]:
        from .ipv4 import suits

        if not suits(found):
            from .mistakes import wrong

            raise wrong("network` wants `ssid`, or `ip` for Ethernet; `gateway` and `dns` want `ip`, and its subnet")
    return found
