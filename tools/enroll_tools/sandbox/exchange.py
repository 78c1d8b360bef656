"""Between the web framework and the services: a request as a Call, an Answer as a response, and connections that end
early."""

from __future__ import annotations

import asyncio
import email.utils
import functools
import socket
import struct
import time
from collections.abc import Mapping

from aiohttp import web

from .faults import Fault
from .routing import Target
from .services.base import Answer, Call, json_answer

POLL = 0.05  # seconds between two looks at what a request waits for


@functools.lru_cache(maxsize=4)
def http_date(second: int) -> str:
    return email.utils.formatdate(second, usegmt=True)


def call_of(request: web.Request, target: Target, body: bytes) -> Call:
    return Call(
        method=request.method,
        path=request.path,
        query=tuple(request.query.items()) if request.query_string else (),
        headers=request.headers,
        body=body,
        parts=target.parts,
        remote=request.remote or "",
        # Not request.host: without a Host header it asks the name service what this machine is called.
        origin=f"{request.scheme}://{request.headers.get('Host', 'localhost')}",
    )


def head_of(request: web.BaseRequest) -> bytes:
    """The header lines of a request as they came."""
    return b"\r\n".join([b": ".join(pair) for pair in request.raw_headers])


def canned(fault: Fault) -> Answer:
    headers = {"Content-Type": "text/plain", **titled(fault.headers)}
    return Answer(fault.status or 200, fault.body, headers.pop("Content-Type"), headers)


async def wait_while_there(request: web.Request, seconds: float) -> None:
    """Sleep, but no longer than the client is there."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not is_gone(request):
        await asyncio.sleep(min(left, POLL))


def is_unsent(request: web.Request, fault: Fault, answer: Answer) -> bool:
    """Whether a fault keeps an answer, or its end, from the client."""
    cut = fault.truncate is not None and fault.truncate < len(answer.body)
    return cut or fault.drop is not None or is_gone(request)


def titled(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.title(): value for name, value in headers.items()}


async def drop_empty_date(request: web.Request, response: web.StreamResponse) -> None:
    """Leave an empty Date out; a missing one the framework would add."""
    if response.headers.get("Date") == "":
        del response.headers["Date"]


def front_page(call: Call) -> Answer:
    """A page without authentication or secrets, for clients that only need the Date header."""
    if call.path == "/" and call.method in ("GET", "HEAD"):
        return Answer(200, b"This is a sandbox.\n", "text/plain")
    return json_answer({"error": "not found"}, 404)


def as_response(answer: Answer, headers: dict[str, str]) -> web.Response:
    chunked = headers.pop("Transfer-Encoding", "") == "chunked"
    response = web.Response(status=answer.status, body=answer.body, headers=headers)
    if chunked:
        # Asked for by a fault's headers: the framework does it properly.
        response.enable_chunked_encoding()
    return response


def is_gone(request: web.Request) -> bool:
    """Whether the client has left."""
    return request.transport is None or request.transport.is_closing()


def close_connection(request: web.Request, reset: bool = False) -> None:
    """End the connection, whatever of the request is still to come."""
    transport = request.transport
    if transport is not None and reset:
        # No time to linger: the close of such a socket is a RST.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    elif transport is not None:
        transport.close()


async def cut_short(request: web.Request, answer: Answer, headers: dict[str, str], length: int) -> web.StreamResponse:
    """Announce the whole body, send its beginning and close."""
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[:length])
    close_connection(request)
    return response
