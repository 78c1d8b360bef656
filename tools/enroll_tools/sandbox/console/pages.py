"""Turns templates into answers: escapes all text, spells out what is not printable, and adds what each page shows."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp_jinja2
import jinja2
from aiohttp import web
from markupsafe import Markup

from ..clock import format_time
from ..errors import NotKept
from .forms import title
from .messages import PARAMETER, Message, Messages, with_query
from .packets import Packets
from .security import Access, is_local
from .words import words

if TYPE_CHECKING:
    from ..server import Sandbox

HERE = Path(__file__).parent
MENU = (
    ("/", "Services"),
    ("/connect", "Connect a board"),
    ("/log", "Log"),
    ("/faults", "Faults"),
    ("/clock", "Clock"),
)
# The message that was taken for a request, or none.
_MESSAGE: web.RequestKey[list[Message]] = web.RequestKey("message", list[Message])


def printable(text: str) -> str:
    """Text with an escape for what moves a cursor, turns the direction of writing or is half of a character; line ends
    stay."""
    if text.isprintable():
        return text
    return "".join(it if it.isprintable() or it == "\n" else _escape(it) for it in text)


def _escape(character: str) -> str:
    return " " if character.isspace() and character > "\x7f" else character.encode("unicode_escape").decode()


def _finalize(value: object) -> object:
    """What each expression of a template goes through."""
    return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def breakable(text: str) -> Markup:
    """An address that breaks before a part of it, not within a word."""
    return Markup("<wbr>").join(re.split(r"(?<=[^/:])(?=/)|(?=[?&])", printable(text)))


def _device(service: str, identity: str) -> str:
    """The address of a device's page."""
    return f"/services/{service}/device?" + urlencode({"id": identity}, errors="replace")


def _mark(*parts: str) -> str:
    """An element's id, made of what it is about."""
    return "x" + hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def _when(seconds: float) -> str:
    """Unix seconds of the sandbox's clock as a person reads them."""
    return format_time(seconds)[:19].replace("T", " ") + " UTC"


class Pages:
    """The templates, and what all of them know."""

    def __init__(self, sandbox: Sandbox, access: Access, messages: Messages, packets: Packets) -> None:
        self._sandbox = sandbox
        self._access = access
        self._messages = messages
        self._packets = packets

    def attach(self, application: web.Application) -> None:
        """Let the application use the templates."""
        environment = aiohttp_jinja2.setup(
            application,
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            default_helpers=False,
            finalize=_finalize,
            lstrip_blocks=True,
            trim_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        environment.globals.update(
            breakable=breakable,
            device_page=_device,
            json=lambda value: json.dumps(value),
            mark=_mark,
            menu=MENU,
            title=title,
            when=_when,
            with_query=with_query,
            words=words,
        )

    def message(self, request: web.Request) -> Message | None:
        """The message that the request's page shows."""
        if _MESSAGE not in request:
            found = self._messages.take(request.query.get(PARAMETER, ""))
            request[_MESSAGE] = [found] if found else []
        kept: list[Message] = request[_MESSAGE]
        return kept[0] if kept else None

    def answer(
        self, request: web.Request, template: str, context: Mapping[str, Any] | None = None, status: int = 200
    ) -> web.Response:
        """A page."""
        common = {
            "csrf": self._access.token(request),
            "local": is_local(request),
            "inside": self._access.may_see(request),
            "here": with_query(request.path_qs, live=""),
            "path": request.path,
            "message": self.message(request),
            "reveal": request.query.get("reveal") == "1",
            "newest": self._newest() if self._access.may_see(request) else 0,
        }
        return aiohttp_jinja2.render_template(template, request, {**common, **(context or {})}, status=status)

    def _newest(self) -> int:
        """The number of the newest packet; 0 if the log cannot be read, so that the page can say why."""
        try:
            return self._packets.newest()
        except NotKept:
            return 0

    def error(self, request: web.Request, status: int, sentence: str) -> web.Response:
        """A page that says why it is not the one that was asked for."""
        return self.answer(request, "error.html", {"sentence": sentence}, status)
