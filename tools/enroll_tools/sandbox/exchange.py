"""Between the web framework and the services: a request as a Call, an Answer as a response, and connections that end
early."""

from __future__ import annotations

import asyncio
import email.utils
import functools
import logging
import socket
import struct
import time
from collections.abc import Mapping

from aiohttp import web
from aiohttp.web import BaseRequest

from .faults import Fault
from .routing import Target
from .services.base import Answer, Call, json_answer

MISCODED = "the body is not what Content-Encoding says"
POLL = 0.05  # seconds between two looks at what a request waits for


def quiet_logger() -> logging.Logger:
    """A logger for the web framework that says nothing: its messages quote the requests, secrets and all."""
    quiet = logging.getLogger("sandbox.framework")
    quiet.disabled = True
    return quiet


@functools.lru_cache(maxsize=4)
def http_date(second: int) -> str:
    return email.utils.formatdate(second, usegmt=True)


class Request(BaseRequest):
    """A request of the framework's low-level server, which looks up no route of its own."""

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        """Leave an empty Date out; a missing one the framework would add. The answer leaves after this."""
        if response.headers.get("Date") == "":
            del response.headers["Date"]


async def meet_expectation(request: BaseRequest) -> None:
    """Invite a client that waits for it to send the body. Raises HTTPExpectationFailed if it wants anything else."""
    if request.version >= (1, 1):
        if request.headers["Expect"].lower() != "100-continue":
            raise web.HTTPExpectationFailed
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # of the answer itself


def call_of(request: BaseRequest, target: Target, body: bytes) -> Call:
    return Call(
        method=request.method,
        path=request.path,
        query=tuple(request.query.items()) if "?" in request.raw_path else (),
        headers=request.headers,
        body=body,
        parts=target.parts,
        remote=request.remote or "",
        # Not request.host: without a Host header it asks the name service what this machine is called.
        origin=f"{request.scheme}://{request.headers.get('Host', 'localhost')}",
    )


def head_of(request: BaseRequest) -> bytes:
    """The header lines of a request as they came."""
    return b"\r\n".join([b": ".join(pair) for pair in request.raw_headers])


def canned(fault: Fault) -> Answer:
    headers = {"Content-Type": "text/plain", **titled(fault.headers)}
    return Answer(fault.status or 200, fault.body, headers.pop("Content-Type"), headers)


async def wait_while_there(request: BaseRequest, seconds: float) -> None:
    """Sleep, but no longer than the client is there."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not is_gone(request):
        await asyncio.sleep(min(left, POLL))


def is_unsent(request: BaseRequest, fault: Fault, answer: Answer) -> bool:
    """Whether a fault keeps an answer, or its end, from the client."""
    cut = fault.truncate is not None and fault.truncate < len(answer.body)
    return cut or fault.drop is not None or is_gone(request)


def titled(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.title(): value for name, value in headers.items()}


def front_page(call: Call) -> Answer:
    """A page without authentication or secrets, for clients that only need the Date header."""
    if call.path == "/" and call.method in ("GET", "HEAD"):
        return Answer(200, b"This is a sandbox.\n", "text/plain")
    return json_answer({"error": "not found"}, 404)


def as_response(answer: Answer, headers: dict[str, str]) -> web.Response:
    response = web.Response(status=answer.status, body=answer.body, headers=headers)
    if headers.get("Transfer-Encoding") == "chunked":
        # Asked for by a fault's headers: the framework does it properly.
        del response.headers["Transfer-Encoding"]
        response.enable_chunked_encoding()
    return response


def is_gone(request: BaseRequest) -> bool:
    """Whether the client has left."""
    return request.transport is None or request.transport.is_closing()


def close_connection(request: BaseRequest, reset: bool = False) -> None:
    """End the connection, whatever of the request is still to come."""
    transport = request.transport
    if transport is not None and reset:
        # No time to linger: the close of such a socket is a RST.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    elif transport is not None:
        transport.close()


async def cut_short(request: BaseRequest, answer: Answer, headers: dict[str, str], length: int) -> web.StreamResponse:
    """Announce the whole body, send its beginning and close."""
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[:length])
    close_connection(request)
    return response
