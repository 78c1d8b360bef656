"""What answers at one listener: passes requests to the services, applies the queued faults, and writes the
log."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
import traceback
import weakref
from collections.abc import Mapping
from functools import partial

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger, AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web import BaseRequest

from .clock import Clock
from .errors import NotKept
from .exchange import (
    MISCODED,
    POLL,
    Request,
    as_response,
    call_of,
    canned,
    close_connection,
    cut_short,
    front_page,
    head_of,
    http_date,
    is_gone,
    is_unsent,
    meet_expectation,
    quiet_logger,
    titled,
    wait_while_there,
)
from .faults import Fault, FaultQueue
from .history import REGISTERED
from .log import Packet, RequestLog
from .routing import RouteTable, Target
from .services.base import Answer, Call, json_answer
from .shapes import Moment, apply

LOGGER = logging.getLogger("sandbox")

# Far more than any device sends; what is longer gets 413.
_BODY_LIMIT = 256 * 1024

# Marks a request that is in the log.
_LOGGED = web.RequestKey("logged", bool)


class Site:
    """Answers the requests of a listener. Everything else is shared by all listeners."""

    def __init__(
        self,
        listener: str,
        routes: RouteTable,
        log: RequestLog,
        faults: FaultQueue,
        clock: Clock,
        patience: float,
    ) -> None:
        self.listener = listener
        self._routes = routes
        self._log = log
        self._faults = faults
        self._clock = clock
        self._patience = patience
        self._forgotten: weakref.WeakKeyDictionary[asyncio.Transport, str] = weakref.WeakKeyDictionary()

    def server(self) -> web.Server:
        """The low-level server: an application of the framework would look up a route for each request, too."""
        loop = asyncio.get_running_loop()

        def request(
            message: RawRequestMessage,
            payload: StreamReader,
            protocol: web.RequestHandler,
            writer: AbstractStreamWriter,
            task: asyncio.Task[None],
        ) -> Request:
            return Request(message, payload, protocol, writer, task, loop, client_max_size=_BODY_LIMIT)

        return web.Server(
            self._serve, request_factory=request, access_log_class=self._access_logger(), logger=quiet_logger()
        )

    def _access_logger(self) -> type[AbstractAccessLogger]:
        """Logs requests that the framework answers by itself, so that the log is complete."""
        log, listener = self._log, self.listener

        class Rest(AbstractAccessLogger):
            """Called by the framework after each answer."""

            def log(self, request: BaseRequest, response: web.StreamResponse, time: float) -> None:
                method, path, note = "-", "-", "not a well-formed HTTP request"
                if request.get(_LOGGED):
                    return
                if request.method != "UNKNOWN":
                    method, path, note = request.method, request.path_qs, "answered by the framework"
                remote = request.remote or ""
                log.write(
                    Packet(
                        listener=listener, method=method, path=path, status=response.status, remote=remote, note=note
                    )
                )

        return Rest

    async def _serve(self, request: BaseRequest) -> web.StreamResponse:
        """Answer a request. Where what it does cannot be kept, as on a full disk, the client may try again later."""
        try:
            return await self._respond(request)
        except NotKept as error:
            self._log.group.tell(error)
            request[_LOGGED] = True
            refusal = json_answer({"error": "the sandbox cannot write to its state folder"}, 503)
            return as_response(refusal, self._headers(refusal))

    async def _respond(self, request: BaseRequest) -> web.StreamResponse:
        forgotten = self._forgotten.get(request.transport) if self._forgotten and request.transport else None
        if forgotten:
            return await self._forget(request, forgotten)
        if "Expect" in request.headers:
            await meet_expectation(request)
        target = self._routes.known(request.rel_url.raw_path) or await self._routes.find(request)
        fault = self._faults.take(target.name, request.path_qs) if self._faults else None
        if fault is not None and "early" in fault.shapes:
            return await self._finish(request, target, fault, b"", canned(fault))
        try:
            body = await self._read(request)
        except TimeoutError:
            words = f"the body took longer than {self._patience:g} s"
            request.protocol.close()
            return await self._finish(request, target, None, b"", json_answer({"error": words}, 408), words)
        except web.HTTPRequestEntityTooLarge:
            return await self._finish(request, target, None, b"", json_answer({"error": "body too large"}, 413))
        except (OSError, web.RequestPayloadError, asyncio.CancelledError) as error:
            if isinstance(error, web.RequestPayloadError) and not is_gone(request):
                request.protocol.close()
                return await self._finish(request, target, None, b"", json_answer({"error": MISCODED}, 400), MISCODED)
            self._write(request, target, b"", None, "the client went away while it sent the body")
            raise
        if fault is None and self._faults and target.service:
            whose = partial(target.service.device_of, call_of(request, target, body))
            fault = self._faults.take(target.name, request.path_qs, whose)
        if fault is not None and fault.canned:
            return await self._finish(request, target, fault, body, canned(fault))
        if fault is not None and fault.drop == "before":
            return await self._finish(request, target, fault, body, None)
        return await self._ask(request, target, fault, body)

    async def _read(self, request: BaseRequest) -> bytes:
        """The whole body. Raises TimeoutError if the client takes too long."""
        if request.content.is_eof():  # most often it came with the head
            body = request.content.read_nowait()
            if len(body) > _BODY_LIMIT:
                raise web.HTTPRequestEntityTooLarge(_BODY_LIMIT, len(body))
            return body
        async with asyncio.timeout(self._patience):
            return await request.read()

    async def _ask(self, request: BaseRequest, target: Target, fault: Fault | None, body: bytes) -> web.StreamResponse:
        """Have the service answer, and write the log in the same transaction.

        A handler with patience is asked again and again, as long as the client is there. Others are served meanwhile.
        """
        call = call_of(request, target, body)
        end: float | None = None  # of the handler's patience
        while True:
            with self._log.group:
                answer = self._answer(target, call)
                if answer.patience and end is None:
                    end = time.monotonic() + answer.patience
                if not answer.patience or not end or time.monotonic() >= end or is_gone(request):
                    fault = fault or self._met_by(request, target, call, answer)
                    shaped = self._record(request, target, fault, body, answer)
                    break
            await asyncio.sleep(min(max(0, end - time.monotonic()), POLL))
        return await self._deliver(request, target, fault, answer, shaped)

    def _met_by(self, request: BaseRequest, target: Target, call: Call, answer: Answer) -> Fault | None:
        """The fault that waits for an answer with a credential; only the service knows which answer that is."""
        if not self._faults or target.service is None or answer.reason != REGISTERED:
            return None
        whose = partial(target.service.device_of, call, answer)
        return self._faults.take(target.name, request.path_qs, whose, registration=True)

    def _answer(self, target: Target, call: Call) -> Answer:
        service, methods = target.service, target.methods
        if service is None:
            return front_page(call)
        try:
            if methods is None:
                return service.unknown(call)
            handler = methods.get(call.method)
            if handler is None:
                return json_answer({"error": "method not allowed"}, 405, {"Allow": ", ".join(sorted(methods))})
            return service.handle(handler, call)
        except NotKept:
            raise
        except Exception as error:
            # Without the exception's words: they may quote the request.
            trace = "".join(traceback.format_tb(error.__traceback__))
            LOGGER.error("%s in %s:\n%s", type(error).__name__, service.name, trace)
            return json_answer({"error": "internal error of the sandbox"}, 500)

    async def _finish(
        self,
        request: BaseRequest,
        target: Target,
        fault: Fault | None,
        body: bytes,
        answer: Answer | None,
        note: str = "",
    ) -> web.StreamResponse:
        """Write the log before the answer leaves, so that a client that has the answer finds the entry."""
        shaped = self._record(request, target, fault, body, answer, note)
        return await self._deliver(request, target, fault, answer, shaped)

    def _record(
        self,
        request: BaseRequest,
        target: Target,
        fault: Fault | None,
        body: bytes,
        answer: Answer | None,
        note: str = "",
    ) -> Answer | None:
        """Write the log; return what a fault makes of the answer."""
        if fault is None:
            self._write(request, target, body, answer, note)
            return answer
        shaped = apply(fault.shapes, answer, Moment(request.method, self._clock.now())) if answer else None
        # The log gets the answer before it is compressed, because secrets cannot be found in compressed text.
        logged = dataclasses.replace(answer, status=shaped.status) if answer and shaped else None
        self._write(request, target, body, logged, fault.describe())
        return shaped

    async def _deliver(
        self,
        request: BaseRequest,
        target: Target,
        fault: Fault | None,
        answer: Answer | None,
        shaped: Answer | None,
    ) -> web.StreamResponse:
        """Send the answer, or what a fault leaves of it, once what was done is kept."""
        await self._log.group.committed()
        if fault is not None and fault.delay:
            await wait_while_there(request, fault.delay)
        if fault is not None and answer is not None and target.service and is_unsent(request, fault, answer):
            target.service.not_sent(answer)
        if shaped is None or (fault is not None and fault.drop):
            close_connection(request)
            # The framework needs an answer; it notices by itself that the client is gone.
            return web.Response()
        headers = self._headers(shaped)
        if fault is None:
            return as_response(shaped, headers)
        if fault.status is None:
            headers.update(titled(fault.headers))
        if fault.truncate is not None:
            return await cut_short(request, shaped, headers, fault.truncate)
        return await self._end(request, as_response(shaped, headers), fault.shapes)

    def _headers(self, answer: Answer) -> dict[str, str]:
        # The Date header tells the sandbox's time, not the machine's.
        headers = {"Server": "sandbox", "Date": http_date(int(self._clock.now()))}
        if answer.body:
            headers["Content-Type"] = answer.content_type
        headers.update(answer.headers)
        return headers

    async def _end(self, request: BaseRequest, response: web.Response, shapes: Mapping[str, str]) -> web.StreamResponse:
        """Return the answer, after sending it if the connection is to end or to be forgotten then."""
        forget = shapes.get("forget")
        if "early" in shapes or "reset" in shapes:
            response.force_close()
        elif forget is None:
            return response
        await response.prepare(request)
        await response.write_eof()
        if request.transport is not None and forget in ("silent", "reset"):
            self._forgotten[request.transport] = forget
        else:
            close_connection(request, "reset" in shapes)
        return response

    async def _forget(self, request: BaseRequest, how: str) -> web.StreamResponse:
        """Treat a request on a forgotten connection: a RST, or silence until the client leaves."""
        self._write(request, Target(), b"", None, f"fault: forgotten connection, {how}")
        while how == "silent" and not is_gone(request):
            await asyncio.sleep(POLL)
        close_connection(request, True)
        return web.Response()

    def _write(self, request: BaseRequest, target: Target, body: bytes, answer: Answer | None, note: str) -> None:
        request[_LOGGED] = True
        device = answer.device if answer else ""
        if target.service and not device:
            device = target.service.device_of(call_of(request, target, body), answer)
        self._log.write(
            Packet(
                listener=self.listener,
                service=target.name,
                device=device,
                remote=request.remote or "",
                method=request.method,
                path=request.raw_path,
                status=answer.status if answer else 0,
                head=head_of(request),
                body=body,
                answer=answer.body if answer else b"",
                secrets=answer.secrets if answer else (),
                note=note,
                reason=answer.reason if answer else "",
                expected=answer.expected if answer else "",
            )
        )
