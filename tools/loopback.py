"""Ports of loopback."""

import socket


def free(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody uses now. Another process may take it before its caller does."""
    with socket.socket(type=kind) as it:
        it.bind(("127.0.0.1", 0))
        port: int = it.getsockname()[1]
        return port
