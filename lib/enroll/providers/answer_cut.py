"""Reads damaged JSON in an answer: its end is missing, its charset is wrong, or there is something around it.

The answer may contain what the service tells only once. So every value in it that is complete counts.
"""

import json

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_LONG = const(8192)  # bytes of the longest answer
_DEEP = const(32)  # levels of nesting; deeper values could be read, but not written again


def _unpacked(raw: bytes) -> bytes:
    """`raw`, decompressed if it is gzip or zlib, which some servers send unasked. JSON never begins like these."""
    if raw[:1] not in (b"\x1f", b"\x78"):
        return raw
    from ..inflate import inflate

    return inflate(raw, _LONG)


def page(raw: bytes) -> bool:
    """Whether `raw` is HTML without JSON in it."""
    raw = _unpacked(raw)
    return raw.lstrip()[:1] == b"<" and b'":' not in raw


def load(raw: bytes):
    """The JSON object in `raw`, with the values that are complete; None if there is none."""
    raw = _unpacked(raw)
    if 0 in raw[:4]:
        raw = raw.replace(b"\0", b"")  # UTF-16: the fields that matter are ASCII
    text = bytearray(_whole(raw))
    try:
        try:
            return json.loads(bytes(text))
        except UnicodeError:  # another charset that contains ASCII
            for at in range(len(text)):
                if text[at] > 127:
                    text[at] = 127  # no header can carry it, so a token that contains it is rejected
            return json.loads(bytes(text))
    except ValueError:
        return None


def _whole(raw: bytes) -> bytes:
    """The JSON object in `raw`; b"" if there is none. If its end is missing or too deep, it is closed after the last
    complete value. A value that is cut is left out: half a token is useless.
    """
    start = at = end = raw.find(b"{")
    if start < 0 or b"[" in raw[:start]:
        return b""
    ends = closing = b""  # the brackets that close what is open at `at`, and at `end`
    quoted = value = False
    while at < len(raw):
        byte = raw[at]
        at += 1
        if quoted:
            if byte == 92:  # a backslash
                at += 1
            elif byte == 34:
                quoted = False
                if value:
                    end, closing = at, ends
        elif byte == 34:
            quoted = True
        elif byte == 58:  # a colon
            value = True
        elif byte == 44:  # a comma
            value = ends[:1] == b"]"
            end, closing = at - 1, ends
        elif byte in b"{[":
            value = byte == 91
            ends = bytes((byte + 2,)) + ends
            if ends[_DEEP:]:
                break
        elif byte in b"}]":
            ends = ends[1:]
            end, closing = at, ends
            if not ends:
                break
    return raw[start:end] + closing
