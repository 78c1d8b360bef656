"""The console's addresses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from .pages import HERE, Pages
from .security import CSRF, Access, add_headers

if TYPE_CHECKING:
    from ..server import Sandbox

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Console:
    """The pages at the root of the admin listener."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._access = Access(sandbox)
        self._pages = Pages(sandbox, self._access)

    def attach(self, application: web.Application) -> None:
        """Add the console to the application of the admin listener, behind whatever else has a route there."""
        self._pages.attach(application)
        application.on_response_prepare.append(add_headers)
        router = application.router
        router.add_static("/static/", HERE / "static")
        router.add_get("/login", self._login)
        router.add_post("/login", self._log_in)
        router.add_post("/logout", self._guarded(self._log_out))
        router.add_get("/", self._guarded(self._start))
        router.add_route("*", "/{tail:.*}", self._missing)

    def _guarded(self, handler: Handler) -> Handler:
        """The handler behind the checks of `Access`."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._access.may_see(request):
                if request.method in ("GET", "HEAD"):
                    raise web.HTTPSeeOther("/login")
                return self._pages.error(request, 403, "You are not logged in: log in, and send the form again.")
            if request.method not in ("GET", "HEAD"):
                refusal = await self._refusal(request)
                if refusal:
                    return self._pages.error(request, 403, refusal)
            return await handler(request)

        return guarded

    async def _refusal(self, request: web.Request) -> str:
        if request.content_type != "application/x-www-form-urlencoded":
            return "This is no form of the console: use its pages, or the admin API under /admin."
        try:
            token = (await request.post()).get(CSRF, "")
        except (ValueError, LookupError):
            return "This form is not in UTF-8: reload the page, and send it again."
        return self._access.refusal(request, str(token))

    async def _start(self, request: web.Request) -> web.StreamResponse:
        return self._pages.answer(request, "start.html", {"urls": self._sandbox.urls})

    async def _missing(self, request: web.Request) -> web.StreamResponse:
        return self._pages.error(request, 404, "There is no such page: choose one from the menu.")

    async def _login(self, request: web.Request) -> web.StreamResponse:
        if self._access.may_see(request):
            raise web.HTTPSeeOther("/")
        return self._pages.answer(request, "login.html", {"error": ""})

    async def _log_in(self, request: web.Request) -> web.StreamResponse:
        refusal = await self._refusal(request)
        if refusal:
            return self._pages.answer(request, "login.html", {"error": refusal}, 403)
        response = web.Response(status=303, headers={"Location": "/"})
        if await self._access.log_in(request, str((await request.post()).get("key", "")).strip(), response):
            return response
        sentence = "This is not the admin key: it stands in the file admin.key of the state folder."
        return self._pages.answer(request, "login.html", {"error": sentence}, 403)

    async def _log_out(self, request: web.Request) -> web.StreamResponse:
        response = web.Response(status=303, headers={"Location": "/login"})
        self._access.log_out(request, response)
        return response
