"""Mutated valid input, the same from a seed on every runtime."""

import json

WORDS = rb"""
null true false NaN Infinity -Infinity -0 1e999 -1e999 1e-999 0.1 2147483648 4294967296 -1 0 65536 1073741824 1_0 0x10
9223372036854775808 123456789012345678901234567890 \ud800 \u0000 \udfff\ud800 "" " { } [ ] [] {} : , ' // \ @ # ? % %00
:// http:// https:// Content-Length: Transfer-Encoding:chunked Retry-After: Date: HTTP/1.1 100 204 304 200 Sun, GMT ;
""".split()
WORDS += [b"\xff", b"\xc3\xa9", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\0", b"\x7f", b"\r\n", b"\n"]
WORDS += [
    b"\r\n\r\n",
    b" ",
    b"\t",
    b"\r",
    b"[" * 3000,
    b"[" * 700 + b"]" * 700,
    b'{"a":' * 2000,
    b"9" * 400,
    b"x" * 5000,
]

VALUES = [None, True, False, 0, -1, 1, 0.5, -0.0, 23.9, 1 << 30, 1 << 31, 1 << 63, -(1 << 64), 10**40, 10**400, 86400]
VALUES += [float("inf"), float("-inf"), float("nan"), 86401, 1e300, "", " ", "a", "a\nb", "a\0b", "\r\n", "\t", "\x7f"]
VALUES += ["é", "\ufeff", "x" * 101, "x" * 3000, "1", "0", "*", "2017-02-30", "2400-01-01", "9999-12-31", "{}", "null"]
VALUES += ["http://", "https://h", "http://h:99999", "http://h:x", "h:0", "[1]", [], [[]], [None], ["h"], ["h:1", 5]]
VALUES += [[{}], {}, {"a": {}}, {"": 1}, [{"ssid": 5}], {"first": 0}, {"cap": "x"}, {"code": "0"}, {"id": 1}, "\ud800"]


TEXTS = [value for value in VALUES if isinstance(value, str)]

# Members of an object that JSON has not but MicroPython takes, or that are nested too deep to be written again.
MEMBERS = (b"1: 2", b"null: 1", b'"a": ' + b"[" * 900 + b"]" * 900, b'"a" "b"', b'"provider": "xyte"')


def nested(value, depth):
    for _ in range(depth):
        value = [value]
    return value


def odd_value(chance):
    """A JSON value that stands where another one belongs."""
    return nested(None, 5 * chance.below(200)) if chance.below(40) == 0 else chance.one(VALUES)


def odd_object(chance, value, depth=0):
    """A copy of the JSON `value` in which a place or two hold something else."""
    if chance.below(6) == 0 and depth:
        return odd_value(chance)
    if isinstance(value, dict):
        value = dict(value)
        if value and chance.below(8):
            key = chance.one(sorted(value))
            value[key] = odd_object(chance, value[key], depth + 1)
        if chance.below(6) == 0 and value:
            del value[chance.one(sorted(value))]
        if chance.below(8) == 0:
            value[chance.one(("", "a\nb", "é", "url", "serial", "x" * 200))] = odd_value(chance)
        return value
    if isinstance(value, list) and value:
        return [odd_object(chance, item, depth + 1) for item in value] * (1 + chance.below(3))
    if isinstance(value, str) and chance.below(2):
        return chance.one(TEXTS)
    return odd_value(chance) if chance.below(3) else value


def odd_bytes(chance, data, others):
    """`data` with one to four changes: flipped bits, cut, repeated, spliced with another input, odd words put in."""
    for _ in range(1 + chance.below(4)):
        start = chance.below(len(data) + 1)
        end = start + chance.below(min(len(data) - start, 40) + 1)
        what = chance.below(7)
        if what == 0 and start < len(data):
            data = data[:start] + bytes([data[start] ^ 1 << chance.below(8)]) + data[start + 1 :]
        elif what == 1:
            data = data[:start]
        elif what == 2:
            data = data[:start] + data[end:]
        elif what == 3:
            data = data[:end] + data[start:end] * chance.below(30) + data[end:]
        elif what == 4:
            other = chance.one(others)
            data = data[:start] + other[chance.below(len(other) + 1) :]
        elif what == 5:
            data = data[:start] + chance.one(WORDS) + data[end:]
        else:
            data = data[:start] + bytes([chance.below(256) for _ in range(end - start)]) + data[end:]
    return data[:20000]


def odd_json(chance, value, others):
    """JSON that is nearly `value`, or nearly JSON."""
    if chance.below(2):
        value = odd_object(chance, value)
    try:
        text = json.dumps(value).encode()
    except (ValueError, RuntimeError):  # half a character; nested too deep
        text = b"{}"
    if chance.below(12) == 0 and text[-1:] == b"}":
        return text[:-1] + b", " + chance.one(MEMBERS) + b"}"
    return odd_bytes(chance, text, others) if chance.below(3) else text
