"""The web application of one listener: gives requests to the services, plays the queued faults, writes the log."""

from __future__ import annotations

import asyncio
import email.utils
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from .clock import Clock
from .faults import Fault, FaultQueue
from .log import RequestLog
from .services.base import Answer, Call, Handler, Service, json_answer

LOGGER = logging.getLogger("sandbox")

# Far more than any device sends; what is longer gets 413.
_BODY_LIMIT = 256 * 1024


def quiet_logger() -> logging.Logger:
    """A logger for the web framework that says nothing: its messages quote the requests, secrets and all."""
    quiet = logging.getLogger("sandbox.framework")
    quiet.disabled = True
    return quiet


class Site:
    """Makes the application of a listener. Everything else is shared by all listeners."""

    def __init__(self, listener: str, services: Iterable[Service], log: RequestLog, faults: FaultQueue, clock: Clock):
        self.listener = listener
        self._services = tuple(services)
        self._log = log
        self._faults = faults
        self._clock = clock

    def application(self) -> web.Application:
        """The aiohttp application."""
        application = web.Application(client_max_size=_BODY_LIMIT)
        for service in self._services:
            for base in service.bases:
                for path, methods in _by_path(service).items():
                    application.router.add_route("*", base + path, self._entry(service, methods))
                application.router.add_route("*", base + "/{tail:.*}", self._entry(service, None))
        application.router.add_route("*", "/{tail:.*}", self._entry(None, None))
        return application

    def access_logger(self) -> type[AbstractAccessLogger]:
        """Records what is no HTTP and so never reaches the application."""
        log, listener = self._log, self.listener

        class Malformed(AbstractAccessLogger):
            """Called by the framework after each answer."""

            def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
                if request.method == "UNKNOWN":
                    log.write(listener, "", "-", "-", response.status, note="not a well-formed HTTP request")

        return Malformed

    def _entry(
        self, service: Service | None, methods: Mapping[str, Handler] | None
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def entry(request: web.Request) -> web.StreamResponse:
            return await self._serve(request, service, methods)

        return entry

    async def _serve(
        self, request: web.Request, service: Service | None, methods: Mapping[str, Handler] | None
    ) -> web.StreamResponse:
        name = service.name if service else ""
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return await self._finish(request, name, None, b"", json_answer({"error": "body too large"}, 413))
        except (OSError, web.RequestPayloadError, asyncio.CancelledError):
            self._write(request, name, b"", None, "the client went away while it sent the body")
            raise
        fault = self._faults.take(name, request.path_qs)
        answer: Answer | None = None
        if fault is not None and fault.status is not None:
            answer = _canned(fault)
        elif fault is None or fault.drop != "before":
            answer = self._answer(service, methods, _call(request, body))
        return await self._finish(request, name, fault, body, answer)

    def _answer(self, service: Service | None, methods: Mapping[str, Handler] | None, call: Call) -> Answer:
        if service is None:
            return _front_page(call)
        try:
            if methods is None:
                return service.unknown(call)
            handler = methods.get(call.method)
            if handler is None:
                return json_answer({"error": "method not allowed"}, 405, {"Allow": ", ".join(sorted(methods))})
            return service.handle(handler, call)
        except Exception as error:
            # Without the exception's words: they may quote the request.
            trace = "".join(traceback.format_tb(error.__traceback__))
            LOGGER.error("%s in %s:\n%s", type(error).__name__, service.name, trace)
            return json_answer({"error": "internal error of the sandbox"}, 500)

    async def _finish(
        self, request: web.Request, name: str, fault: Fault | None, body: bytes, answer: Answer | None
    ) -> web.StreamResponse:
        """Write the log before the answer leaves, so that a client that has the answer finds the entry."""
        self._write(request, name, body, answer, fault.describe() if fault else "")
        if fault is not None and fault.delay:
            await asyncio.sleep(fault.delay)
        if answer is None or (fault is not None and fault.drop):
            if request.transport is not None:
                request.transport.close()
            # The framework wants an answer; it notices by itself that there is nobody to send it to.
            return web.Response()
        headers = {"Content-Type": answer.content_type, "Server": "sandbox", "Date": self._date(), **answer.headers}
        if fault is not None and fault.truncate is not None:
            return await _truncated(request, answer, headers, fault.truncate)
        if not answer.body:
            headers.pop("Content-Type")
        return web.Response(status=answer.status, body=answer.body, headers=headers)

    def _date(self) -> str:
        """The Date header tells the sandbox's time, not the machine's."""
        return email.utils.formatdate(self._clock.now(), usegmt=True)

    def _write(self, request: web.Request, name: str, body: bytes, answer: Answer | None, note: str) -> None:
        self._log.write(
            self.listener,
            name,
            request.method,
            request.raw_path,
            answer.status if answer else 0,
            request.headers,
            body,
            answer.body if answer else b"",
            answer.secrets if answer else (),
            note,
        )


def _by_path(service: Service) -> dict[str, dict[str, Handler]]:
    paths: dict[str, dict[str, Handler]] = {}
    for route in service.routes():
        paths.setdefault(route.path, {})[route.method] = route.handler
    return paths


def _call(request: web.Request, body: bytes) -> Call:
    return Call(
        method=request.method,
        path=request.path,
        query=tuple(request.query.items()),
        headers=request.headers,
        body=body,
        parts=request.match_info,
        remote=request.remote or "",
        origin=f"{request.scheme}://{request.host}",
    )


def _canned(fault: Fault) -> Answer:
    headers = {"Content-Type": "text/plain", **{name.title(): value for name, value in fault.headers.items()}}
    return Answer(fault.status or 200, fault.body, headers.pop("Content-Type"), headers)


def _front_page(call: Call) -> Answer:
    """A page that wants no credentials and tells none, for whoever wants to see the Date header."""
    if call.path == "/" and call.method in ("GET", "HEAD"):
        return Answer(200, b"This is a sandbox.\n", "text/plain")
    return json_answer({"error": "not found"}, 404)


async def _truncated(request: web.Request, answer: Answer, headers: dict[str, str], length: int) -> web.StreamResponse:
    """Announce the whole body, send its beginning and close."""
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[:length])
    if request.transport is not None:
        request.transport.close()
    return response
