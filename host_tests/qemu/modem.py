"""The other end of the machine's second serial line: opens connections for it. port/modules/socket.py has the frames.

It leads to this machine's own services only.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading

PIECE = 200  # bytes of a frame at most


class Modem(threading.Thread):
    """Listens on `port` until QEMU comes, and serves it until it goes. `opened` counts connections."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._peer: socket.socket | None = None
        self._number = 0
        self.opened = 0
        self.port: int = self._listener.getsockname()[1]

    def run(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            line, _ = self._listener.accept()
            with line, line.makefile("rb", 0) as frames:
                while True:
                    ready = select.select([it for it in (line, self._peer) if it], [], [])[0]
                    if line in ready:
                        self._frame(line, frames)
                    elif self._peer:
                        self._answer(line)
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connection, if there is one."""
        if self._peer:
            self._peer.close()
            self._peer = None

    def close(self) -> None:
        self._listener.close()

    def _frame(self, line: socket.socket, frames: socket.SocketIO) -> None:
        """Carry out a frame of the machine."""
        number, kind, size = _exactly(frames, 3)
        data = _exactly(frames, size)
        if kind in b"tu":
            self._open(line, number, kind == ord("t"), data.decode())
        elif number == self._number and kind == ord("c"):
            self.hang_up()
        elif number == self._number and self._peer:
            self._peer.sendall(data)

    def _open(self, line: socket.socket, number: int, stream: bool, where: str) -> None:
        self.hang_up()
        self._number = number
        self.opened += 1
        host, _, port = where.partition(":")
        peer = socket.socket(type=socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
        try:
            if host not in ("localhost", "127.0.0.1"):
                raise OSError(f"{host} is elsewhere")
            peer.connect(("127.0.0.1", int(port)))
        except OSError:
            peer.close()
            self._tell(line, "c")
            return
        self._peer = peer
        self._tell(line, "o")

    def _answer(self, line: socket.socket) -> None:
        """Pass on what has arrived, or the end."""
        assert self._peer
        try:
            data = self._peer.recv(PIECE)
        except OSError:
            data = b""
        self._tell(line, "d" if data else "c", data)
        if not data:
            self.hang_up()

    def _tell(self, line: socket.socket, kind: str, data: bytes = b"") -> None:
        line.sendall(bytes((self._number, ord(kind), len(data))) + data)


def _exactly(frames: socket.SocketIO, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = frames.read(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data
