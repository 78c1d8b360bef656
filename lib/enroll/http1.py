"""HTTP/1.1 (RFC 9110, RFC 9112): the bytes of a request, and its answer, read within bounds.

Everything is a task for the drivers of `wait.py`. Redirects are answers like any other: nothing is ever sent elsewhere.
"""

from .connection import Connection, connect
from .errors import EnrollError
from .url import split
from .wait import ignore

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_HEAD = const(65536)  # bytes of status line and headers together
_KEPT = const(16384)  # and of what is kept of them
_SIZE = const(8192)  # bytes of a line with the size of a chunk, or of trailers
_JOINED = const(4096)  # bytes of a body that leaves together with its head
_BODY = const(8192)  # bytes of a body that is kept: no record takes more
_RESET = const(104)  # ECONNRESET
_NEEDED = const(("content-length", "transfer-encoding", "date", "retry-after"))


def _malformed(what: str) -> EnrollError:
    return EnrollError("answer", "no HTTP that can be read, %s" % what)


def add(headers: dict, name: str, value) -> None:
    """Add a header unless there is one of that name, in any case, or `value` is None."""
    if value is not None and name.lower() not in [it.lower() for it in headers]:
        headers[name] = value


def place(url: str) -> tuple[str, str, int, str]:
    """What `url.split` returns. Raises EnrollError("configuration")."""
    try:
        return split(url)
    except ValueError:
        raise EnrollError("configuration", "no http or https URL: percent-encode all but printable ASCII, and #")


class Exchange:
    """One request over a connection, and its answer: after `head` there are `status_code`, `reason` (bytes) and
    `headers` (names in lower case), then the body comes piece by piece or whole.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.rest = connection.early  # has been read, is not used yet
        self._room = _HEAD  # bytes that the head may still take
        self.left: int | None = 0  # bytes of the body, or of its chunk, still to come; None: until the end
        self.chunked = False
        self.minor = b""  # of the version
        self.status_code = 100
        self.reason = b""
        self.headers: dict[str, str] = {}
        self.size = 0  # bytes of the body that `body` has read

    def close(self) -> None:
        """Close the connection. It takes no heap, of which there may be none left."""
        self.connection.close()

    def ask(self, method: str, target: tuple, headers: dict, body, ready, brief: bool):
        """Task: send a request to `target`, as `place` gives it, and read the head of the answer.

        `ready()` is called when nothing has been sent. An answer is read even if not all of the request could be sent:
        it may say why. `brief`: see `_head`.
        """
        _, host, port, path = target
        add(headers, "Host", host if port == (443 if target[0] == "https" else 80) else "%s:%d" % (host, port))
        add(headers, "Connection", "close")
        add(headers, "User-Agent", "enroll")
        add(headers, "Accept", "application/json")
        add(headers, "Accept-Encoding", "identity")
        add(headers, "Content-Length", str(len(body)) if body or method[0] == "P" else None)
        data = ("%s %s HTTP/1.1\r\n" % (method, path)).encode()
        for name, value in headers.items():
            line = ("%s: %s" % (name, value)).encode()
            if min(line) < 32:
                raise EnrollError("configuration", "a line break in the header %s: take it out" % name)
            data += line + b"\r\n"
        data += b"\r\n"
        if len(body) <= _JOINED:  # in one piece: a server may answer and hang up when it has seen the head
            data += body
            body = b""
        ready()
        failure = None
        try:
            for part in (data, body):
                part = memoryview(part)
                while part and not (body and self.connection.left and (yield from self._heard())):
                    part = part[(yield from self.connection.write(part)) :]
        except OSError as error:
            failure = error
        try:
            yield from self._head(method, brief)
        except OSError as error:
            raise failure or error

    def _heard(self):
        """Task: whether the answer has begun. Then the rest of a long request stays here: after a write that failed,
        TLS reads nothing more.
        """
        self.rest = self.rest or (yield from self.connection.peek()) or b""
        return self.rest

    def _line(self, most: int):
        """Task: the next line without its end, cut to `most` bytes; all of it counts against the head's bound."""
        line = b""
        while True:
            part, end, rest = self.rest.partition(b"\n")
            self._room -= len(part) + len(end)
            if self._room < 0:
                raise _malformed("too many headers")
            line += part[: most - len(line)]
            self.rest = rest
            if end:
                return line.rstrip(b"\r")
            self.rest = yield from self.connection.read()
            if not self.rest:
                raise OSError(_RESET)

    def _head(self, method: str, brief: bool):
        """Task: read status and headers. `brief`: of the headers only _NEEDED, of each only the first characters
        and what contradicts them.
        """
        most = 64 if brief else _KEPT
        headers: dict[str, str] = {}
        while self.status_code < 200:
            line = (yield from self._line(most)) or (yield from self._line(most))  # an empty one may come first
            if line[:7] != b"HTTP/1." or line[8:9] + line[12:13].strip() != b" " or not line[9:12].isdigit():
                raise _malformed("status")
            self.minor = line[7:8]
            self.status_code = int(line[9:12])
            self.reason = line[13:]
            headers.clear()
            kept = 0
            while line:
                line = yield from self._line(most)
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

    def piece(self):
        """Task: the next bytes of the body, or b"" at its end."""
        if self.chunked and not self.left:  # go on to the next chunk (RFC 9112, 7.1)
            self._room = _SIZE
            # the first line is the end of the chunk before, where there was one
            size = (yield from self._line(40)) or (yield from self._line(40))
            try:
                self.left = int(size.partition(b";")[0], 16)
            except ValueError:
                self.left = -1
            if not 0 <= self.left < 1 << 30:
                raise _malformed("chunk")
            if not self.left:
                self.chunked = False
                while (yield from self._line(1)):  # trailers
                    pass
        left = self.left
        if left == 0:
            return b""
        data = self.rest or (yield from self.connection.read())
        self.rest = b""
        if left is not None:
            if not data:
                raise OSError(_RESET)
            self.rest = data[left:]
            data = data[:left]
            self.left = left - len(data)
        return data

    def body(self, buffer: bytearray):
        """Task: read the body into `buffer`, which grows where that is too short. `size` says how much has come, also
        when this raises.
        """
        while True:
            piece = yield from self.piece()
            if not piece:
                return
            piece = piece[: _BODY - self.size]
            if not piece:
                raise _malformed("too long")
            end = self.size + len(piece)
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
    `unsent` is true where the server cannot have acted on the request.
    """
    target = place(url)
    secure = target[0] == "https"
    if secure and verify and not ca:
        raise EnrollError("configuration", "https wants a `ca`")
    connection = yield from connect(target[1], target[2], timeout)
    try:
        if secure:
            yield from connection.secure(target[1], ca if verify else None)
        it = Exchange(connection)
        yield from it.ask(method, target, headers or {}, body, ready, brief)
        return it
    except BaseException as error:
        connection.close()
        if isinstance(error, EnrollError):
            error.unsent = not connection.left
        raise
