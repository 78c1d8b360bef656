"""Reads enroll.json: all JSON that RFC 8259 allows, and nothing else.

MicroPython's json is not enough. Up to 1.25 it accepts JSON without commas, colons and braces; no version says where a
mistake is, and none joins a surrogate pair of two escapes. Config unloads this module after use.
"""

from .errors import EnrollError

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_VALUE = const(b'"{[-0123456789tfn')  # the first byte of a value


def _next(raw: bytes, at: int, marks: bytes) -> int:
    """The index in `raw`, from `at` on, of the first byte that is not blank. Raises ValueError(index) if that byte is
    not one of `marks`.
    """
    while raw[at] in b" \t\r\n":
        at += 1
    if raw[at] not in marks:
        raise ValueError(at)
    return at


def _value(raw: bytes, at: int) -> "tuple[Any, int]":
    """The JSON value (RFC 8259) in `raw` from `at` on, and the index after it. `raw` must not end with the value.

    Raises ValueError(index) if it is not JSON, KeyError(key, index) for a duplicate key, RuntimeError if it is nested
    too deeply.
    """
    at = _next(raw, at, _VALUE)
    first = raw[at]
    if first in b"{[":
        found: Any = {} if first == 0x7B else []
        more = b'"' if first == 0x7B else _VALUE
        close = first + 2
        at = _next(raw, at + 1, more + bytes([close]))
        while raw[at] != close:
            item, end = _value(raw, at)
            if first == 0x7B:
                if item in found:
                    raise KeyError(item, at)
                found[item], end = _value(raw, _next(raw, end, b":") + 1)
            else:
                found.append(item)
            at = _next(raw, end, bytes([0x2C, close]))
            if raw[at] == 0x2C:
                at = _next(raw, at + 1, more)
        return found, at + 1
    end = raw.find(b'"', at + 1)
    text = raw[at + 1 : end]
    if first == 0x22 and end > 0 and text and b"\\" not in text and min(text) > 31 and max(text) < 128:
        return str(text, "utf-8"), end + 1
    from . import scalars

    return scalars.parse(raw, at)


def parse(path: str) -> "Any":
    """The JSON in the file at `path`, with or without a byte-order mark. A duplicate key is a mistake.

    Raises EnrollError("configuration") that names the line.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read() + b"\0"
    except OSError as error:
        raise EnrollError("configuration", "%s cannot be read" % path, error=error)
    try:
        data, at = _value(raw, 3 if raw[:3] == b"\xef\xbb\xbf" else 0)
        at = _next(raw, at, b"\0")
        if at == len(raw) - 1:
            return data
        raise ValueError(at)
    except (ValueError, KeyError, RuntimeError) as error:
        from .mistakes import unreadable

        raise unreadable(path, raw, error)


def read(path: str) -> "Any":
    """The JSON in the file at `path`; if power failed while it was written, that in its intact copy, see rewrite.py.

    Raises EnrollError("configuration") as `parse` does.
    """
    try:
        return parse(path)
    except EnrollError as error:
        try:
            return parse(path + ".whole")
        except EnrollError:
            raise error
