"""The listeners and the NTP server of a sandbox: bound first, then served by an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

from aiohttp import web

from .certificates import Authority
from .clock import Clock
from .connections import GuardedSite, Limits, Reports, connection_limit
from .exchange import quiet_logger
from .fault_kinds import ALL_NTP, ALL_TLS
from .faults import FaultQueue
from .listeners import CountingSocket, bind_tcp, bind_udp
from .log import TLS, Packet, RequestLog
from .ntp import NtpServer
from .options import LISTENERS, Options
from .routing import RouteTable
from .site import Site

_GRACE = 0.1  # seconds that requests under way have at the end


@dataclasses.dataclass(frozen=True)
class Shared:
    """What all listeners use."""

    options: Options
    clock: Clock
    log: RequestLog
    faults: FaultQueue
    authority: Authority
    routes: RouteTable


class Serving:
    """Every listener of a sandbox. ``ports`` are theirs by name, ``sockets`` those of TCP."""

    def __init__(self, shared: Shared, names: tuple[str, ...], admin: Callable[[], web.Application]) -> None:
        """``names`` are those in the certificate, ``admin`` makes the application of that listener."""
        self._shared = shared
        self._names = names
        self._admin = admin
        self.ports: dict[str, int] = {}
        self.sockets: dict[str, CountingSocket] = {}
        faulty = partial(shared.faults.take, ALL_NTP)
        self.ntp = NtpServer(shared.clock, shared.options.stratum, self._record_ntp, faulty)

    @contextlib.contextmanager
    def bind(self) -> Iterator[None]:
        """Hold every port. Raises SandboxError."""
        options = self._shared.options
        with contextlib.ExitStack() as closing:
            for name in LISTENERS:
                host = options.admin_host if name == "admin" else options.host
                port = options.ports.get(name, 0)
                opened: socket.socket
                if name == "ntp":
                    opened = self._ntp_socket = bind_udp(host, port, name)
                else:
                    opened = self.sockets[name] = bind_tcp(host, port, name)
                closing.callback(opened.close)
                self.ports[name] = opened.getsockname()[1]
            yield

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Serve the ports that `bind` holds; at the end, requests under way are not waited for."""
        runners: list[web.BaseRunner] = []
        contexts = self._contexts()
        transport: asyncio.BaseTransport | None = None
        try:
            for name, opened in self.sockets.items():
                runners.append(await self._start(name, opened, contexts.get(name)))
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(lambda: self.ntp, sock=self._ntp_socket)
            yield
        finally:
            if transport is not None:
                transport.close()
            await _cleanup(runners)

    async def _start(self, name: str, opened: CountingSocket, context: ssl.SSLContext | None) -> web.BaseRunner:
        options = self._shared.options
        runner = self._runner(name)
        await runner.setup()
        limits = Limits(options.connections or connection_limit(name), options.patience)
        await GuardedSite(runner, opened, limits, self._reports(name), context).start()
        return runner

    def _contexts(self) -> dict[str, ssl.SSLContext]:
        """TLS for each listener that has it. The good one shows a faulty certificate while such a fault is set."""
        names = tuple(dict.fromkeys(("localhost", "127.0.0.1", *self._names)))
        found = {
            name: self._shared.authority.context(names, name.removeprefix("https-") if "-" in name else "good")
            for name in self.sockets
            if name.startswith("https")
        }

        def choose(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            fault = self._shared.faults.take(ALL_TLS)
            if fault:
                connection.context = found["https-" + fault.kind.removeprefix("certificate-")]

        found["https"].sni_callback = choose
        return found

    def _runner(self, name: str) -> web.BaseRunner:
        shared = self._shared
        if name == "admin":
            return web.AppRunner(self._admin(), access_log=None, shutdown_timeout=_GRACE, logger=quiet_logger())
        site = Site(name, shared.routes, shared.log, shared.faults, shared.clock, shared.options.patience)
        return web.ServerRunner(site.server(), shutdown_timeout=_GRACE)

    def _reports(self, listener: str) -> Reports:
        """Write to the log what a listener tells of a connection without a request."""

        def write(method: str) -> Callable[[str, str], object]:
            return lambda remote, words: self._shared.log.write(
                Packet(listener=listener, method=method, path="-", status=0, remote=remote, note=words)
            )

        return Reports(handshake=write(TLS), ended=write("-"))

    def _record_ntp(self, client: str, length: int, note: str) -> None:
        status = 0 if note.startswith("ignored") else 200
        remote = client.rpartition(":")[0].strip("[]")
        self._shared.log.write(
            Packet(listener="ntp", service="ntp", method="NTP", path=client, status=status, remote=remote, note=note)
        )


async def _cleanup(runners: list[web.BaseRunner]) -> None:
    await asyncio.gather(*(runner.cleanup() for runner in runners))
    waiting = asyncio.all_tasks() - {asyncio.current_task()}  # requests with a delay fault
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
