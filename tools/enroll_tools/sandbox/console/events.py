"""Live updates by server-sent events: an open page learns that something has changed, and gets the new packets.

An event's id is the newest packet's, so that a browser that was away gets what it has missed. However busy the
sandbox is, a page hears of it a few times in a second, and the packets come together.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import aiohttp_jinja2
from aiohttp import web
from aiohttp_sse import EventSourceResponse

from .messages import whole
from .packets import Packets
from .security import HEADERS, Access
from .set_faults import ends

if TYPE_CHECKING:
    from ..server import Sandbox

PACE = 0.2  # seconds between two updates of a page
REST = 9  # times as long as an update took, all pages rest after it: boards come first
WATCH = 0.4  # seconds between two looks for changes that no packet tells of
LOOK = 1.0  # seconds between two looks whether the browser is still there
MOST = 64  # open pages
EVENT = "update"


class Events:
    """``GET /events``: the stream of one open page."""

    def __init__(self, sandbox: Sandbox, access: Access, packets: Packets) -> None:
        self._sandbox = sandbox
        self._access = access
        self._packets = packets
        self._open: set[asyncio.Event] = set()
        self._watch: asyncio.Task[None] | None = None

    def wake(self, *_: object) -> None:
        """Let every open page look for what is new; call it in the sandbox's loop."""
        for page in self._open:
            page.set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Send updates until the browser leaves."""
        if len(self._open) >= MOST:
            return web.Response(status=503, text="Too many pages are open: close some.\n")
        response = EventSourceResponse(headers=HEADERS)
        changed = asyncio.Event()
        # The first update is for what has changed since the page was made.
        changed.set()
        with self._listening(changed), contextlib.suppress(ConnectionResetError, TimeoutError):
            await response.prepare(request)
            async with response:
                await self._send(request, response, changed)
        return response

    @contextlib.contextmanager
    def _listening(self, changed: asyncio.Event) -> Iterator[None]:
        self._open.add(changed)
        if self._watch is None:
            self._watch = asyncio.create_task(self._look(self._mark()))
        try:
            yield
        finally:
            self._open.discard(changed)
            if not self._open and self._watch is not None:
                self._watch.cancel()
                self._watch = None

    async def _send(self, request: web.Request, response: EventSourceResponse, changed: asyncio.Event) -> None:
        seen = whole(request.headers.get("Last-Event-ID") or request.query.get("after", ""))
        while self._access.may_see(request) and request.transport is not None and response.is_connected():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), LOOK)
            if not changed.is_set():
                continue
            changed.clear()
            started, newest = time.monotonic(), self._packets.newest()
            update = {"packets": "", "gap": newest < seen}
            if newest >= seen and "packets" in request.query:
                update = await self._news(request, seen)
            seen = newest
            await response.send(json.dumps(update), id=str(seen), event=EVENT)
            took = time.monotonic() - started
            await asyncio.sleep(max(PACE, REST * took * len(self._open)))

    async def _news(self, request: web.Request, after: int) -> dict[str, object]:
        """The rows of the packets after the last one that the page has; with a gap if there are too many."""
        service, device = request.query.get("service", ""), request.query.get("device", "")
        packets, more = await asyncio.to_thread(self._packets.news, service, device, after)
        context = {"csrf": "", "reveal": False, "packets": packets, "here": request.query["packets"]}
        return {"packets": aiohttp_jinja2.render_string("rows.html", request, context), "gap": more}

    async def _look(self, before: tuple[object, ...]) -> None:
        """Notice what changes without a packet: an operation, a fault that expires, the clock."""
        while True:
            await asyncio.sleep(WATCH)
            now = self._mark()
            if now != before:
                before = now
                self.wake()

    def _mark(self) -> tuple[object, ...]:
        sandbox = self._sandbox
        state = next(iter(sandbox.services.values())).state
        faults = [(fault.id, fault.times, ends(fault)) for fault in sandbox.faults()]  # as far as a page shows it
        return (state.changes, faults, sandbox.ntp_state(), sandbox.clock.offset)
