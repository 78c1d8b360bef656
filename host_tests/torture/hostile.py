"""A server that misbehaves on demand: one thread, a port for every script, with a correct NTP server.

A script is a list of moves: bytes to send, or one of the Moves below, with TLS or without. What has not been named is
done at its time: the handshake before the request is read, the request before anything is sent after it. A script
that has ended waits for the device to hang up.
"""

import contextlib
import selectors
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

from enroll_tools.sandbox import ntp

PATIENCE = 5  # seconds after which a device that has not hung up never will
BROKEN = 3  # connections that were never closed, after which nobody waits so long for another
_LINGER = struct.pack("ii", 1, 0)  # close with a reset


class Move(Enum):
    """A script's other moves besides sending."""

    REFUSE = "nobody listens"
    STALL = "the backlog is full, nobody accepts"
    HANDSHAKE = "make the TLS handshake"
    BEGUN = "make it, and read a byte of the request, as a server that answers before it has read it"
    REQUEST = "make it, and read the request"
    AGAIN = "read another request on the same connection"
    CLOSE = "say goodbye inside TLS, then end the stream"
    CUT = "end the stream"
    RESET = "reset the connection"


@dataclass(frozen=True)
class Endless:
    """Send `data` again and again, `pause` seconds apart, until the device hangs up; at most `times`."""

    data: bytes
    pause: float = 0
    times: int = 1 << 30


@dataclass(frozen=True)
class Raw:
    """Send `data` under TLS, not inside it; again and again for so many `seconds`."""

    data: bytes
    seconds: float = 0


@dataclass(frozen=True)
class Hello:
    """Answer the device's hello with the first `most` bytes of what a handshake would say."""

    most: int


Moves = list[Move | bytes | Endless | Raw | Hello]


@dataclass
class Visits:
    """The connections that a script has had, how many the device never closed, and what was asked."""

    closed: bool  # nobody accepts
    made: int = 0
    left_open: int = 0
    requests: list[bytes] = field(default_factory=list)  # the last two
    errors: list[str] = field(default_factory=list)


class Hostile:
    """Plays one script a port. `context`: speak TLS. Use it as a context manager."""

    def __init__(self, scripts: dict[str, Moves], context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self._selector = selectors.DefaultSelector()
        self._sockets: list[socket.socket] = []
        self.visits = {name: Visits(moves in ([Move.REFUSE], [Move.STALL])) for name, moves in scripts.items()}
        self.ports = {name: self._open(name, moves) for name, moves in scripts.items()}
        time_server = self._bind(socket.SOCK_DGRAM)
        self.ntp = time_server.getsockname()[1]
        self._selector.register(time_server, selectors.EVENT_READ, lambda: _tell_time(time_server))
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._wake.close()
        self._thread.join()
        self._selector.close()
        for opened in (*self._sockets, self._woken):
            opened.close()

    def _bind(self, kind: int) -> socket.socket:
        found = socket.socket(socket.AF_INET, kind)
        found.bind(("127.0.0.1", 0))
        self._sockets.append(found)
        return found

    def _open(self, name: str, moves: Moves) -> int:
        """Listen for the script `name`, or do not; returns the port."""
        listener = self._bind(socket.SOCK_STREAM)
        where = listener.getsockname()
        if moves == [Move.STALL]:
            listener.listen(0)
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(where)
                self._sockets.append(filler)
        elif moves != [Move.REFUSE]:
            listener.listen()
            self._selector.register(
                listener, selectors.EVENT_READ, lambda: self._accept(listener, moves, self.visits[name])
            )
        return int(where[1])

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                key.data()

    def _accept(self, listener: socket.socket, moves: Moves, visits: Visits) -> None:
        connection = listener.accept()[0]
        visits.made += 1
        patience = PATIENCE if sum(it.left_open for it in self.visits.values()) < BROKEN else 0.5
        try:
            with connection:
                _Play(connection, self._context, visits, patience).run(moves)
        except TimeoutError:
            visits.left_open += 1
        except OSError:
            pass  # the device has hung up
        except Exception as error:
            visits.errors.append(repr(error))


class _Play:
    """One connection on which a script runs. TLS runs in memory, so that the script can also touch the bytes below
    it."""

    def __init__(
        self, connection: socket.socket, context: ssl.SSLContext | None, visits: Visits, patience: float
    ) -> None:
        self._connection = connection
        self._connection.settimeout(patience)
        self._patience = patience
        self._into, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._into, self._out, server_side=True) if context else None
        self._secure = False
        self._visits = visits
        self._asked = False

    def run(self, moves: Moves) -> None:
        """Play `moves` to their end, and wait for the device's. Raises TimeoutError if it does not hang up."""
        try:
            for move in moves:
                self._move(move)
        except ssl.SSLError:
            pass  # the device refuses to go on inside TLS; it still has to hang up
        if Move.RESET not in moves:
            self._listen(self._patience)
            raise TimeoutError

    def _move(self, move: object) -> None:
        if isinstance(move, Move):
            self._act(move)
        elif isinstance(move, Raw):
            end = time.monotonic() + move.seconds
            self._patience += move.seconds  # the device has to work off what waits in the buffers behind it
            self._connection.sendall(move.data)
            while time.monotonic() < end:
                self._connection.sendall(move.data)
        elif isinstance(move, Hello):
            self._hello(move.most)
        elif isinstance(move, Endless):
            self._ask()
            self._repeat(move)
        elif isinstance(move, bytes):
            self._ask()
            self._send(move)

    def _act(self, move: Move) -> None:
        if move is Move.HANDSHAKE:
            self._shake_hands()
        elif move is Move.BEGUN:
            self._shake_hands()
            self._asked = True
            if not self._into.pending:  # part of the request may have come with the end of the handshake
                self._into.write(self._connection.recv(1))
        elif move in (Move.REQUEST, Move.AGAIN):
            self._asked = self._asked and move is Move.REQUEST
            self._ask()
        elif move is Move.RESET:
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        else:
            if move is Move.CLOSE and self._tls and self._secure:
                with contextlib.suppress(ssl.SSLWantReadError):
                    self._tls.unwrap()
                self._flush()
            self._connection.shutdown(socket.SHUT_WR)

    def _flush(self) -> None:
        self._connection.sendall(self._out.read())

    def _more(self) -> bytes:
        data = self._connection.recv(65536)
        if not data:
            raise ConnectionError("the device has hung up")
        return data

    def _hello(self, most: int) -> None:
        """The first bytes of the server's side of the handshake."""
        assert self._tls
        self._into.write(self._more())
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
        self._connection.sendall(self._out.read()[:most])

    def _shake_hands(self) -> None:
        while self._tls and not self._secure:
            try:
                self._tls.do_handshake()
                self._secure = True
                self._flush()
            except ssl.SSLWantReadError:
                self._flush()
                self._into.write(self._more())

    def _send(self, data: bytes) -> None:
        if self._tls:
            self._tls.write(data)
            self._flush()
        else:
            self._connection.sendall(data)

    def _receive(self) -> bytes:
        while self._tls:
            try:
                return self._tls.read(4096)
            except ssl.SSLWantReadError:
                self._into.write(self._more())
        return self._more()

    def _ask(self) -> None:
        """Read the request, head and body."""
        if self._asked:
            return
        self._shake_hands()
        self._asked = True
        request = b""
        while b"\r\n\r\n" not in request:
            request += self._receive()
        head, _, body = request.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r")[0]
        while len(body) < int(length or 0):
            body += self._receive()
        self._visits.requests = [*self._visits.requests[-1:], head + body]

    def _listen(self, seconds: float) -> None:
        """Wait so long for the device to hang up, which raises ConnectionError."""
        end = time.monotonic() + seconds
        try:
            while (left := end - time.monotonic()) > 0:
                self._connection.settimeout(left)
                self._more()
        except TimeoutError:
            pass
        self._connection.settimeout(self._patience)

    def _repeat(self, what: Endless) -> None:
        end = time.monotonic() + self._patience
        for _ in range(what.times):
            self._send(what.data)
            if what.pause:
                self._listen(what.pause)
            if time.monotonic() > end:
                raise TimeoutError


def _tell_time(server: socket.socket) -> None:
    """Answer a query for the time as a good NTP server does."""
    with contextlib.suppress(OSError):
        query, address = server.recvfrom(64)
        server.sendto(ntp.answer(query, time.time(), time.time(), stratum=2), address)
