"""One request over a verified connection of its own, and its answer, read within bounds (RFC 9110, RFC 9112).

Everything is a task for the drivers of `wait.py`, and everything together has one deadline; only `getaddrinfo` and a
single step of cryptography cannot be cut short. Redirects are answers like any other: nothing is ever sent elsewhere.
"""

import socket
from binascii import a2b_base64
from select import POLLIN, POLLOUT
from time import ticks_add, ticks_diff, ticks_ms

from .errors import EnrollError
from .url import split

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_HEAD = const(8192)  # bytes of status line and headers together
_PIECE = const(64)  # bytes read at once: small pieces are found in the fullest heap
_BLOCKED = const((11, 35, 36, 115, 119))  # EAGAIN, and EINPROGRESS, of Linux, lwIP and macOS
_RESET = const(104)  # ECONNRESET
_NEEDED = const(("content-length", "transfer-encoding", "date", "retry-after"))


def _malformed(what: str) -> EnrollError:
    return EnrollError("answer", "no HTTP that can be read, %s" % what)


def trust(ca: str | None):
    """A TLS context that trusts the certificates in the file `ca`, or anyone if it is None.

    They are loaded one by one and in DER: some ports' TLS knows no PEM, and none takes several at once.
    """
    import tls

    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED if ca else tls.CERT_NONE  # type: ignore[attr-defined]  # stubs forget it
    if ca:
        try:
            with open(ca, "rb") as file:
                data = file.read()
            if b"-----BEGIN" in data:
                parts = data.split(b"CERTIFICATE-----")[1::2]
                data = b"".join([a2b_base64(part.partition(b"-----")[0]) for part in parts])
            if not data:
                raise ValueError
            while data:
                size = 4 + (data[2] << 8 | data[3])
                context.load_verify_locations(data[:size])
                data = data[size:]
        except (OSError, ValueError, IndexError):
            raise EnrollError("configuration", "enroll.json: `ca` wants a file of PEM or DER certificates")
    return context


class Exchange:
    """A connection, the request sent over it, and its answer: after `head` there are `status_code`, `reason` (bytes)
    and `headers` (names in lower case), then the body comes piece by piece or whole.
    """

    def __init__(self, sock: socket.socket, end) -> None:
        """`end`: when everything has to be over, in ticks of milliseconds."""
        self.sock = sock
        self.stream = sock  # or the TLS object over it
        self.end = end
        self.rest = b""  # has been read, is not used yet
        self._room = _HEAD  # bytes that the head may still take
        self.left: int | None = 0  # bytes of the body, or of its chunk, still to come; None: until the end
        self.chunked = False
        self.status_code = 100
        self.reason = b""
        self.headers: dict[str, str] = {}
        self.size = 0  # bytes of the body that `body` has read

    def _wait(self, what):
        """Task: yield `what`, flags of the stream or 0 for none, which lets the driver feed, unless time is up."""
        if ticks_diff(self.end, ticks_ms()) <= 0:
            raise OSError(110)  # ETIMEDOUT
        return (yield (self.stream, what) if what else what)

    def connect(self, where):
        """Task: connect to the address `where`. Raises OSError."""
        sock = self.sock
        sock.setblocking(False)
        try:
            sock.setsockopt(6, 1, 1)  # TCP_NODELAY: the body need not wait for the ACK of the head
        except OSError:
            pass
        try:
            sock.connect(where)
        except OSError as error:
            if error.errno not in _BLOCKED:
                raise
        flags = 0
        while not flags:
            flags = yield from self._wait(POLLOUT)
        if flags != POLLOUT:
            sock.recv(1)  # raises what went wrong
            raise OSError(_RESET)

    def secure(self, host: str, ca: str | None):
        """Task: speak TLS with `host`. `ca`: file of the CA; None: trust anyone. Raises OSError and EnrollError.

        Reading drives the handshake on; when it is done, the server's certificate is there. (Where TLS has no
        `getpeercert` the handshake ends with the first write.) mbedTLS says why it refuses a certificate in the text of
        a ValueError, in older versions of MicroPython by an OSError of its X.509 module.
        """
        self.stream = tls = trust(ca).wrap_socket(self.sock, server_hostname=host, do_handshake_on_connect=False)
        peer = getattr(tls, "getpeercert", None)
        try:
            while peer:
                if tls.read(1) is not None:
                    raise OSError(_RESET)
                if peer(True):
                    break
                yield from self._wait(POLLIN)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and not -0x3000 < error.args[0] < -0x2600:
                raise
            reason = str(error)
            if "sign" in reason:
                reason = "is not signed by the CA in `ca`"
            elif "CN" in reason:
                reason = "is for another host"
            elif "valid" in reason:
                reason = "has expired or is not valid yet, if the clock is right"
            raise EnrollError("certificate", "the certificate of %s %s" % (host, reason))

    def close(self) -> None:
        """Close the TLS object and its socket: after a failed handshake the first does not close the second.

        It takes no heap, of which there may be none left.
        """
        for _ in range(2):
            try:
                self.stream.close()
            except OSError:
                pass
            self.stream = self.sock

    def _io(self, flags: int, call, data):
        """Task: `call(data)` until it does not say that it would block."""
        while True:
            try:
                done = call(data)
                if done is not None:
                    return done
            except OSError as error:
                if error.errno not in _BLOCKED:
                    raise
            yield from self._wait(flags)

    def send(self, method: str, path: str, headers: dict, body):
        """Task: send a request. Raises EnrollError("configuration") for what would break out of its line."""
        head = ("%s %s HTTP/1.1\r\n" % (method, path)).encode()
        if body or method[0] == "P":
            headers["Content-Length"] = str(len(body))
        for name, value in headers.items():
            line = ("%s: %s" % (name, value)).encode()
            if min(line) < 32:
                raise EnrollError("configuration", "a line break in the header %s: take it out" % name)
            head += line + b"\r\n"
        for data in (head + b"\r\n", body):
            data = memoryview(data)
            while data:
                data = data[(yield from self._io(POLLOUT, self.stream.write, data)) :]

    def read(self):
        """Task: the next bytes, b"" at the end. `read` of a TLS object would lose an end that follows data."""
        receive = getattr(self.stream, "recv", None)
        yield from self._wait(0)  # also while a server never lets it wait
        return (yield from self._io(POLLIN, receive or self.stream.read, _PIECE if receive else 1))

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
            self.rest = yield from self.read()
            if not self.rest:
                raise OSError(_RESET)

    def head(self, method: str, brief: bool):
        """Task: read status and headers. `brief`: of the headers only _NEEDED, of each only the first characters
        and what contradicts them.
        """
        most = 64 if brief else _HEAD
        headers: dict[str, str] = {}
        while self.status_code < 200:
            line = (yield from self._line(most)) or (yield from self._line(most))  # an empty one may come first
            if line[:7] != b"HTTP/1." or line[8:9] + line[12:13].strip() != b" " or not line[9:12].isdigit():
                raise _malformed("status")
            self.status_code = int(line[9:12])
            self.reason = line[13:]
            headers.clear()
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
        self.headers = headers
        if method == "HEAD" or self.status_code in (204, 304):
            return
        length = headers.get("content-length", "")
        coding = headers.get("transfer-encoding", "").lower()
        self.chunked = coding.endswith("chunked")
        if not self.chunked:  # what cannot be understood ends when the connection does: nothing of it is lost
            self.left = int(length) if length.isdigit() and len(length) < 10 and coding in ("", "identity") else None

    def piece(self):
        """Task: the next bytes of the body, or b"" at its end."""
        if self.chunked and not self.left:  # go on to the next chunk (RFC 9112, 7.1)
            self._room = _HEAD
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
        data = self.rest or (yield from self.read())
        self.rest = b""
        if left is not None:
            if not data:
                raise OSError(_RESET)
            self.rest = data[left:]
            data = data[:left]
            self.left = left - len(data)
        return data

    def body(self, buffer: bytearray):
        """Task: read the body into `buffer`. `size` says how much has come, also when this raises."""
        while True:
            piece = yield from self.piece()
            if not piece:
                return
            piece = piece[: len(buffer) - self.size]
            if not piece:
                raise _malformed("too long")
            end = self.size + len(piece)
            buffer[self.size : end] = piece
            self.size = end


def exchange(
    method: str, url: str, body=b"", headers=None, timeout: float = 20, ca=None, ready=None, brief=True, verify=True
):
    """Task: send a request and return its Exchange, whose body is still to be read; the caller closes it.

    `timeout`: seconds for everything. `ca`: path of the CA's certificates, needed for https unless `verify` is False,
    which is for requests without any credential. `ready()` is called when the connection stands and nothing of the
    request has been sent. `brief`: see `Exchange.head`. Raises OSError for the connection, and EnrollError
    (`certificate`, `answer`, `configuration`).
    """
    try:
        scheme, host, port, path = split(url)
    except ValueError:
        raise EnrollError("configuration", "no http or https URL")
    secure = scheme == "https"
    if secure and verify and not ca:
        raise EnrollError("configuration", "https wants a `ca`")
    headers = headers or {}
    headers.setdefault("Connection", "close")
    headers["Host"] = host if port == (443 if secure else 80) else "%s:%d" % (host, port)
    end = ticks_add(ticks_ms(), int(timeout * 1000))
    where = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    it = Exchange(socket.socket(where[0], where[1]), end)
    try:
        yield from it.connect(where[-1])
        if secure:
            yield from it.secure(host, ca if verify else None)
        if ready:
            ready()
        yield from it.send(method, path, headers, body)
        yield from it.head(method, brief)
        return it
    except BaseException:
        it.close()
        raise
