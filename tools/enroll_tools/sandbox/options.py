"""The options of a sandbox, and the names of its listeners."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from .certificates import FAULTY
from .errors import BadOption
from .keys import check_key
from .listeners import is_loopback
from .log import ROWS
from .operations import MANY

# Fixed, because people write them into configurations; listeners with faulty certificates and tests take free ports.
DAY = 86_400
DEFAULT_PORTS = {"http": 8080, "https": 8443, "admin": 8079, "ntp": 8123}
LISTENERS = ("http", "https", *("https-" + kind for kind in FAULTY), "admin", "ntp")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """How a sandbox starts.

    ``ports``: fixed ports by listener (``http``, ``https``, ``admin``, ``ntp`` and the faulty ones); a free port for
    those left out. ``names``: additional names and addresses for the certificate. ``rsa``: RSA-2048 keys, else ECDSA
    P-256 ones. ``time``: an instant at which the clock starts. ``settings``: the services' settings,
    ``{"etherfax.day_tolerance": 1}``. Beyond loopback it listens only with ``listen_anywhere``.
    ``admin_key``: instead of the random one in the state folder. ``log_rows``: how many of the newest requests the log
    keeps. ``connections``: how many each listener may have, by default as many as the process's limit of descriptors
    allows. ``most``: requests that the services take in a second, for a day; each further one gets 503, as by the fault
    ``overloaded`` of all. ``patience``: seconds that a client may take for a TLS handshake, for a request's head and
    for its body.
    """

    host: str = "127.0.0.1"
    admin_host: str = "127.0.0.1"
    ports: Mapping[str, int] = dataclasses.field(default_factory=dict)
    names: tuple[str, ...] = ()
    time: str | None = None
    stratum: int = 2
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    rsa: bool = False
    reveal_secrets: bool = False
    listen_anywhere: bool = False
    admin_key: str | None = None
    log_rows: int = ROWS
    connections: int | None = None
    most: int | None = None
    patience: float = 30.0

    def check(self) -> None:
        """Refuse what would expose the sandbox by accident. Raises BadOption."""
        if self.admin_key is not None:
            check_key(self.admin_key)
        if self.log_rows < 1:
            raise BadOption("log_rows must be at least 1")
        if self.connections is not None and self.connections < 1:
            raise BadOption("connections must be at least 1")
        if self.most is not None and not 1 <= self.most <= MANY:
            raise BadOption(f"most must be a whole number from 1 to {MANY}")
        if not 0 < self.patience <= DAY:  # which NaN is not
            raise BadOption(f"patience must be a number of seconds from 0 to {DAY}")
        unknown = set(self.ports) - set(LISTENERS)
        if unknown:
            raise BadOption(f"unknown listener {min(unknown)!r} (known: {', '.join(LISTENERS)})")
        for host in (self.host, self.admin_host):
            if not is_loopback(host) and not self.listen_anywhere:
                raise BadOption(f"{host} is not loopback: listening there needs --listen-anywhere")
