"""The console's addresses."""

from __future__ import annotations

import logging
import shlex
import traceback
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from ..errors import NotKept
from .actions import Actions
from .address import console_at
from .connect import SERVER, Connect, program
from .events import Events
from .messages import Messages, sentence
from .packets import Packets
from .pages import HERE, Pages
from .security import CSRF, Access, add_headers, comes_from_elsewhere, is_local
from .views import Views

if TYPE_CHECKING:
    from ..server import Sandbox

LOGGER = logging.getLogger("sandbox")

OWN_FAULT = "The sandbox failed in its own code: look at its terminal, and report it."

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FORM = "application/x-www-form-urlencoded"


class Console:
    """The pages at the root of the admin listener."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._access = Access(sandbox)
        self._folder = sandbox.state_folder.resolve()
        self._messages = Messages()
        packets = Packets(sandbox)
        self._pages = Pages(sandbox, self._access, self._messages, packets)
        self._connect = Connect(sandbox, self._pages, self._messages)
        self._views = Views(sandbox, self._pages, packets, self._connect)
        self._actions = Actions(sandbox, self._pages, self._messages)
        self._events = Events(sandbox, self._access, packets)
        sandbox.follow(self._events.wake)
        sandbox.oauth.console_at = partial(console_at, sandbox)

    def attach(self, application: web.Application) -> None:
        """Add the console to the application of the admin listener, behind whatever else has a route there."""
        self._pages.attach(application)
        application.on_response_prepare.append(add_headers)
        router = application.router
        router.add_static("/static/", HERE / "static")
        router.add_get("/login", self._login)
        router.add_post("/login", self._log_in)
        for path, handler in self._gets().items():
            router.add_get(path, self._guarded(handler))
        for path, handler in self._posts().items():
            router.add_post(path, self._guarded(handler))
        router.add_route("*", "/{tail:.*}", self._missing)

    def _gets(self) -> dict[str, Handler]:
        views, connect = self._views, self._connect
        return {
            "/": views.start,
            "/services/{service}": views.service,
            "/services/{service}/device": views.device,
            "/oauth/device": self._enter_code,
            "/log": views.log,
            "/faults": views.faults,
            "/clock": views.clock,
            "/connect": connect.choose,
            "/connect/ca.der": connect.authority,
            "/connect/ca.pem": connect.authority,
            "/connect/{service}": connect.show,
            "/connect/{service}/enroll.json": connect.file,
            "/connect/{service}/qr.svg": connect.code,
            "/events": self._events.serve,
        }

    def _posts(self) -> dict[str, Handler]:
        return {
            "/connect/{service}": self._connect.make,
            "/do/{service}/{operation}": self._actions.serve,
            "/logout": self._log_out,
        }

    def _guarded(self, handler: Handler) -> Handler:
        """The handler behind the checks of `Access`."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._access.may_see(request):
                if comes_from_elsewhere(request):
                    return self._again(request, request.path_qs)
                if request.method in ("GET", "HEAD"):
                    raise web.HTTPSeeOther("/login")
                return self._pages.error(request, 403, "You are not logged in: log in, and send the form again.")
            if request.method not in ("GET", "HEAD"):
                refusal = await self._refusal(request)
                if refusal:
                    return self._pages.error(request, 403, refusal)
            try:
                return await handler(request)
            except web.HTTPNotFound:
                return await self._missing(request)
            except web.HTTPException:
                raise
            except NotKept as error:
                return self._pages.error(request, 503, sentence(error))
            except Exception as error:
                # Without the exception's words, which may quote a secret.
                trace = "".join(traceback.format_tb(error.__traceback__))
                LOGGER.error(
                    "%s on the console's %s:\n%s", type(error).__name__, request.match_info.route.resource, trace
                )
                return self._pages.error(request, 500, OWN_FAULT)

        return guarded

    async def _refusal(self, request: web.Request) -> str:
        if request.content_type != FORM:
            return "This is not a form of the console: use its pages, or the admin API under /admin."
        try:
            token = (await request.post()).get(CSRF, "")
        except (ValueError, LookupError, web.RequestPayloadError):
            return "This form is not in UTF-8: reload the page, and send it again."
        return self._access.refusal(request, str(token))

    async def _missing(self, request: web.Request) -> web.StreamResponse:
        return self._pages.error(request, 404, "There is no such page: choose one from the menu.")

    def _again(self, request: web.Request, target: str) -> web.Response:
        """Have the browser call a page once more, by itself, and so with its cookie."""
        return self._pages.answer(request, "again.html", {"target": target})

    def _door(self, request: web.Request, error: str, status: int) -> web.Response:
        """The page that says how a browser is let in."""
        return self._pages.answer(request, "login.html", {"error": error, "command": self._command(request)}, status)

    def _command(self, request: web.Request) -> str:
        """What to type for a link; only this computer is told where things are on it."""
        if not is_local(request):
            return f"{SERVER} console"
        return f"{program(SERVER)} console --state {shlex.quote(str(self._folder))}"

    async def _enter_code(self, _request: web.Request) -> web.StreamResponse:
        """The address that a device of OAuth shows to a person."""
        raise web.HTTPSeeOther("/services/oauth#new-approve")

    async def _login(self, request: web.Request) -> web.StreamResponse:
        if self._access.may_see(request):
            raise web.HTTPSeeOther("/")
        ticket = request.query.get("ticket", "")
        if not ticket or request.method != "GET":
            return self._door(request, "", 200)
        response = web.Response(status=303, headers={"Location": "/"})
        if comes_from_elsewhere(request):
            response = self._again(request, "/")
        if await self._access.log_in(request, response, ticket=ticket):
            return response
        return self._door(request, "This link was opened before, or is older than ten minutes: get another one.", 403)

    async def _log_in(self, request: web.Request) -> web.StreamResponse:
        refusal = await self._refusal(request)
        if refusal:
            return self._door(request, refusal, 403)
        response = web.Response(status=303, headers={"Location": "/"})
        if await self._access.log_in(request, response, key=str((await request.post()).get("key", "")).strip()):
            return response
        sentence = "This is not the admin key: copy the one in the file admin.key of the state folder."
        return self._door(request, sentence, 403)

    async def _log_out(self, request: web.Request) -> web.StreamResponse:
        response = web.Response(status=303, headers={"Location": "/login"})
        self._access.log_out(request, response)
        return response
