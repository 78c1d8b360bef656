"""The sandbox itself: sockets, certificates, sites and NTP, run in a background thread."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

from aiohttp import web

from .admin import Admin
from .certificates import Authority
from .client import RUNNING
from .clock import Clock, format_time
from .connections import GuardedSite, Limits, Reports, connection_limit
from .errors import BadOption, SandboxError
from .fault_kinds import ALL_NTP, ALL_TLS, EXPIRES
from .faults import Fault, FaultQueue, make
from .files import write_private
from .keys import keep_key
from .listeners import CountingSocket, bind_tcp, bind_udp
from .log import TLS, Entry, Packet, RequestLog
from .ntp import TWO_CENTURIES, NtpServer
from .options import LISTENERS, Options
from .routing import RouteTable
from .services import ALL, Azure, Centagate, Cumulocity, EtherFax, IckStream, OAuth, Rest, Service, ThingsBoard, Xyte
from .site import Site, quiet_logger
from .state import State
from .transfer import export_state, import_state

LOGGER = logging.getLogger("sandbox")


class Urls(NamedTuple):
    """A service's base URL over verified TLS and in the clear."""

    https: str
    http: str


class Sandbox:
    """The services, the NTP server and the admin API, in a thread of their own.

    Use it as a context manager, or call ``start`` and ``stop``. Without a state folder it takes a temporary one. Every
    method may be called from every thread. Each service, with its operations, is an attribute with its name.
    """

    etherfax: EtherFax
    ickstream: IckStream
    xyte: Xyte
    centagate: Centagate
    rest: Rest
    azure: Azure
    thingsboard: ThingsBoard
    cumulocity: Cumulocity
    oauth: OAuth

    def __init__(self, state: str | Path | None = None, **options: Any) -> None:
        """Take the options of Options. Raises SandboxError, or TypeError for an unknown option; opens nothing yet."""
        self.options = Options(**options)
        self._folder = state
        self._exit = contextlib.ExitStack()
        self.clock = Clock()
        self.ports: dict[str, int] = {}
        self._sockets: dict[str, CountingSocket] = {}

    # Start and stop.

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def start(self) -> None:
        """Bind every port and serve. Raises SandboxError, in which case nothing stays open."""
        self.options.check()
        if self.options.time is not None:
            self.clock.set(self.options.time)
        try:
            self._open_state()
            self._open_sockets()
            self._run()
            self._tell()
        except BaseException:
            self._exit.close()
            raise

    def stop(self) -> None:
        """Close every connection and port and end the thread; requests under way are not waited for."""
        self._exit.close()

    def _tell(self) -> None:
        """Write the admin API's URL to the state folder, for the command line."""
        path = self.state_folder / RUNNING
        write_private(path, json.dumps({"admin": self.admin_url}).encode())
        self._exit.callback(path.unlink, missing_ok=True)

    def _open_state(self) -> None:
        folder = self._folder or self._exit.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-"))
        self.state_folder = Path(folder)
        self._state = State(self.state_folder)
        self._exit.callback(self._state.close)
        self.admin_key = self.options.admin_key or keep_key(self.state_folder)
        self._authority = Authority(self.state_folder, self.options.rsa)
        self._log = RequestLog(self._state, self.clock, self.options.reveal_secrets, self.options.log_rows)
        self._faults = FaultQueue()
        self.services: dict[str, Service] = {kind.name: kind(self._state, self.clock) for kind in ALL}
        for name, service in self.services.items():
            setattr(self, name, service)
        self._routes = RouteTable(self.services.values())
        for name, value in self.options.settings.items():
            self.set(name, value)

    def _open_sockets(self) -> None:
        for name in LISTENERS:
            host = self.options.admin_host if name == "admin" else self.options.host
            port = self.options.ports.get(name, 0)
            opened: socket.socket
            if name == "ntp":
                opened = self._ntp_socket = bind_udp(host, port, name)
            else:
                opened = self._sockets[name] = bind_tcp(host, port, name)
            self._exit.callback(opened.close)
            self.ports[name] = opened.getsockname()[1]

    def _run(self) -> None:
        self._ntp = NtpServer(self.clock, self.options.stratum, self._record_ntp, partial(self._faults.take, ALL_NTP))
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        failure: list[BaseException] = []

        def work() -> None:
            asyncio.set_event_loop(self._loop)
            try:
                with contextlib.ExitStack() as closing:
                    closing.callback(self._loop.close)
                    runners = self._loop.run_until_complete(self._serve())
                    closing.callback(lambda: self._loop.run_until_complete(self._cleanup(runners)))
                    ready.set()
                    self._loop.run_forever()
            except BaseException as error:
                # Before the sandbox is ready, the thread that called `start` raises the error.
                failure.append(error)
                if ready.is_set():
                    LOGGER.exception("the sandbox ended with an error")
            finally:
                ready.set()

        thread = threading.Thread(target=work, name="sandbox", daemon=True)
        thread.start()
        ready.wait()
        if failure:
            thread.join()
            raise failure[0]
        # In reverse order of starting: stop the loop, wait for the thread, then close what it used.
        self._exit.callback(thread.join)
        self._exit.callback(self._stop_loop)

    def _stop_loop(self) -> None:
        # A loop that has ended by itself (with an error, which is in the log) is closed.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)

    async def _serve(self) -> list[web.AppRunner]:
        runners = []
        contexts = self._contexts()
        for name, opened in self._sockets.items():
            runner = self._runner(name)
            await runner.setup()
            context = contexts.get(name)
            limits = Limits(self.options.connections or connection_limit(name), self.options.patience)
            await GuardedSite(runner, opened, limits, self._reports(name), context).start()
            runners.append(runner)
        self._ntp_transport, _ = await self._loop.create_datagram_endpoint(lambda: self._ntp, sock=self._ntp_socket)
        return runners

    def _contexts(self) -> dict[str, ssl.SSLContext]:
        """TLS for each listener that has it. The good one shows a faulty certificate while such a fault is set."""
        names = tuple(dict.fromkeys(("localhost", "127.0.0.1", self._public, *self.options.names)))
        found = {
            name: self._authority.context(names, name.removeprefix("https-") if "-" in name else "good")
            for name in self._sockets
            if name.startswith("https")
        }

        def choose(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            fault = self._faults.take(ALL_TLS)
            if fault:
                connection.context = found["https-" + fault.kind.removeprefix("certificate-")]

        found["https"].sni_callback = choose
        return found

    def _runner(self, name: str) -> web.AppRunner:
        common: dict[str, Any] = {"shutdown_timeout": 0.1, "logger": quiet_logger()}
        if name == "admin":
            return web.AppRunner(Admin(self).application(), access_log=None, **common)
        site = Site(name, self._routes, self._log, self._faults, self.clock, self.options.patience)
        return web.AppRunner(site.application(), access_log_class=site.access_logger(), **common)

    async def _cleanup(self, runners: list[web.AppRunner]) -> None:
        self._ntp_transport.close()
        await asyncio.gather(*(runner.cleanup() for runner in runners))
        waiting = asyncio.all_tasks() - {asyncio.current_task()}  # requests with a delay fault
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    def _reports(self, listener: str) -> Reports:
        """Write to the log what a listener tells of a connection without a request."""

        def write(method: str) -> Callable[[str, str], object]:
            return lambda remote, words: self._log.write(
                Packet(listener=listener, method=method, path="-", status=0, remote=remote, note=words)
            )

        return Reports(handshake=write(TLS), ended=write("-"))

    def _record_ntp(self, client: str, length: int, note: str) -> None:
        status = 0 if note.startswith("ignored") else 200
        remote = client.rpartition(":")[0].strip("[]")
        self._log.write(
            Packet(listener="ntp", service="ntp", method="NTP", path=client, status=status, remote=remote, note=note)
        )

    # Addresses.

    @property
    def _public(self) -> str:
        """The name or address by which devices are told to call."""
        if self.options.host in ("0.0.0.0", "::"):
            return self.options.names[0] if self.options.names else "127.0.0.1"
        return self.options.host

    def url(self, service: str, listener: str = "https", host: str | None = None) -> str:
        """A service's base URL at one of the listeners."""
        if service not in self.services:
            raise SandboxError(f"unknown service {service!r} (known: {', '.join(self.services)})")
        scheme = "https" if listener.startswith("https") else "http"
        where = _bracketed(host or self._public)
        return f"{scheme}://{where}:{self.ports[listener]}{self.services[service].bases[0]}"

    @property
    def urls(self) -> dict[str, Urls]:
        """The base URLs of every service."""
        return {name: Urls(self.url(name, "https"), self.url(name, "http")) for name in self.services}

    @property
    def admin_url(self) -> str:
        """The admin API's URL."""
        host = self.options.admin_host
        return f"http://{_bracketed('127.0.0.1' if host in ('0.0.0.0', '::') else host)}:{self.ports['admin']}/admin"

    @property
    def console_url(self) -> str:
        """The console's URL."""
        return self.admin_url.removesuffix("admin")

    @property
    def ntp(self) -> str:
        """The NTP server as ``host:port``."""
        return f"{_bracketed(self._public)}:{self.ports['ntp']}"

    @property
    def ca_pem(self) -> Path:
        """The CA's certificate in PEM."""
        return self._authority.pem

    @property
    def ca_der(self) -> Path:
        """The CA's certificate in DER."""
        return self._authority.der

    @property
    def ca_sha256(self) -> str:
        """The fingerprint of the CA's certificate, spelled as browsers and openssl do."""
        return hashlib.sha256(self.ca_der.read_bytes()).digest().hex(":").upper()

    def info(self) -> dict[str, Any]:
        """All of this as one JSON object; ``serve --json`` prints it."""
        return {
            "urls": {name: urls._asdict() for name, urls in self.urls.items()},
            "console": self.console_url,
            "admin": self.admin_url,
            "ntp": self.ntp,
            "ca_pem": str(self.ca_pem),
            "ca_der": str(self.ca_der),
            "ca_sha256": self.ca_sha256,
            "state": str(self.state_folder),
            "ports": self.ports,
            "time": format_time(self.clock.now()),
        }

    # Operations of the administrator; the admin API and the command line call them too.

    def log(self, service: str | None = None, listener: str | None = None, after: int = 0, **more: Any) -> list[Entry]:
        """The logged requests after an id, oldest first, of one service (or "ntp") or listener or of all.

        ``more``: ``before``, ``device``, ``remote``, ``limit`` and ``reveal``, see RequestLog.read.
        """
        return self._log.read(service, listener, after, **more)

    def follow(self, callback: Callable[[int], object]) -> Callable[[], None]:
        """Call ``callback`` with the id of each entry of the log from now on; see RequestLog.subscribe."""
        return self._log.subscribe(callback)

    @property
    def request_log(self) -> RequestLog:
        """The log itself."""
        return self._log

    def clear_log(self) -> None:
        """Forget the logged requests."""
        self._log.clear()

    def export_state(self) -> dict[str, Any]:
        """Devices, users and tokens of all services, secrets in the clear, to keep as JSON."""
        return export_state(self._state, self.services)

    def import_state(self, state: Mapping[str, Any], replace: bool = False) -> dict[str, int]:
        """Read in what `export_state` returned, all of it or nothing; returns how many rows each service has got."""
        return import_state(self._state, self.services, state, replace)

    def counts(self) -> dict[str, dict[str, int]]:
        """By listener since the start: ``connections`` accepted; in the log: ``requests``."""
        requests = self._log.counts()
        connections = {name: opened.connections for name, opened in self._sockets.items()}
        return {
            name: {"connections": connections.get(name, 0), "requests": requests.get(name, 0)} for name in LISTENERS
        }

    def fault(
        self,
        service: str,
        times: int | None = None,
        status: int | None = None,
        headers: dict[str, str] | None = None,
        body: bytes | str = b"",
        delay: float | None = None,
        drop: Literal["before", "after"] | None = None,
        truncate: int | None = None,
        path: str = "",
        shape: str | None = None,
        *,
        kind: str | None = None,
        device: str = "",
        expires: float = EXPIRES,
    ) -> int:
        """Set a fault for the next requests of a service or of one of its devices; see Fault. Returns its number.

        With a ``kind`` of fault_kinds it lasts until it ``expires`` (seconds), or for so many ``times``; without one it
        is for one request.
        """
        if service not in (*self.services, "*"):
            raise SandboxError(f"unknown service {service!r} (known: {', '.join(self.services)})")
        if device and service == "*":
            raise SandboxError("a fault of one device needs its service")
        content = body.encode() if isinstance(body, str) else body
        fault = make(
            kind,
            service,
            times=times,
            status=status,
            headers=headers,
            body=content or None,
            delay=delay,
            drop=drop,
            truncate=truncate,
            path=path,
            shape=shape,
            device=device,
            expires=expires,
        )
        return self._faults.add(fault)

    def faults(self) -> list[Fault]:
        """The queued faults."""
        return self._faults.pending()

    def clear_faults(self, service: str | None = None, number: int | None = None) -> None:
        """Forget the fault with a number, those of a service, or all, and then the NTP server's, too."""
        self._faults.clear(service, number)
        if service is None and number is None:
            self._ntp.set_fault(None)

    def set_time(self, moment: str | float | None) -> None:
        """Set the clock to an ISO 8601 instant or Unix seconds; None returns to the machine's time."""
        self.clock.set(moment)

    def ntp_fault(self, fault: str | None, times: int | None = None) -> None:
        """Make the NTP server misbehave (see ntp.FAULTS) for some queries or until told otherwise; None stops it."""
        self._ntp.set_fault(fault, times)

    def ntp_state(self) -> dict[str, Any]:
        """The NTP server's present fault, offset (seconds) and how many packets it got."""
        return {"fault": self._ntp.fault, "offset": self._ntp.offset, "queries": self._ntp.queries}

    def ntp_offset(self, seconds: float) -> None:
        """Add an offset to the NTP server's time, but not to that of the services."""
        if not abs(seconds) <= TWO_CENTURIES:  # which NaN is not
            raise SandboxError(f"offset must be a number from -{TWO_CENTURIES} to {TWO_CENTURIES}")
        self._ntp.offset = seconds

    def set(self, name: str, value: Any) -> None:
        """Change a service's setting: ``set("etherfax.day_tolerance", 1)``."""
        service, dot, setting = name.partition(".")
        if not dot or service not in self.services:
            raise BadOption(f"no such setting: {name!r} (wanted: SERVICE.NAME)")
        self.services[service].set(setting, value)


def _bracketed(host: str) -> str:
    """A host as it is written in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host
