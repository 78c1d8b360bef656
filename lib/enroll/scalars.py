"""Reads numbers, true, false, null, and strings that are not plain ASCII. reader.py loads this module to read one."""

import json
import re

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_NUMBER = const(rb"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$")
_ESCAPES = const(b'u"\\/bfnrt')
_ESCAPED = const(b'u"\\/\b\f\n\r\t')


def _text(raw: bytes, at: int) -> "tuple[str, int]":
    """The string in `raw` whose first byte after the quote is at `at`, and the index after it. Raises ValueError."""
    text = bytearray()
    while True:
        mark = raw[at]
        at += 1
        if mark == 0x22:
            return str(text, "utf-8"), at
        if mark < 32:
            raise ValueError
        if mark == 0x5C:
            kind = _ESCAPES.index(raw[at : at + 1])
            at += 1
            mark = _ESCAPED[kind]
            if not kind:
                code = int(raw[at : at + 4], 16)
                if code >> 11 == 0x1B:  # half of a surrogate pair (RFC 8259, 7)
                    low = int(raw[at + 6 : at + 10], 16) - 0xDC00
                    if code > 0xDBFF or raw[at + 4 : at + 6] != b"\\u" or low >> 10:
                        raise ValueError
                    code = 0x10000 + (code - 0xD800 << 10) + low
                    at += 6
                at += 4
                text.extend(chr(code).encode())
                continue
        text.append(mark)


def parse(raw: bytes, at: int) -> "tuple[Any, int]":
    """The JSON value in `raw` that begins at `at`, and the index after it. Raises ValueError(at) if it is not JSON."""
    end = at
    try:
        if raw[at] == 0x22:
            return _text(raw, at + 1)
        while raw[end] not in b" \t\r\n,]}\0":
            end += 1
        word = raw[at:end]
        if word in (b"true", b"false", b"null") or re.match(_NUMBER, word):
            return json.loads(word), end
        raise ValueError
    except ValueError:
        raise ValueError(at)
