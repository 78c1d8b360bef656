"""The sockets: all bound before anything runs, so that a busy port or a forbidden address is reported at once."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
from typing import TypeVar

from .errors import SandboxError

Address = tuple[str, int]
Socket = TypeVar("Socket", bound=socket.socket)

ANY = ("0.0.0.0", "::")  # hosts that stand for all addresses of this computer
_NO_MORE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def bracketed(host: str) -> str:
    """A host as it is written in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


class CountingSocket(socket.socket):
    """A listening socket that counts connections, including those that fail before TLS is set up."""

    connections = 0
    _spare: int | None = None  # a descriptor to accept with when the process has no other left

    def listen(self, *backlog: int) -> None:
        """Let connections come. The spare descriptor is taken here, as there may be none when the first one comes."""
        super().listen(*backlog)
        self._keep_spare()

    def accept(self) -> tuple[socket.socket, Address]:
        """Accept a connection and count it. With no descriptor left, close it at once: it would be reported as new
        forever. Raises ConnectionAbortedError then, after which the event loop looks for other work."""
        self._keep_spare()
        try:
            accepted = super().accept()
        except OSError as error:
            if error.errno not in _NO_MORE:
                raise
            self._refuse()
            raise ConnectionAbortedError from None
        self.connections += 1
        return accepted

    def _refuse(self) -> None:
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
        with contextlib.suppress(OSError):
            super().accept()[0].close()
        self._keep_spare()

    def _keep_spare(self) -> None:
        """Take a spare descriptor. If there is none, because a thread was quicker, the next look at it takes one."""
        with contextlib.suppress(OSError):
            if self._spare is None:
                self._spare = os.open(os.devnull, os.O_RDONLY)

    def close(self) -> None:
        """Close the socket and what it kept."""
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
        super().close()


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can be reached from this machine only. Raises SandboxError if unknown."""
    return all(ipaddress.ip_address(address).is_loopback for _, address in _resolve(host))


def _resolve(host: str) -> list[tuple[int, str]]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise SandboxError(f"cannot listen on {host!r}: no such host") from None
    return [(family, str(address[0]).partition("%")[0]) for family, _, _, _, address in found]


# Addresses beyond this computer: to "connect" a UDP socket asks the kernel for its way there, and sends nothing.
_ELSEWHERE = ("192.0.2.1", "192.168.255.254", "10.255.255.254", "172.31.255.254", "169.254.255.254")


def lan_address() -> str:
    """This computer's address in its network. Raises SandboxError."""
    for address in _ELSEWHERE:
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
            opened.connect((address, 9))
            found = str(opened.getsockname()[0])
            if not ipaddress.ip_address(found).is_loopback:
                return found
    raise SandboxError("this computer has no network: join the board's, or name this computer's address by --host")


def _bind(kind: type[Socket], sort: int, host: str, port: int, what: str) -> Socket:
    # A name may stand for several addresses; IPv4 is what every device speaks.
    family, address = sorted(_resolve(host), key=lambda item: item[0] != socket.AF_INET)[0]
    opened = kind(family, sort)
    try:
        if sort == socket.SOCK_STREAM:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((address, port))
        opened.setblocking(False)
        if sort == socket.SOCK_STREAM:
            opened.listen(128)
    except (OSError, OverflowError) as error:
        opened.close()
        reason = getattr(error, "strerror", None) or error
        remedy = f"use --free-ports without --port {what}, or --port {what}=NUMBER for another"
        raise SandboxError(f"cannot listen on {host} port {port} for {what}, {reason}: {remedy}") from None
    return opened


def bind_tcp(host: str, port: int, what: str) -> CountingSocket:
    """A listening TCP socket; port 0 takes any free one. Raises SandboxError."""
    return _bind(CountingSocket, socket.SOCK_STREAM, host, port, what)


def bind_udp(host: str, port: int, what: str) -> socket.socket:
    """A bound UDP socket; port 0 takes any free one. Raises SandboxError."""
    return _bind(socket.socket, socket.SOCK_DGRAM, host, port, what)
