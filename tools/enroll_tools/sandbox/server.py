"""The sandbox itself: opens its parts in order, and passes on what the administrator asks of them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

from .admin import Admin
from .background import in_background
from .certificates import Authority
from .client import RUNNING
from .clock import Clock, format_time
from .errors import BadOption, SandboxError
from .fault_kinds import DAY, EXPIRES
from .faults import Fault, FaultEvent, FaultQueue, make
from .files import write_private
from .keys import keep_key
from .listeners import ANY, bracketed
from .log import Entry, RequestLog
from .ntp import TWO_CENTURIES
from .options import LISTENERS, Options
from .routing import RouteTable
from .services import ALL, Azure, Centagate, Cumulocity, EtherFax, IckStream, OAuth, Rest, Service, ThingsBoard, Xyte
from .serving import Serving, Shared
from .sessions import Sessions
from .state import State
from .transfer import export_state, import_state


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
            self._open_listeners()
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
        self._state = State(self.state_folder, lasting=self._folder is not None)
        self._exit.callback(self._state.close)
        self.admin_key = self.options.admin_key or keep_key(self.state_folder)
        self.sessions = Sessions(self.admin_key, self._state)
        self._authority = Authority(self.state_folder, self.options.rsa)
        self._log = RequestLog(self._state, self.clock, self.options.reveal_secrets, self.options.log_rows)
        self._faults = FaultQueue(wall=self.clock.now)
        if self.options.most is not None:
            self._faults.add(make("overloaded", "*", most=self.options.most, expires=DAY))
        self.services: dict[str, Service] = {kind.name: kind(self._state, self.clock) for kind in ALL}
        for name, service in self.services.items():
            setattr(self, name, service)
        for name, value in self.options.settings.items():
            self.set(name, value)

    def _open_listeners(self) -> None:
        routes = RouteTable(self.services.values())
        shared = Shared(self.options, self.clock, self._log, self._faults, self._authority, routes)
        names = (self._public, *self.options.names)
        self._serving = Serving(shared, names, lambda: Admin(self).application())
        self._ntp = self._serving.ntp
        self._exit.enter_context(self._serving.bind())
        self.ports = self._serving.ports
        self._exit.enter_context(in_background(self._serving.serve))

    # Addresses.

    @property
    def _public(self) -> str:
        """The name or address by which devices are told to call."""
        if self.options.host in ANY:
            return self.options.names[0] if self.options.names else "127.0.0.1"
        return self.options.host

    def url(self, service: str, listener: str = "https", host: str | None = None) -> str:
        """A service's base URL at one of the listeners."""
        if service not in self.services:
            raise SandboxError(f"unknown service {service!r} (known: {', '.join(self.services)})")
        scheme = "https" if listener.startswith("https") else "http"
        where = bracketed(host or self._public)
        return f"{scheme}://{where}:{self.ports[listener]}{self.services[service].bases[0]}"

    @property
    def urls(self) -> dict[str, Urls]:
        """The base URLs of every service."""
        return {name: Urls(self.url(name, "https"), self.url(name, "http")) for name in self.services}

    @property
    def admin_url(self) -> str:
        """The admin API's URL."""
        host = self.options.admin_host
        return f"http://{bracketed('127.0.0.1' if host in ANY else host)}:{self.ports['admin']}/admin"

    @property
    def console_url(self) -> str:
        """The console's URL."""
        return self.admin_url.removesuffix("admin")

    def console_link(self) -> str:
        """A link that lets one browser into the console, once, within ten minutes."""
        return f"{self.console_url}login?ticket={self.sessions.ticket()}"

    @property
    def ntp(self) -> str:
        """The NTP server as ``host:port``."""
        return f"{bracketed(self._public)}:{self.ports['ntp']}"

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
        connections = {name: opened.connections for name, opened in self._serving.sockets.items()}
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
        registration: bool = False,
        most: int | None = None,
    ) -> int:
        """Set a fault for the next requests of a service or of one of its devices; see Fault. Returns its number.

        With a ``kind`` of fault_kinds it lasts until it ``expires`` (seconds), or for so many ``times``; without one it
        is for one request.
        """
        if service not in (*self.services, "*"):
            raise SandboxError(f"unknown service {service!r} (known: {', '.join(self.services)})")
        if device and service == "*":
            raise SandboxError("a fault of one device cannot be for every service: name its service instead of *")
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
            registration=registration,
            most=most,
        )
        return self._faults.add(fault)

    def faults(self) -> list[Fault]:
        """The queued faults."""
        return self._faults.pending()

    def fault_events(self, service: str, device: str) -> list[FaultEvent]:
        """What happened to the faults that could meet a device since the start, the oldest first."""
        return self._faults.events(service, device)

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
