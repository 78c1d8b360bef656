"""Ports of loopback."""

import contextlib
import random
import socket


def free(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody uses now. Another process may take it before its caller does."""
    with socket.socket(type=kind) as it:
        it.bind(("127.0.0.1", 0))
        port: int = it.getsockname()[1]
        return port


def lasting(datagrams: bool = False) -> int:
    """A port that nobody uses now, and that no client is given either while its server is away for a moment."""
    kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
    while True:
        port = random.randrange(10_000, 30_000)  # Linux gives clients those from 32768 on, others from 49152
        with contextlib.suppress(OSError), socket.socket(type=kind) as it:
            it.bind(("127.0.0.1", port))
            return port
