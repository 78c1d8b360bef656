"""Text from a board, a server, a certificate or a table: made harmless before it is shown or written anywhere, and
without the secrets that it may quote."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

LIMIT = 300  # characters that are shown of a text from outside
LEAST = 4  # shortest secret that is hidden: hiding every "1" would hide everything else, too
LEAST_LINE = 8  # characters of one line of a secret that has several
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


def spellings(secret: str) -> set[str]:
    """How `secret` may be spelled where it is quoted: in JSON, as Python and MicroPython print it, in an address."""
    lines = secret.splitlines()
    found = {secret, quote(secret, safe=""), secret.replace("'", "\\'")}
    found |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    found |= {repr(secret)[1:-1], ascii(secret)[1:-1], repr(secret.encode(errors="replace"))[2:-1]}
    found |= {line for line in lines if len(lines) > 1 and len(line) >= LEAST_LINE}
    return {it for it in found | set(map(printable, found)) if len(it) >= LEAST}


class Secrets(set[str]):
    """Texts that are not to be seen."""

    def hide(self, text: object, limit: int = LIMIT) -> str:
        """`text` as it may be printed, with every secret, however spelled, replaced by ***."""
        shown = printable(text)
        for spelling in sorted({it for secret in self for it in spellings(secret)}, key=len, reverse=True):
            shown = shown.replace(spelling, "***")
        return cut(shown, limit)  # not before: half a secret is not found

    def hidden(self, value: Any) -> Any:
        """`value`, parsed JSON, with the secrets hidden in every text."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, dict):
            return {self.hide(name): self.hidden(item) for name, item in value.items()}
        return [self.hidden(item) for item in value] if isinstance(value, list | tuple) else value

    def learn(self, value: Any) -> None:
        """Take in every Secret of the library in `value`, however deep."""
        if hasattr(value, "reveal"):
            self.add(value.reveal())
        elif isinstance(value, Mapping):
            self.learn(list(value.values()))
        elif isinstance(value, list):
            for item in value:
                self.learn(item)
