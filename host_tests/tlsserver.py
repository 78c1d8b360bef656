"""A TLS server on loopback whose certificates are looked at."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading


class TlsServer:
    """Serves until it is closed; `port` is where. `context`: its TLS."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def address(self) -> str:
        """HOST:PORT"""
        return f"127.0.0.1:{self.port}"

    def talk(self, stream: ssl.SSLSocket) -> None:
        """Take one byte from a client, and answer with one."""
        stream.recv(1)
        stream.sendall(b"y")

    def _run(self) -> None:
        while True:
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), stream, stream.dup() as below:
                stream.settimeout(10)
                below.settimeout(10)
                try:
                    with self._context.wrap_socket(stream, server_side=True) as inner:
                        self.talk(inner)
                finally:
                    drain(below)

    def close(self) -> None:
        """Close the listener, and wait until the client that is there is gone. May be called again."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(25)
        self._listener.close()


def drain(stream: socket.socket) -> None:
    """Close in such a way that the alert arrives: bytes that no one has read would turn the end into a reset."""
    stream.shutdown(socket.SHUT_WR)
    while stream.recv(4096):
        pass
