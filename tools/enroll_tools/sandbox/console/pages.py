"""Turns templates into answers: escapes all text, spells out what is not printable, and adds what each page shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp_jinja2
import jinja2
from aiohttp import web

from .security import Access, is_local
from .words import words

if TYPE_CHECKING:
    from ..server import Sandbox

HERE = Path(__file__).parent
MENU = (("/", "Services"),)


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


class Pages:
    """The templates, and what all of them know."""

    def __init__(self, sandbox: Sandbox, access: Access) -> None:
        self._sandbox = sandbox
        self._access = access

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
        environment.globals.update(words=words, menu=MENU)

    def answer(
        self, request: web.Request, template: str, context: Mapping[str, Any] | None = None, status: int = 200
    ) -> web.Response:
        """A page."""
        common = {
            "csrf": self._access.token(request),
            "local": is_local(request),
            "inside": self._access.may_see(request),
            "here": request.path_qs,
            "path": request.path,
        }
        return aiohttp_jinja2.render_template(template, request, {**common, **(context or {})}, status=status)

    def error(self, request: web.Request, status: int, sentence: str) -> web.Response:
        """A page that says why it is not the one that was asked for."""
        return self.answer(request, "error.html", {"sentence": sentence}, status)
