"""The connections of one listener: how many there may be, how long a client may take, and TLS with its failures.

A client that is silent, slow or gone costs a descriptor until something ends it. Each TLS handshake and each head of
a request has its time, and where a listener has all the connections that it may have, a new one takes the place of the
one that has been idle for longest.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import resource
import ssl
from collections.abc import Callable
from typing import cast

from aiohttp import web

from .handshake import reason
from .listeners import CountingSocket
from .seldom import Seldom

_SHARES = {"http": 0.4, "https": 0.4}  # of all descriptors; the others, which few clients use, get _SHARE each
_SHARE = 0.03
_RESERVE = 64  # descriptors for files, the database and whatever else the process does
_MOST = 65_536  # descriptors are no use beyond this, and a limit may be "infinite"
BACKLOG = 512  # connections that wait for being accepted
_AT_ONCE = 8  # connections that are accepted in one turn of the loop: only after it is one counted, and another closed


@dataclasses.dataclass(frozen=True)
class Limits:
    """How many connections a listener has at most, and the seconds for a handshake, a head and a body each."""

    connections: int
    seconds: float


def connection_limit(listener: str) -> int:
    """How many connections a listener may have, by the process's limit of descriptors, which is raised first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    usable = _MOST if soft == resource.RLIM_INFINITY else min(soft, _MOST)
    return max(4, int((usable - _RESERVE) * _SHARES.get(listener, _SHARE)))


@dataclasses.dataclass(frozen=True)
class Reports:
    """Where a listener tells of a connection without a request: the client's address, and words.

    ``handshake``: TLS failed; ``ended``: the sandbox has closed it.
    """

    handshake: Callable[[str, str], object]
    ended: Callable[[str, str], object]


class Connections:
    """The open connections of one listener."""

    def __init__(self, server: web.Server, limits: Limits, reports: Reports, context: ssl.SSLContext | None) -> None:
        self.server = server
        self.limits = limits
        self.context = context
        self.reports = reports
        self.loop = asyncio.get_running_loop()
        self._idle: dict[Connection, None] = {}  # the one that has been idle for longest is the first
        self._busy: set[Connection] = set()
        self._by_transport: dict[asyncio.BaseTransport, Connection] = {}
        self._displaced, self._refused = (Seldom(lambda words: reports.ended("", words)) for _ in range(2))
        self._handle = server.request_handler
        server.request_handler = self._watched  # each new connection of the framework takes its handler from here
        self._sweeper = self.loop.call_later(self._pause, self._sweep)

    def __call__(self) -> Connection:
        """The protocol of a new connection."""
        return Connection(self)

    def close(self) -> None:
        """Look after the connections no longer."""
        self._sweeper.cancel()

    def admit(self, connection: Connection) -> bool:
        """Make room for a connection; False if every other one is at work."""
        limit = self.limits.connections
        if len(self._idle) + len(self._busy) >= limit:
            oldest = next(iter(self._idle), None)
            if oldest is None:
                self._refused.tell(f"refused a connection: all {limit} connections are busy")
                return False
            self._displaced.tell(f"closed the connection that was idle for longest: all {limit} are in use")
            self.forget(oldest)
            oldest.abort()
        self._idle[connection] = None
        return True

    def attach(self, connection: Connection, transport: asyncio.BaseTransport) -> None:
        """Note by which transport the requests of a connection come."""
        self._by_transport[transport] = connection

    def forget(self, connection: Connection) -> None:
        """A connection has ended."""
        self._idle.pop(connection, None)
        self._busy.discard(connection)
        if connection.transport is not None:
            self._by_transport.pop(connection.transport, None)

    async def _watched(self, request: web.BaseRequest) -> web.StreamResponse:
        """Handle a request; its connection is not idle meanwhile."""
        connection = self._by_transport.get(request.transport) if request.transport else None
        if connection is None:
            return await self._handle(request)
        self._idle.pop(connection, None)
        self._busy.add(connection)
        try:
            return await self._handle(request)
        finally:
            if connection in self._busy:  # it has not ended meanwhile
                self._busy.discard(connection)
                connection.waiting = None
                self._idle[connection] = None

    def is_busy(self, connection: Connection) -> bool:
        """Whether a request of a connection is handled now."""
        return connection in self._busy

    @property
    def _pause(self) -> float:
        """Seconds between two looks at the clients that keep the sandbox waiting."""
        return min(1.0, self.limits.seconds / 4)

    def _sweep(self) -> None:
        late = self.loop.time() - self.limits.seconds
        for connection in [one for one in self._idle if one.waiting is not None and one.waiting < late]:
            words = f"closed: the client took longer than {self.limits.seconds:g} s to send the head of a request"
            self.reports.ended(connection.remote, words)
            self.forget(connection)
            connection.abort()
        self._sweeper = self.loop.call_later(self._pause, self._sweep)


class Connection(asyncio.Protocol):
    """One connection: passes everything on to the framework's handler, after TLS where the listener has it."""

    def __init__(self, table: Connections) -> None:
        self._table = table
        self._handler: asyncio.Protocol | None = None
        self._early: list[bytes] = []  # came after the handshake and before the handler
        self._lost = False
        self.transport: asyncio.Transport | None = None
        self.waiting: float | None = table.loop.time()  # since when the client owes something; handshakes have a limit
        self.remote = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, if there is room."""
        self.transport = cast(asyncio.Transport, transport)
        self.remote = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._table.admit(self):
            self.transport.abort()
        elif self._table.context is None:
            self._attach(self.transport)
        else:
            self.transport.pause_reading()
            self._task = self._table.loop.create_task(self._secure(self.transport, self._table.context))

    async def _secure(self, plain: asyncio.Transport, context: ssl.SSLContext) -> None:
        limit = self._table.limits.seconds
        self.waiting = None
        try:
            secure = await self._table.loop.start_tls(
                plain, self, context, server_side=True, ssl_handshake_timeout=limit
            )
            if secure is None or secure.is_closing():
                raise ConnectionResetError
        except (OSError, ssl.SSLError, TimeoutError) as error:
            self._table.reports.handshake(self.remote, reason(error, limit))
            self._table.forget(self)
            plain.abort()
        else:
            self.transport = secure
            self.waiting = self._table.loop.time()
            self._attach(secure)

    def _attach(self, transport: asyncio.Transport) -> None:
        self._table.attach(self, transport)
        self._handler = handler = self._table.server()
        handler.connection_made(transport)
        for data in self._early:
            handler.data_received(data)
        self._early.clear()

    def abort(self) -> None:
        """End the connection at once."""
        if self.transport is not None:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Pass data on."""
        if self._handler is None:
            self._early.append(data)
            return
        if self.waiting is None and not self._table.is_busy(self):
            self.waiting = self._table.loop.time()
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass the end of the client's data on."""
        return self._handler.eof_received() if self._handler else None

    def connection_lost(self, error: Exception | None) -> None:
        """Pass the end of the connection on."""
        self._table.forget(self)
        if self._handler is not None:
            self._handler.connection_lost(error)

    def pause_writing(self) -> None:
        """Pass on that the client does not read."""
        if self._handler is not None:
            self._handler.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that the client reads."""
        if self._handler is not None:
            self._handler.resume_writing()


class GuardedSite(web.BaseSite):
    """A site of the framework whose connections are looked after."""

    __slots__ = ("_limits", "_reports", "_socket", "_table")

    def __init__(
        self,
        runner: web.BaseRunner,
        opened: CountingSocket,
        limits: Limits,
        reports: Reports,
        context: ssl.SSLContext | None,
    ) -> None:
        super().__init__(runner, ssl_context=context)
        self._socket, self._limits, self._reports = opened, limits, reports
        self._table: Connections | None = None

    @property
    def name(self) -> str:
        """The listener's address."""
        return str(self._socket.getsockname())

    async def start(self) -> None:
        """Serve."""
        await super().start()
        assert self._runner.server is not None
        self._table = Connections(self._runner.server, self._limits, self._reports, self._ssl_context)
        loop = asyncio.get_running_loop()
        # To the loop, the backlog is also how many it accepts in a turn.
        self._server = await loop.create_server(self._table, sock=self._socket, backlog=_AT_ONCE)
        self._socket.listen(BACKLOG)

    async def stop(self) -> None:
        """Accept no more connections."""
        if self._table is not None:
            self._table.close()
        await super().stop()
