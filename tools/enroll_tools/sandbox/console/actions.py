"""Does what a person has clicked on: the same operations as those of the admin API."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import json
import logging
import re
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiohttp import web

from ..control import Control
from ..errors import SandboxError
from ..operations import arguments, operations, perform
from ..redact import is_secret
from ..services.base import decode_json
from .forms import FIELD, given
from .messages import Message, Messages, local_page, sentence
from .pages import Pages
from .words import PAST

if TYPE_CHECKING:
    from ..server import Sandbox

LOGGER = logging.getLogger("sandbox")

CONTROL = "sandbox"  # in addresses: the operations on the sandbox itself
_VALUE = "result"


class Actions:
    """``POST /do/<service>/<operation>``: the arguments are fields of a form, or one JSON text behind a button."""

    def __init__(self, sandbox: Sandbox, pages: Pages, messages: Messages) -> None:
        self._pages = pages
        self._messages = messages
        self._groups = {name: operations(service) for name, service in sandbox.services.items()}
        self._groups[CONTROL] = operations(Control(sandbox))

    def operation(self, service: str, name: str) -> Callable[..., object] | None:
        """An operation by its name in Python or in an address."""
        return self._groups.get(service, {}).get(name.replace("_", "-"))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Perform an operation and send the browser back to the page, which says how that went."""
        fields = {name: str(value) for name, value in (await request.post()).items()}
        service, name = request.match_info["service"], request.match_info["operation"]
        function = self.operation(service, name)
        if function is None:
            return self._pages.error(request, 404, "There is no such operation: reload the page, and try again.")
        if fields.get("ask"):
            back = local_page(fields.get("back", "/"))
            context = {
                "fields": fields,
                "action": request.path,
                "back": back,
                "path": urlsplit(back).path,  # which the menu marks
                "text": re.sub(r"\ban? ", "this ", (inspect.getdoc(function) or "").partition("\n\n")[0], count=1),
            }
            return self._pages.answer(request, "confirm.html", context)
        typed = {key.removeprefix(FIELD): text for key, text in fields.items() if key.startswith(FIELD)}
        label = fields.get("label") or name.replace("-", " ").capitalize()
        try:
            wanted = _arguments(function, fields, typed)
            result = await asyncio.to_thread(perform, function, wanted)
            # ``brief``: the page itself shows what the operation has returned.
            message = _done(label, fields.get("of", ""), None if fields.get("brief") else result)
        except SandboxError as error:
            message = Message(sentence(error), False, form=f"{service}/{name}", typed=typed)
        except Exception as error:
            # Without the exception's words, which may quote a secret.
            LOGGER.error("%s:\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            message = Message("The sandbox failed in its own code: look at its terminal, and report it.", False)
        back = local_page(fields.get("then" if message.good else "back") or fields.get("back", "/"))
        message = dataclasses.replace(message, place=fields.get("place", ""))
        raise web.HTTPSeeOther(self._messages.send(back, message))


def _arguments(function: Callable[..., object], fields: Mapping[str, str], typed: Mapping[str, str]) -> dict[str, Any]:
    """What the button stands for, and what was typed."""
    try:
        values = decode_json(fields.get("arguments", "{}").encode())
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise SandboxError("the button's arguments are not a JSON object: reload the page")
    wanted = arguments(function)
    if "arguments" in fields:
        wanted = tuple(it for it in wanted if it.name in typed)
    return {**given(wanted, typed), **values}


def _done(label: str, of: str, result: object) -> Message:
    """What to say of an operation's result; secrets in it are shown when they are asked for. ``of``: who got it."""
    past = PAST.get(label.removesuffix(f" {of}"))
    text = f"{of} is {past}." if of and past else f"{label}: done."
    values = result if isinstance(result, dict) else {} if result is None else {_VALUE: result}
    shown = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    hidden = frozenset(name for name in shown if is_secret(name) or name in (_VALUE, "secret"))
    return Message(text, values=shown, hidden=hidden)
