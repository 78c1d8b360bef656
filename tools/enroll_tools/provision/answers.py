"""What a board may answer: every answer is checked against a shape, here and nowhere else, before anything uses it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .untrusted import LIMIT

ITEMS = 2000  # of a list or a dictionary
FRAMES = 2000  # characters of a traceback
Shape = Any  # see `fits`


@dataclass(frozen=True)
class Text:
    """The shape of a text: at most `most` characters; if `pattern` is given, all of it must match."""

    most: int = LIMIT
    pattern: str = ""


@dataclass(frozen=True)
class OneOf:
    """The shape of a value that may have any of several shapes."""

    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Each:
    """The shape of a dictionary of any size: one shape for all its keys, one for all its values."""

    name: Shape
    value: Shape


SHA256 = Text(64, "[0-9a-f]{64}")
PATH = Text(LIMIT, "/.*")
ASCII = Text(LIMIT, "[ -~]*")
TRACEBACK = OneOf((Text(FRAMES), None))


def _text(value: str, most: int, pattern: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate, which no file takes
        return False
    return len(value) <= most and (not pattern or re.fullmatch(pattern, value, re.DOTALL) is not None)


def fits(value: Any, shape: Shape) -> bool:
    """Whether `value`, parsed JSON, has the shape `shape`:

    `bool`, `int` (of 64 bits), `str` (as Text()), `object` (anything), "text" (that text), None, Text, OneOf, Each;
    `[shape]`: a list of any length;
    `(shape, shape)`: a list of exactly these; `{"name": shape}`: a dictionary with these names and perhaps others.
    """
    match shape:
        case type():
            return shape is object or _plain(value, shape)
        case str():
            return bool(value == shape)
        case Text():
            return isinstance(value, str) and _text(value, shape.most, shape.pattern)
        case OneOf():
            return any(fits(value, it) for it in shape.shapes)
        case list():
            return isinstance(value, list) and len(value) <= ITEMS and all(fits(it, shape[0]) for it in value)
        case tuple():
            return isinstance(value, list) and len(value) == len(shape) and all(map(fits, value, shape))
    if not isinstance(value, dict) or len(value) > ITEMS:
        return shape is None and value is None
    if isinstance(shape, Each):
        return all(fits(name, shape.name) and fits(it, shape.value) for name, it in value.items())
    return isinstance(shape, dict) and all(name in value and fits(value[name], it) for name, it in shape.items())


def _plain(value: Any, kind: type) -> bool:
    if type(value) is not kind:  # True is an int, too
        return False
    if isinstance(value, int):
        return abs(value) < 1 << 63
    return not isinstance(value, str) or _text(value, LIMIT, "")
