"""HTTP/1.1 (RFC 9110, RFC 9112): the bytes of a request, and its answer, read within bounds.

Everything is a task for the drivers of `tasks.py`. Redirects are answers like any other: nothing is sent elsewhere.
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
_KEPT = const(16384)  # and of what is kept of them
_SIZE = const(8192)  # bytes of a line with the size of a chunk, or of trailers
_JOINED = const(4096)  # bytes of a body that leaves together with its head
_BODY = const(8192)  # bytes of a body that is kept: no record takes more
_MORE = const(256)  # bytes by which the buffer of a body grows
_RESET = const(104)  # ECONNRESET
_USUAL = const("Connection: close\nUser-Agent: enroll\nAccept: application/json\nAccept-Encoding: identity")
_NEEDED = const(("content-length", "transfer-encoding", "date", "retry-after"))


def _malformed(fact: str) -> EnrollError:
    return EnrollError("answer", "no HTTP that can be read, %s" % fact)


def add(headers: dict, name: str, value) -> None:
    """Add a header unless there is one of that name, in any case."""
    for there in headers:
        if there.lower() == name.lower():
            return
    headers[name] = value


def encode(method: str, target: tuple, headers: dict, body) -> "tuple[bytes, Any]":
    """The bytes of a request to `target`, as `split` gives it: its head, with a short `body` in it, and what is left of
    `body`. Raises EnrollError("configuration") for a header that cannot be sent.
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
            raise EnrollError("configuration", "a line break in the header %s: take it out" % name)
        lines.append(line)
    lines += [b"", b""]
    if len(body) <= _JOINED:  # in one piece: a server may answer and hang up when it has seen the head
        lines[-1] = body
        body = b""
    return b"\r\n".join(lines), body


class Exchange:
    """One request over a connection, and its answer: after `ask` there are `line`, its first, `status_code` and
    `headers` (names in lower case), then the body comes piece by piece or whole.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._room = _HEAD  # bytes that the head may still take
        self.left: int | None = 0  # bytes of the body, or of its chunk, still to come; None: until the end
        self.chunked = False
        self.line = b""  # of the status
        self.status_code = 100
        self.headers: dict[str, str] = {}
        self.size = 0  # bytes of the body that `body` has read

    def close(self) -> None:
        """Close the connection. It takes no heap, of which there may be none left."""
        self.connection.close()

    def ask(self, method: str, data: bytes, body, ready, brief: bool):
        """Task: send `data` and `body`, as `encode` gives them, and read the head of the answer.

        `ready()` is called when nothing has been sent. An answer is read even if not all of the request could be sent:
        it may say why. `brief`: see `_head`.
        """
        ready()
        failure = None
        try:
            for part in (data, body):
                part = memoryview(part)
                # an answer that begins is read at once: after a write that fails, TLS reads nothing more
                while part and not (body and self.connection.left and (yield from self.connection.peek())):
                    part = part[(yield from self.connection.write(part)) :]
        except OSError as error:
            failure = error
        try:
            yield from self._head(method, brief)
        except OSError as error:
            raise failure or error

    def readline(self, size: int):
        """Task: the next line without its end, cut to `size` bytes; all of it counts against the head's bound."""
        line = end = b""
        while not end:
            data = yield from self.connection.read()
            if not data:
                raise OSError(_RESET)
            part, end, self.connection.rest = data.partition(b"\n")
            self._room -= len(part) + len(end)
            if self._room < 0:
                raise _malformed("too many headers")
            line += part[: size - len(line)]
        return line.rstrip(b"\r")

    def _head(self, method: str, brief: bool):
        """Task: read status and headers. `brief`: of the headers only _NEEDED, of each only the first characters
        and what contradicts them.
        """
        most = 64 if brief else _KEPT
        headers: dict[str, str] = {}
        while self.status_code < 200:
            line = (yield from self.readline(most)) or (yield from self.readline(most))  # an empty one may come first
            if line[:7] != b"HTTP/1." or line[8:9] + line[12:13].strip() != b" " or not line[9:12].isdigit():
                raise _malformed("status")
            self.line = line
            self.status_code = int(line[9:12])
            headers.clear()
            kept = 0
            while line:
                line = yield from self.readline(most)
                try:
                    name, colon, value = str(line, "utf-8").partition(":")
                except ValueError:
                    continue  # no header that matters here
                name = name.lower()
                value = value.strip()
                before = headers.get(name)
                if colon and (not brief or (name in _NEEDED and len(before or "") < 20)) and before != value:
                    headers[name] = before + ", " + value if before else value
                    kept += len(line)
                    if kept >= _KEPT:
                        raise _malformed("too many headers")
        self.headers = headers
        if method == "HEAD" or self.status_code in (204, 304):
            return
        length = headers.get("content-length", "")
        coding = headers.get("transfer-encoding", "").lower()
        self.chunked = coding.split(",")[-1].strip() == "chunked"
        if not self.chunked:  # what cannot be understood ends when the connection does: nothing of it is lost
            self.left = int(length) if length.isdigit() and len(length) < 10 and coding in ("", "identity") else None

    def read(self):
        """Task: the next bytes of the body, or b"" at its end."""
        if self.chunked and not self.left:  # go on to the next chunk (RFC 9112, 7.1)
            self._room = _SIZE
            # the first line is the end of the chunk before, where there was one
            size = (yield from self.readline(40)) or (yield from self.readline(40))
            try:
                self.left = int(size.partition(b";")[0], 16)
            except ValueError:
                self.left = -1
            if not 0 <= self.left < 1 << 30:
                raise _malformed("size of a chunk")
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
        """Task: read the body into `buffer`, which grows where that is too short. `size` says how much has come, also
        when this raises.
        """
        while True:
            piece = yield from self.read()
            if not piece:
                return
            piece = piece[: _BODY - self.size]
            if not piece:
                raise _malformed("too long a body")
            end = self.size + len(piece)
            if end > len(buffer):
                buffer.extend(bytes(_MORE))  # not piece by piece: each time it may have to move
            buffer[self.size : end] = piece
            self.size = end


def exchange(
    method: str, url: str, body=b"", headers=None, timeout: float = 20, ca=None, ready=ignore, brief=True, verify=True
):
    """Task: send a request and return its Exchange, whose body is still to be read; the caller closes it.

    `timeout`: seconds for everything. `ca`: path of the CA's certificates, needed for https unless `verify` is False,
    which is for requests without any credential. `ready()` is called when the connection stands, the server is known,
    and nothing of the request has been sent. `brief`: of the headers only those that are needed here are kept. Raises
    OSError for the connection, and EnrollError (`certificate`, `memory`, `network`, `answer`, `configuration`), whose
    `unsent` is true where the server cannot have acted on the request; ValueError as `split` does.
    """
    scheme, host, port = split(url)[:3]
    secure = scheme == "https"
    if secure and verify and not ca:
        raise EnrollError("configuration", "https wants a `ca`")
    data, body = encode(method, split(url), headers or {}, body)  # a mistake in it needs no connection
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
