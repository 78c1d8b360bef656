"""What a page says after a form was sent: the browser is sent to the page with a number for the message.

So a reload does not repeat the form, nobody can put words on a page by a link, and what was typed is not in an address.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from ..errors import SandboxError

KEPT = 100  # messages that no page has shown yet; the oldest are forgotten
PARAMETER = "m"  # of a page's address: the message to show


@dataclasses.dataclass(frozen=True)
class Message:
    """A sentence, and the values that an operation has returned. An error has the operation (``form``) with what was
    ``typed``, so that the form keeps it. ``place``: the part of the page that shows it, "" for the top."""

    text: str
    good: bool = True
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    form: str = ""
    place: str = ""
    typed: Mapping[str, str] = dataclasses.field(default_factory=dict)


class Messages:
    """The messages on their way to a page."""

    def __init__(self) -> None:
        self._kept: dict[str, Message] = {}

    def send(self, page: str, message: Message) -> str:
        """Keep a message, and return the address that shows it on a page."""
        number = secrets.token_urlsafe(12)
        self._kept[number] = message
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return with_query(page, **{PARAMETER: number}) + "#message"

    def take(self, number: str) -> Message | None:
        """A message, once."""
        return self._kept.pop(number, None)


def with_query(address: str, **changes: str) -> str:
    """A page's address with some parameters changed; an empty one is left out, and so is the message's number."""
    path, _, query = address.partition("?")
    pairs = {**dict(parse_qsl(query)), PARAMETER: "", **changes}
    kept = urlencode({name: value for name, value in pairs.items() if value}, errors="replace")
    return path + ("?" + kept if kept else "")


def sentence(error: SandboxError) -> str:
    """What an operation has refused, as a sentence."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def whole(text: str) -> int:
    """A number in an address, or an id of an event; 0 if it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def local_page(address: str) -> str:
    """The address if it is one of a page of the console, else that of the start page."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    good = not parts.scheme and not parts.netloc and address.startswith("/") and address.isascii()
    bad = address[1:2] in ("/", "\\") or not address.isprintable() or "#" in address
    return address if good and not bad else "/"
