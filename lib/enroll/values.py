"""Checks values that few enroll.json have. schema.py loads this module when it meets one; Config unloads it."""

from binascii import a2b_base64, b2a_base64

from . import schema
from .config import Secret
from .url import quote, split

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_RETRY = const("first-s cap-s renew-s")


def convert(value: "Any", kind: str) -> "Any":
    """The same as `schema.convert`, for the letters that it leaves to this module; `kind` is the letter.

    Raises ValueError, TypeError or AttributeError; EnrollError("configuration") for a mistake inside an object.
    """
    good: Any = True
    if kind == "t":
        good = isinstance(value, bool)
    elif kind in "ns":
        good = not isinstance(value, bool) and (-24 < value < 24 if kind == "n" else 1 <= value <= 86400)
    elif kind == "B":
        raw = value.encode()
        good = raw and b2a_base64(a2b_base64(raw)).strip() == raw  # MicroPython ignores invalid characters
        value = Secret(value)
    elif kind == "D":
        good = value and quote(value) == value
    elif kind == "/":
        good = value.startswith("/") and split("http://host" + value)
    elif kind in "45":
        from .ipv4 import address

        address(value if kind == "5" else value + "/1")
    elif kind == "Y":
        from .httpdate import iso_date

        value = iso_date(value)
    elif kind == "S":
        before, nvs, name = value.partition("/nvs/")
        good = value[:4] != "nvs:" and (before or not nvs or 0 < len(name.partition("/")[0]) < 16)
    elif kind == "R":
        value = _retry(schema.fields(value, _RETRY, "retry"))
    else:
        good = isinstance(value, list) and (value or kind == "O")
        value = [schema.convert(item, ord("{" if kind == "O" else "h")) for item in value]
    if good:
        return value
    raise ValueError


def _retry(found: dict) -> tuple[float, float, float]:
    """(first, cap, renew) in seconds, with defaults for what `found` lacks. Raises EnrollError("configuration")."""
    first = found["first"] or 5
    cap = found["cap"] or max(900, first)
    if cap < first:
        from .mistakes import wrong

        raise wrong("retry.cap` must be at least `retry.first`")
    return first, cap, found["renew"] or 28800
