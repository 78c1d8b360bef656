"""HTTP/1.1 over verified TLS, called like micropython-lib's urequests (RFC 9110, RFC 9112).

`request` is for callers who may block. `fetch` is the same as a task for the drivers of `wait.py`. One deadline covers
everything but `getaddrinfo`, which MicroPython cannot interrupt. Redirects are answers: nothing is sent elsewhere.
"""

import socket
from binascii import a2b_base64
from select import POLLIN, POLLOUT
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from . import wait
from .errors import EnrollError
from .url import split

_HEAD = const(8192)  # bytes of status line and headers together
_BODY = const(16384)
_PIECE = const(256)  # bytes read from the socket at once
_SHORT = const(120)  # characters of a header line when only some headers are kept
_ETIMEDOUT = const(110)
_BLOCKED = (11, 35, 115, 119, 36)  # EAGAIN of Linux and of macOS; EINPROGRESS of Linux, of lwIP and of macOS


class Headers(dict):
    """Response headers; look-ups ignore case."""

    def get(self, name: str, default=None):
        return super().get(name.lower(), default)

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name) -> bool:
        return self.get(name) is not None


def _malformed(what: str) -> EnrollError:
    return EnrollError("answer", "the server's answer is no HTTP that can be read (%s): check `url`" % what)


def _certificates(path: str):
    """The certificates in the file at `path`, one DER each; PEM is decoded here because some ports' TLS cannot."""
    with open(path, "rb") as file:
        data = file.read()
    if b"-----BEGIN" in data:
        for block in data.split(b"-----BEGIN CERTIFICATE-----")[1:]:
            yield a2b_base64(block.partition(b"-----END")[0])
        return
    while len(data) > 4:
        size = 4 + (data[2] << 8 | data[3])
        yield data[:size]
        data = data[size:]


def _context(ca: str | None):
    """A TLS context that trusts the certificates in the file `ca` alone, or, where it is None, verifies nothing."""
    import tls

    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    if ca is None:
        context.verify_mode = tls.CERT_NONE
        return context
    context.verify_mode = tls.CERT_REQUIRED
    count = 0
    try:
        for certificate in _certificates(ca):
            context.load_verify_locations(certificate)
            count += 1
    except (OSError, ValueError):
        count = 0
    if not count:
        raise EnrollError("configuration", "enroll.json: `ca` wants a file of PEM or DER certificates, not %s" % ca)
    return context


def _distrust(host: str, error: Exception) -> EnrollError:
    """Say in words why a certificate was refused. mbedTLS lists its reasons in the text of a ValueError."""
    text = str(error)
    reasons = [
        said
        for sign, said in (
            ("expected CN", "it is for another host"),
            ("not correctly signed", "it was not issued by the CA in `ca`"),
            ("validity", "it has expired or is not valid yet, if the clock is right"),
        )
        if sign in text
    ]
    return EnrollError("certificate", "the certificate of %s is refused: %s" % (host, " and ".join(reasons) or text))


class _Stream:
    """A connection on which every step has to be finished before one deadline."""

    def __init__(self, timeout: float) -> None:
        self._deadline = ticks_add(ticks_ms(), int(timeout * 1000))
        self._plain = None
        self._stream = None
        self._receive = None

    def _wait(self, flags: int):
        if ticks_diff(self._deadline, ticks_ms()) <= 0:
            raise OSError(_ETIMEDOUT)
        return (yield self._stream, flags)

    def _try(self, flags: int, call, argument):
        """Task: `call(argument)` until it does not say that it would block, and return what it returns."""
        while True:
            try:
                done = call(argument)
                if done is not None:
                    return done
            except OSError as error:
                if error.errno not in _BLOCKED:
                    raise
            yield from self._wait(flags)

    def connect(self, host: str, port: int, context):
        """Task: connect to the first address of `host` that answers, and finish the handshake if there is a context."""
        failure = OSError(113)  # EHOSTUNREACH
        for where in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
            self._plain = self._stream = socket.socket(where[0], where[1])
            self._receive = self._plain.recv
            try:
                yield from self._reach(where[-1])
                break
            except OSError as error:
                self.close()
                failure = error
        else:
            raise failure
        if context:
            try:
                yield from self._handshake(host, context)
            except (ValueError, OSError) as error:
                # mbedTLS's X.509 errors are a ValueError with text, or a number on older versions of MicroPython
                if isinstance(error, ValueError) or -0x3000 < error.errno < -0x2600:
                    raise _distrust(host, error)
                raise

    def _reach(self, where):
        self._plain.setblocking(False)
        try:
            self._plain.setsockopt(6, 1, 1)  # TCP_NODELAY: the second piece of a request does not wait for the first one's ACK
        except OSError:
            pass
        try:
            self._plain.connect(where)
            return
        except OSError as error:
            if error.errno not in _BLOCKED:
                raise
        flags = 0
        while not flags:
            flags = yield from self._wait(POLLOUT)
        if flags != POLLOUT:
            self._plain.recv(1)  # raises what went wrong
            raise OSError(104)  # ECONNRESET

    def _handshake(self, host: str, context):
        """Task: reading drives the handshake; the server's certificate is there when it is done.

        A port without `getpeercert` finishes its handshake when the request is written.
        """
        self._stream = context.wrap_socket(self._plain, server_hostname=host, do_handshake_on_connect=False)
        self._receive = getattr(self._stream, "recv", None) or self._byte
        certificate = getattr(self._stream, "getpeercert", None)
        while certificate and certificate(True) is None:
            if self._stream.read(1) is not None:
                raise OSError(104)  # ECONNRESET: the server has closed
            if certificate(True) is None:
                yield from self._wait(POLLIN)

    def _byte(self, size: int):
        """Where there is no `recv`: `read` goes on until `size` is full, and loses the end of the stream on its way."""
        return self._stream.read(1)

    def write(self, data):
        """Task: send all of `data`."""
        data = memoryview(data)
        while data:
            data = data[(yield from self._try(POLLOUT, self._stream.write, data)) :]

    def read(self, size: int):
        """Task: between 1 and `size` bytes, or b"" at the end."""
        return (yield from self._try(POLLIN, self._receive, size))

    def close(self) -> None:
        """Close the TLS object and its socket: after a failed handshake the one does not close the other."""
        for stream in (self._stream, self._plain):
            try:
                if stream:
                    stream.close()
            except OSError:
                pass
        self._plain = self._stream = self._receive = None


class Response:
    """An answer as urequests gives it: `status_code`, `reason`, `headers`, `content`, `text`, `json()`, `raw`, `close()`.

    `raw.read(size)` gives the body piece by piece after `request(..., stream=True)`.
    """

    def __init__(self, stream: _Stream, feed) -> None:
        self.status_code = 0
        self.reason = ""
        self.headers = Headers()
        self.content = b""
        self.raw = self
        self._stream = stream
        self._feed = feed
        self._rest = b""  # read, but not consumed yet
        self._head = _HEAD
        self._left: int | None = 0  # bytes of the body, or of its chunk, still to come; None: until the end
        self._chunked = False

    @property
    def text(self) -> str:
        return str(self.content, "utf-8")

    def json(self):
        import json

        return json.loads(self.content)

    def read(self, size: int = _PIECE) -> bytes:
        return wait.run(self.piece(size), self._feed)

    def close(self) -> None:
        self._stream.close()

    def _line(self, most: int):
        """Task: the next line without its end, cut after `most` bytes; all of it counts against the head's bound."""
        line = b""
        while True:
            part, newline, rest = self._rest.partition(b"\n")
            self._head -= len(part) + 1
            if self._head < 0:
                raise _malformed("more than %d bytes of headers" % _HEAD)
            if len(line) < most:
                line += part[: most - len(line)]
            if newline:
                self._rest = rest
                return line[:-1] if line.endswith(b"\r") else line
            self._rest = b""
            self._rest = yield from self._stream.read(_PIECE)
            if not self._rest:
                raise _malformed("it ends within the headers")

    def start(self, method: str, keep):
        """Task: read status line and headers; of the headers only those in `keep`, lower-case, if it is given."""
        self.status_code = 100
        while self.status_code < 200:
            yield from self._status()
            yield from self._fields(keep)
        if method == "HEAD" or self.status_code in (204, 304):
            return
        length = self.headers.get("content-length")
        if self.headers.get("transfer-encoding", "identity").lower() != "identity":
            if self.headers["transfer-encoding"].lower() != "chunked":
                raise _malformed("an unknown Transfer-Encoding")
            self._chunked = True
        elif length is None:
            self._left = None
        elif length.isdigit() and len(length) < 10:
            self._left = int(length)
        else:
            raise _malformed("a wrong Content-Length")

    def _status(self):
        line = yield from self._line(_SHORT)
        if line[:7] != b"HTTP/1." or not line[9:12].isdigit() or line[8:9] != b" " or len(line) > 12 and line[12:13] != b" ":
            raise _malformed("a wrong status line")
        self.status_code = int(line[9:12])
        self.reason = str(line[13:], "utf-8")

    def _fields(self, keep):
        while True:
            line = yield from self._line(_SHORT if keep else _HEAD)
            if not line:
                return
            name, colon, value = line.partition(b":")
            name = str(name, "utf-8").lower()
            if not colon:
                raise _malformed("a wrong header")
            if keep is None or name in keep or name in ("content-length", "transfer-encoding"):
                value = str(value, "utf-8").strip()
                if name in self.headers:
                    value = self.headers[name] + ", " + value
                self.headers[name] = value

    def piece(self, size: int):
        """Task: the next 1 to `size` bytes of the body, or b"" at its end."""
        if self._left == 0 and self._chunked:
            yield from self._chunk()
        if self._left == 0:
            return b""
        if self._left is not None and self._left < size:
            size = self._left
        if not self._rest:
            self._rest = yield from self._stream.read(min(size, _PIECE))
        data = self._rest[:size]
        self._rest = self._rest[size:]
        if self._left is not None:
            if not data:
                raise OSError(104)  # ECONNRESET: cut within the body
            self._left -= len(data)
        return data

    def _chunk(self):
        """Task: go on to the next chunk (RFC 9112, 7.1); no more `_chunked` after the last one."""
        self._head = _HEAD
        line = yield from self._line(20)
        if not line:  # the end of the chunk before
            line = yield from self._line(20)
        try:
            self._left = int(line.partition(b";")[0], 16)
        except ValueError:
            raise _malformed("a wrong chunk")
        if self._left < 0:
            raise _malformed("a wrong chunk")
        if self._left == 0:
            self._chunked = False
            while (yield from self._line(1)):  # trailers
                pass

    def body(self, limit: int):
        """Task: the whole body, of at most `limit` bytes."""
        pieces = []
        while True:
            data = yield from self.piece(_PIECE)
            if not data:
                return b"".join(pieces)
            limit -= len(data)
            if limit < 0:
                raise _malformed("more bytes than are taken")
            pieces.append(data)


def _check_text(what: str) -> None:
    """Refuse what would break out of its line."""
    for c in what:
        if c < " " or c == "\x7f":
            raise EnrollError("configuration", "a line break or control character in a request's header: correct the value")


def _send(stream: _Stream, method: str, host: str, path: str, headers: dict, data: bytes):
    head = ["%s %s HTTP/1.1" % (method, path), "Host: " + host, "Connection: close"]
    if data or method in ("POST", "PUT", "PATCH"):
        head.append("Content-Length: %d" % len(data))
    for name, value in headers.items():
        head.append(name + ": " + value)
    for line in head:
        _check_text(line)
    head.append("\r\n")
    yield from stream.write("\r\n".join(head).encode())
    if data:
        yield from stream.write(data)


def open_response(method, url, data=b"", headers=None, timeout=20, ca=None, ready=None, keep=None, verify=True, feed=None):
    """Task: send a request and return its Response, whose body is still to be read; the caller closes it.

    `ready()` is called when the connection stands and nothing of the request has been sent. See `request` for the rest.
    """
    try:
        scheme, host, port, path = split(url)
    except ValueError as error:
        raise EnrollError("configuration", "`url` wants %s" % error)
    context = None
    if scheme == "https":
        if verify and not ca:
            raise EnrollError("configuration", "`ca` is missing: https is not spoken without verifying the server")
        context = _context(ca if verify else None)
    stream = _Stream(timeout)
    try:
        yield from stream.connect(host, port, context)
        if ready:
            ready()
        standard = port == (443 if scheme == "https" else 80)
        yield from _send(stream, method, host if standard else "%s:%d" % (host, port), path, headers or {}, data)
        response = Response(stream, feed or wait.ignore)
        yield from response.start(method, keep)
        return response
    except BaseException:
        stream.close()
        raise


def fetch(method, url, limit=_BODY, **more):
    """Task: the same as `open_response`, with the body read into `content` (at most `limit` bytes) and all closed."""
    response = yield from open_response(method, url, **more)
    try:
        response.content = yield from response.body(limit)
        return response
    finally:
        response.close()


def request(method, url, data=None, json=None, headers=None, stream=None, auth=None, timeout=None, parse_headers=True, ca=None, feed=None):
    """Send a request and wait for its answer, as urequests does.

    `data`: str or bytes; `json`: becomes the body instead. `auth`: (user, password) for HTTP Basic. `timeout`: seconds for
    everything together, 20 if None. `stream`: leave the body to `response.raw.read(size)`; else it is read and the
    connection closed. `ca`: path of the certificates to trust, needed for https. `feed`: called at least every quarter of
    a second while waiting. Returns a Response. Raises OSError for the connection and EnrollError for the rest (kinds
    `certificate`, `answer`, `configuration`).
    """
    headers = dict(headers or {})
    if json is not None:
        import json as codec

        data = codec.dumps(json)
        headers["Content-Type"] = "application/json"
    if isinstance(data, str):
        data = data.encode()
    if auth:
        from .digest import basic

        headers["Authorization"] = basic(*auth)
    keep = None if parse_headers else ()
    call = open_response if stream else fetch
    task = call(method, url, data=data or b"", headers=headers, timeout=timeout or 20, ca=ca, keep=keep, feed=feed)
    return wait.run(task, feed or wait.ignore)
