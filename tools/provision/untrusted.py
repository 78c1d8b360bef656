"""Text from a board, a server, a certificate or a table: made harmless before it is shown or written anywhere."""

from __future__ import annotations

import re
from typing import Any

LIMIT = 300  # characters that are shown of a text from outside
_COLOUR = re.compile("\x1b\\[[0-9;]*m")  # ESP-IDF colours its log lines
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet run a cell


def printable(text: object) -> str:
    """`text` in one line, with a question mark for whatever is not printable: C0, C1, DEL, marks that turn the
    direction of writing, lone surrogates, characters without a meaning. Blanks of any kind become plain blanks."""
    shown = _COLOUR.sub("", str(text))
    return "".join(it if it.isprintable() else " " if it.isspace() else "?" for it in shown)


def cut(text: str, limit: int = LIMIT) -> str:
    """`text`, or its beginning and three dots where it has more than `limit` characters."""
    return text if len(text) <= limit else text[: max(0, limit - 3)] + "..."


def clean(text: object, limit: int = LIMIT) -> str:
    """`text` as it may be printed, written to a file or put into JSON, in at most `limit` characters."""
    return cut(printable(str(text)[: 16 * limit]), limit)  # a board may send megabytes


def cleaned(value: Any, limit: int = LIMIT) -> Any:
    """`value`, parsed JSON, with every text in it clean."""
    if isinstance(value, str):
        return clean(value, limit)
    if isinstance(value, dict):
        return {clean(name, limit): cleaned(item, limit) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(item, limit) for item in value]
    return value


def cell(text: object, limit: int = LIMIT) -> str:
    """`text` for a spreadsheet: clean, and with an apostrophe before what would be taken for a formula."""
    shown = clean(text, limit)
    return f"'{shown}" if str(text).startswith(FORMULA) or shown.lstrip().startswith(FORMULA) else shown
