"""HTTP/1.1 (RFC 9110, RFC 9112): encodes requests, and reads answers within fixed bounds.

What waits is a task for the drivers of tasks.py. A redirect is an answer like any other and is never followed.
"""

from .connection import Connection, connect
from .errors import EnrollError
from .tasks import ignore
from .url import split

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_HEAD = const(65536)  # bytes of status line and headers together
_KEPT = const(16384)  # bytes of these that are kept
_SIZE = const(8192)  # bytes of a chunk's size line, and of the trailers after the last one
_JOINED = const(4096)  # bytes of the longest body that is sent in one piece with its head
_BODY = const(8192)  # bytes of the longest body that is kept: no record takes more
_MORE = const(256)  # bytes by which a body's buffer grows
_RESET = const(104)  # ECONNRESET
_USUAL = const("Connection: close\nUser-Agent: enroll\nAccept: application/json\nAccept-Encoding: identity")
_NEEDED = const(("content-length", "transfer-encoding", "date", "retry-after"))


def unreadable(fact: str) -> EnrollError:
    return EnrollError("answer", "unreadable HTTP, %s" % fact)


def add(headers: dict, name: str, value) -> None:
    """Add a header unless `headers` has one of that name. Case does not matter."""
    for there in headers:
        if there.lower() == name.lower():
            return
    headers[name] = value


def encode(method: str, target: tuple, headers: dict, body) -> "tuple[bytes, Any]":
    """Encode a request as (head, body). A short `body` becomes part of the head; the second item is then empty.

    `target`: what `split` returns. `headers`: gets the usual headers that it lacks. Raises EnrollError("configuration")
    for a header with a line break.
    """
    scheme, host, port, path = target
    add(headers, "Host", host if port == (443 if scheme == "https" else 80) else host + ":" + str(port))
    for usual in _USUAL.split("\n"):
        add(headers, *usual.split(": "))
    if body or method[0] == "P":
        add(headers, "Content-Length", len(body))
    lines = [("%s %s HTTP/1.1" % (method, path)).encode()]
    for name, value in headers.items():
        line = ("%s: %s" % (name, value)).encode()
        if min(line) < 32:
            from .mistakes import header

            raise header(name)
        lines.append(line)
    lines += [b"", b""]
    if len(body) <= _JOINED:  # in one piece: a server may answer and hang up once it has read the head
        lines[-1] = body
        body = b""
    return b"\r\n".join(lines), body


class Exchange:
    """One request over `connection`, and its answer.

    `ask` sets `line` (the status line), `status_code` and `headers` (names in lower case). After that, `read` returns
    the body piece by piece, or `body` reads all of it. There is no `line` before an answer has begun.
    """

    line: bytes
    headers: dict[str, str]

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._room = _HEAD  # bytes that the rest of the head may take
        self.left: int | None = 0  # bytes of the body, or of this chunk, still to come; None: until the connection ends
        self.chunked = False
        self.status_code = 0
        self.size = 0  # bytes of the body that `body` has read

    def close(self) -> None:
        """Close the connection. Allocates nothing: the heap may be full."""
        self.connection.close()

    def ask(self, method: str, data: bytes, body, ready, brief: bool):
        """Task: send `data` and `body`, as `encode` returns them, and read the head of the answer.

        `ready()`: called before the first byte is sent. `brief`: see `_head`. If sending fails, an answer is read all
        the same: it may say why.
        """
        ready()
        failure = None
        try:
            for part in (data, body):
                part = memoryview(part)
                while part and not self.status_code:
                    # once an answer has begun, read it: after a write that fails, TLS reads nothing more
                    if body and self.connection.left and (yield from self.connection.peek()):
                        yield from self._head(method, brief)
                    else:
                        part = part[(yield from self.connection.write(part)) :]
        except OSError as error:
            failure = error
        try:
            while not self.status_code:
                yield from self._head(method, brief)
        except OSError as error:
            raise failure or error

    def readline(self, size: int):
        """Task: return the next line without its end, cut to `size` bytes. All of it counts against `_room`."""
        line = end = b""
        while not end:
            data = yield from self.connection.read()
            if not data:
                raise OSError(_RESET)
            part, end, self.connection.rest = data.partition(b"\n")
            self._room -= len(part) + len(end)
            if self._room < 0:
                raise unreadable("too many headers")
            line += part[: size - len(line)]
        return line.rstrip(b"\r")

    def _head(self, method: str, brief: bool):
        """Task: read one status and its headers: those of the answer, or interim ones (1xx), which may come before it.

        `brief`: keep only the headers in _NEEDED, each line cut to 64 bytes; a second value that differs from the first
        is appended.
        """
        most = 64 if brief else _KEPT
        headers: dict[str, str] = {}
        self.headers = headers
        line = (yield from self.readline(most)) or (yield from self.readline(most))  # an empty line may come first
        if line[:7] + line[8:9] + line[12:13].strip() != b"HTTP/1. " or not line[9:12].isdigit():
            raise unreadable("status line")
        self.line = line
        status = int(line[9:12])
        kept = 0
        while line:
            line = yield from self.readline(most)
            try:
                name, colon, value = str(line, "utf-8").partition(":")
            except ValueError:
                continue  # not UTF-8: no header that matters here
            name = name.lower()
            value = value.strip()
            before = headers.get(name)
            if colon and (not brief or (name in _NEEDED and len(before or "") < 20)) and before != value:
                headers[name] = before + ", " + value if before else value
                kept += len(line)
                if kept >= _KEPT:
                    raise unreadable("too many headers")
        if status < 200:
            return
        self.status_code = status  # now `ask` is done
        if method == "HEAD" or status in (204, 304):
            return
        length = headers.get("content-length", "")
        coding = headers.get("transfer-encoding", "").lower()
        self.chunked = coding.split(",")[-1].strip() == "chunked"
        if not self.chunked:  # if the framing makes no sense, read until the connection ends: nothing is lost
            self.left = int(length) if length.isdigit() and len(length) < 10 and coding in ("", "identity") else None

    def read(self):
        """Task: return the next bytes of the body, b"" at its end."""
        if self.chunked and not self.left:  # go on to the next chunk (RFC 9112, 7.1)
            self._room = _SIZE
            # after a chunk, the first line is the empty end of that chunk
            size = (yield from self.readline(40)) or (yield from self.readline(40))
            try:
                self.left = int(size.partition(b";")[0], 16)
            except ValueError:
                self.left = -1
            if not 0 <= self.left < 1 << 30:
                raise unreadable("chunk size")
            if not self.left:
                self.chunked = False
                while (yield from self.readline(1)):  # trailers
                    pass
        left = self.left
        if left == 0:
            return b""
        data = yield from self.connection.read()
        if left is not None:
            if not data:
                raise OSError(_RESET)
            self.connection.rest = data[left:]
            data = data[:left]
            self.left = left - len(data)
        return data

    def body(self, buffer: bytearray):
        """Task: read the body into `buffer`, which grows if it is too short. `size` counts the bytes that came, even if
        this raises.
        """
        while True:
            piece = yield from self.read()
            if not piece:
                return
            piece = piece[: _BODY - self.size]
            if not piece:
                raise unreadable("body too long")
            end = self.size + len(piece)
            if end > len(buffer):
                buffer.extend(bytes(_MORE))  # in larger steps than pieces: each time the buffer may have to move
            buffer[self.size : end] = piece
            self.size = end


def exchange(
    method: str, url: str, body=b"", headers=None, timeout: float = 20, ca=None, ready=ignore, brief=True, verify=True
):
    """Task: send a request and return its Exchange, with the body still unread. The caller closes the Exchange.

    `timeout`: seconds for everything. `ca`: path of the CA certificates, required for https unless `verify` is False;
    that is for requests without any credential. `ready()`: called once the connection is up and the server is verified,
    before the first byte is sent. `brief`: keep only the headers that this package needs.

    Raises OSError for the connection, EnrollError (`certificate`, `memory`, `network`, `answer`, `configuration`) and
    ValueError as `split` does. `unsent` of the EnrollError is true if the server cannot have acted on the request.
    """
    scheme, host, port = split(url)[:3]
    secure = scheme == "https"
    if secure and verify and not ca:
        from .mistakes import no_ca

        raise no_ca()
    data, body = encode(method, split(url), headers or {}, body)  # raises before a connection is made
    connection = yield from connect(host, port, timeout)
    try:
        if secure:
            yield from connection.secure(host, ca if verify else None)
        it = Exchange(connection)
        yield from it.ask(method, data, body, ready, brief)
        return it
    except BaseException as error:
        connection.close()
        if isinstance(error, EnrollError):
            error.unsent = not connection.left
        raise
