"""Ways in which real servers, balancers and portals spoil a good answer: each has a name and at most one value.

A fault names them in its ``shape``: ``"long-head=32768,gzip"`` does both, in this order.
"""

from __future__ import annotations

import dataclasses
import email.utils
import gzip
import json
import textwrap
import time
from collections.abc import Callable
from typing import Any

from .errors import SandboxError
from .services.base import Answer

HELP_WIDTH = 76  # columns of a line in a command's help
_ITEM = {"id": 1000, "name": "feature", "enabled": True}

# What a client meets on a connection that a balancer has forgotten: no answer, a RST, or a close right after the last
# answer, which may cross the next request.
FORGOTTEN = ("silent", "reset", "close")

_PORTAL = b"""<!DOCTYPE html>
<html><head><title>Welcome</title><meta http-equiv="refresh" content="0; url=http://portal.invalid/login"></head>
<body><h1>Welcome to the guest network</h1><p>Accept the terms of use to go on.</p></body></html>
"""


@dataclasses.dataclass(frozen=True)
class Moment:
    """The request that is answered: its method, and the Unix seconds."""

    method: str
    now: float


@dataclasses.dataclass(frozen=True)
class Shape:
    """A shape: what it does to an answer, its default value, and which other values are valid.

    Without ``change`` the shape applies to the connection, not to the answer; see Site.
    """

    text: str
    default: str = ""
    allowed: Callable[[str], bool] | None = None
    change: Callable[[Answer, str, Moment], Answer] | None = None


def _is_size(value: str) -> bool:
    return value.isascii() and value.isdigit() and int(value) <= 1 << 20


def _is_charset(value: str) -> bool:
    try:
        return bool(" é ".encode(value))
    except (LookupError, UnicodeError):
        return False


def _json_object(answer: Answer) -> dict[str, Any] | None:
    """The JSON object in an answer's body, or None."""
    try:
        value = json.loads(answer.body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _no_brace(answer: Answer, value: str, moment: Moment) -> Answer:
    whole = _json_object(answer) is not None
    return dataclasses.replace(answer, body=answer.body.rstrip()[:-1]) if whole else answer


def _long_body(answer: Answer, value: str, moment: Moment) -> Answer:
    content = _json_object(answer)
    if content is None:
        return answer
    room = int(value) - len(answer.body) - len(', "features": []')
    count = max(0, room // len(json.dumps([_ITEM, _ITEM])[len(json.dumps(_ITEM)) :]))
    body = json.dumps({"features": [_ITEM] * count, **content}).encode()
    # White space in front is JSON, too.
    return dataclasses.replace(answer, body=b" " * (int(value) - len(body)) + body)


def _charset(answer: Answer, value: str, moment: Moment) -> Answer:
    content = _json_object(answer)
    if content is None:
        return answer
    body = json.dumps({"greeting": "café", **content}, ensure_ascii=False).encode(value, "replace")
    return dataclasses.replace(answer, body=body, content_type=f"application/json; charset={value}")


def _gzip(answer: Answer, value: str, moment: Moment) -> Answer:
    headers = {**answer.headers, "Content-Encoding": "gzip"}
    return dataclasses.replace(answer, body=gzip.compress(answer.body), headers=headers) if answer.body else answer


def _long_head(answer: Answer, value: str, moment: Moment) -> Answer:
    # One line of half the size, and up to 80 of the rest; clients count lines, too.
    size = int(value)
    headers = {"Content-Security-Policy": "default-src " + "x" * (size // 2)}
    lines = min(80, size // 400)
    for number in range(lines):
        headers[f"X-Trace-{number:02}"] = "t" * (size // 2 // lines - len("X-Trace-00: \r\n"))
    return dataclasses.replace(answer, headers={**headers, **answer.headers})


def _portal(answer: Answer, value: str, moment: Moment) -> Answer:
    return Answer(int(value), _PORTAL, "text/html; charset=utf-8")


_DATES: dict[str, Callable[[Moment], str]] = {
    "imf-fixdate": lambda moment: email.utils.formatdate(moment.now, usegmt=True),
    "rfc850": lambda moment: time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(moment.now)),
    "asctime": lambda moment: time.asctime(time.gmtime(moment.now)),
    "get-only": lambda moment: email.utils.formatdate(moment.now, usegmt=True) if moment.method == "GET" else "",
    "none": lambda moment: "",
}


def _date(answer: Answer, value: str, moment: Moment) -> Answer:
    # Site leaves an empty Date out.
    return dataclasses.replace(answer, headers={**answer.headers, "Date": _DATES[value](moment)})


SHAPES = {
    "no-brace": Shape("JSON without its last brace, and a length that agrees", change=_no_brace),
    "long-body": Shape("JSON of this many bytes, padded by a list of objects in front", "8192", _is_size, _long_body),
    "charset": Shape("JSON in another charset, with a letter beyond ASCII", "iso-8859-1", _is_charset, _charset),
    "gzip": Shape("Content-Encoding: gzip, whether asked for or not", change=_gzip),
    "long-head": Shape("a head of this many bytes, needed headers last", "16384", _is_size, _long_head),
    "portal": Shape(
        "the HTML page of a captive portal with this status; the service never sees the request",
        "511",
        lambda value: value in ("200", "403", "511"),
        _portal,
    ),
    "date": Shape(f"Date as one of {', '.join(_DATES)}", "rfc850", lambda value: value in _DATES, _date),
    "early": Shape("the answer and the close come before the request's body is read; needs a status or portal"),
    "forget": Shape(
        f"the connection is kept, but is not there for the next request: {', '.join(FORGOTTEN)}",
        "silent",
        lambda value: value in FORGOTTEN,
    ),
    "reset": Shape("a RST right after the answer instead of an orderly close"),
}


def parse(text: str) -> dict[str, str]:
    """The names and values in a fault's ``shape``, in order. Raises SandboxError."""
    found: dict[str, str] = {}
    for item in filter(None, text.split(",")):
        name, sign, value = item.strip().partition("=")
        shape = SHAPES.get(name)
        if shape is None:
            raise SandboxError(f"unknown shape {name!r} (known: {', '.join(SHAPES)})")
        if sign and (shape.allowed is None or not shape.allowed(value)):
            raise SandboxError(f"shape {name} does not take the value {value!r}")
        found[name] = value if sign else shape.default
    return found


def apply(chosen: dict[str, str], answer: Answer, moment: Moment) -> Answer:
    """The answer in the chosen shapes."""
    for name, value in chosen.items():
        change = SHAPES[name].change
        if change is not None:
            answer = change(answer, value, moment)
    return answer


def summary() -> str:
    """All shapes, a line each, for a command's help."""
    lines = [f"{name}{'=' + shape.default if shape.default else ''}: {shape.text}" for name, shape in SHAPES.items()]
    # click keeps the lines of a paragraph that begins with a backspace as they are.
    return "\b\n" + "\n".join(textwrap.fill(line, HELP_WIDTH, subsequent_indent="    ") for line in lines)
