"""An answer whose JSON is not as it should be: its end is missing, another charset, something around it.

It may hold what the service tells only once, so that what has come whole of it is taken.
"""

import json

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_LONG = const(8192)  # bytes of the longest answer
_DEEP = const(32)  # levels; deeper ones could be read, but not written again


def _unpacked(raw: bytes) -> bytes:
    """`raw`, inflated where it is in gzip or zlib, though `identity` was asked for; no JSON begins like these."""
    if raw[:1] not in (b"\x1f", b"\x78"):
        return raw
    from ..inflate import inflate

    return inflate(raw, _LONG)


def page(raw: bytes) -> bool:
    """Whether `raw` is HTML without JSON in it."""
    raw = _unpacked(raw)
    return raw.lstrip()[:1] == b"<" and b'":' not in raw


def load(raw: bytes):
    """The JSON object in `raw`, as far as it came; None if there is none."""
    raw = _unpacked(raw)
    if 0 in raw[:4]:
        raw = raw.replace(b"\0", b"")  # UTF-16: what is needed of it is ASCII
    text = bytearray(_whole(raw))
    try:
        try:
            return json.loads(bytes(text))
        except UnicodeError:  # another charset, which has ASCII in it
            for at in range(len(text)):
                if text[at] > 127:
                    text[at] = 127  # no header takes it: a token with it is no token
            return json.loads(bytes(text))
    except ValueError:
        return None


def _whole(raw: bytes) -> bytes:
    """The JSON object in `raw`, closed after its last whole value if its end is missing or is too deep; b"" if there is
    none. What is cut in its middle is left out: half a token is no token.
    """
    start = at = end = raw.find(b"{")
    if start < 0 or b"[" in raw[:start]:
        return b""
    ends = closing = b""  # what closes all that is open at `at`, and at `end`
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
