"""The web application of the admin listener: ``POST /admin/<operation>`` and ``POST /admin/<service>/<operation>``,
JSON in and out, and what describes them."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web
from enroll_tools import schemas

from .console import Console
from .control import Control
from .errors import BadArgument, SandboxError
from .exchange import MISCODED
from .keys import SCHEME, bears
from .openapi import describe
from .operations import operations, perform
from .seldom import Seldom
from .services.base import decode_json

if TYPE_CHECKING:
    from .server import Sandbox

LOGGER = logging.getLogger("sandbox")

REFUSAL = "the admin key is missing or wrong: send the one in the state folder as `Authorization: Bearer KEY`"
BODY_LIMIT = 16 * 1024 * 1024  # a whole state to import


_HEADERS = {401: {"WWW-Authenticate": SCHEME}, 405: {"Allow": "POST"}}


class Admin:
    """The web application of the admin listener."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._refusals = Seldom(LOGGER.warning)
        self._groups: dict[str, dict[str, Callable[..., object]]] = {
            name: operations(service) for name, service in sandbox.services.items()
        }
        self._groups[""] = operations(Control(sandbox))

    def application(self) -> web.Application:
        """The aiohttp application."""
        application = web.Application(client_max_size=BODY_LIMIT)
        application.router.add_get("/openapi.json", self._describe)
        application.router.add_get("/schema/enroll.json", _schema)
        application.router.add_route("*", "/admin/{tail:.*}", self._serve)
        Console(self._sandbox).attach(application)
        return application

    async def _describe(self, request: web.Request) -> web.Response:
        """The description tells no secret, so that tools fetch it without a key."""
        return web.json_response(describe(self._groups))

    async def _serve(self, request: web.Request) -> web.Response:
        refusal = self._refusal(request)
        if refusal:
            status, error = refusal
            return web.json_response({"error": error}, status=status, headers=_HEADERS.get(status))
        group, _, name = request.path.removeprefix("/admin/").rpartition("/")
        function = self._groups.get(group, {}).get(name)
        if function is None or not request.path.startswith("/admin/"):
            return web.json_response({"error": f"unknown operation {request.path}"}, status=404)
        try:
            arguments = decode_json(await request.read() or b"{}")
            if not isinstance(arguments, dict):
                raise ValueError("not an object")
        except web.HTTPRequestEntityTooLarge:
            return web.json_response({"error": f"the body is longer than {BODY_LIMIT} bytes"}, status=413)
        except web.RequestPayloadError:
            return web.json_response({"error": MISCODED}, status=400)
        except ValueError as error:
            return web.json_response({"error": f"the body must be a JSON object: {error}"}, status=400)
        # Beside the loop, for which boards wait: a list of all devices takes long where there are many.
        return await asyncio.to_thread(_run, function, arguments)

    def _refusal(self, request: web.Request) -> tuple[int, str] | None:
        # No page in a browser knows the key, so that it does not matter by which name it has found this machine.
        if not bears(request.headers.get("Authorization", ""), self._sandbox.admin_key):
            where = request.remote or "?"
            self._refusals.tell(f"admin API: refused a call from {where}: the admin key is missing or wrong")
            return 401, REFUSAL
        if request.method != "POST":
            return 405, "every operation is a POST"
        if request.body_exists and request.content_type != "application/json":
            # No form on a foreign web page can send this type without the browser asking first.
            return 415, "Content-Type must be application/json"
        return None


async def _schema(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(schemas.PATH, headers={"Content-Type": "application/schema+json"})


def _run(function: Callable[..., object], arguments: dict[str, object]) -> web.Response:
    try:
        return web.json_response({"result": perform(function, arguments)})
    except SandboxError as error:
        return web.json_response({"error": str(error)}, status=400 if isinstance(error, BadArgument) else 422)
    except Exception as error:
        LOGGER.error("%s:\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
        return web.json_response({"error": "internal error of the sandbox"}, status=500)
