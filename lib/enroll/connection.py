"""A connection: name look-up, TCP and TLS under one deadline. The certificate is verified before a request is sent.

What waits is a task for the drivers of tasks.py. Only a name look-up and a single cryptographic operation cannot be cut
short.
"""

import gc
import socket
from binascii import a2b_base64
from select import POLLIN, POLLOUT
from time import ticks_add, ticks_diff, ticks_ms

from .errors import EnrollError

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_PIECE = const(48)  # bytes per read: even a nearly full heap has room for so few
_BLOCKED = const((11, 35, 36, 115, 119))  # EAGAIN and EINPROGRESS on Linux, lwIP and macOS
_RESET = const(104)  # ECONNRESET


def lookup(host: str, port: int, kind: int) -> list:
    """The IPv4 addresses of `host`, as sockets of type `kind` take them. Raises EnrollError("network")."""
    found = []
    try:
        for it in socket.getaddrinfo(host, port, socket.AF_INET, kind):
            if it[-1]:
                found.append(it[-1])
    except OSError:  # its number means something different on each port
        pass
    if not found:
        raise EnrollError("network", "no IPv4 address for %s" % host, "check the name and DNS")
    return found


def trust(ca: str | None, log=None):
    """A TLS context that trusts the certificates in the file `ca` (PEM or DER), or any server if `ca` is None.

    Certificates are loaded one by one, in DER: some ports' TLS cannot read PEM, and none takes several at once. A
    certificate that TLS cannot read (an Ed25519 key, a critical extension) is skipped, and `log(line)` is told.

    Raises EnrollError("configuration") if no certificate is left, and EnrollError("memory").
    """
    import tls

    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED if ca else tls.CERT_NONE  # type: ignore[attr-defined]  # not in the stubs
    if ca:
        data = b""
        trouble = None
        try:
            with open(ca, "rb") as file:
                data = file.read()
        except OSError as error:
            trouble = error
        pem = data.split(b"CERTIFICATE-----")[1::2]
        count = good = 0
        while pem or data[:1] == b"\x30":
            count += 1
            try:
                if pem:
                    part = a2b_base64(pem.pop(0).partition(b"-----")[0])
                else:
                    size = 4 + int.from_bytes(data[2:4], "big")
                    part = data[:size]
                    data = data[size:]
                context.load_verify_locations(part)
                good += 1
            except ValueError:
                from .tlserror import unreadable

                unreadable(ca, count, log)
        if not good:
            from .tlserror import useless

            raise useless(ca, trouble)
    return context


class Connection:
    """TCP, with TLS on top once `secure` was called. Every task raises OSError, and EnrollError for failures of TLS."""

    def __init__(self) -> None:
        self.sock = self.stream = socket.socket()  # with TLS the stream is the TLS object
        self.end: Any = 0  # the deadline, in ticks of milliseconds
        self.rest = b""  # received, not read yet
        self.host = ""
        self.known = False  # TLS has verified the server, and nothing has been read from it yet
        self.left: bool | None = False  # part of a request was sent; None: of earlier ones only, see requests.py
        self.taken = 0  # bytes of our heap that TLS took

    def wait(self, flags):
        """Task: wait for `flags`; returns those that are set, or 0. Without any, it lets the driver feed the watchdog.

        Raises OSError(ETIMEDOUT) after the deadline.
        """
        if ticks_diff(self.end, ticks_ms()) <= 0:
            raise OSError(110)  # ETIMEDOUT
        return (yield (self.stream, flags) if flags else 0)

    def connect(self, address):
        """Task: connect to `address`, one of those that `lookup` returns."""
        sock = self.sock
        sock.setblocking(False)
        try:
            sock.setsockopt(6, 1, 1)  # TCP_NODELAY: send at once, without waiting for an ACK
        except OSError:
            pass
        yield from self._io(0, sock.connect, address)
        while not (yield from self.wait(POLLOUT)):
            pass
        if (yield from self.peek()) == b"":  # raises if connecting failed: the flags of some ports do not show that
            raise OSError(_RESET)

    def secure(self, host: str, ca: str | None):
        """Task: start TLS and verify that the server is `host`. `ca`: path of the CA certificates; None: trust any.

        Reads until the server's certificate has been verified; the first write completes the handshake. mbedTLS calls
        `_verified` for each certificate of the chain, the server's own last, even if it refuses one. In that case the
        read raises.
        """
        gc.collect()
        context = trust(ca)
        context.verify_callback = self._verified
        self.host = host
        gc.collect()  # also frees what was read of `ca`, before the long-lived TLS object is allocated
        free = gc.mem_free()
        self.stream = yield from self._io(
            0, context.wrap_socket, self.sock, server_hostname=host, do_handshake_on_connect=False
        )
        self.taken = free - gc.mem_free()
        while ca and not self.known:
            data = yield from self.peek()
            if data == b"" or (data and not self.known):
                raise OSError(_RESET)
            if not self.known:
                yield from self.wait(POLLIN)

    def _verified(self, data, at) -> int:
        if not at:  # the server's own certificate
            self.known = True
        return 0

    def close(self) -> None:
        """Close the TLS object and its socket: after a failed handshake the first does not close the second.

        Allocates nothing: the heap may be full.
        """
        for _ in range(2):
            try:
                self.stream.close()
            except OSError:
                pass
            self.stream = self.sock

    def _io(self, flags: int, call, *data, **more):
        """Task: repeat `call(...)` until it does not block, and return its result. Waits for `flags` in between; if
        they are 0, calls once.
        """
        while True:
            done = None
            try:
                done = call(*data, **more)
            except (OSError, ValueError) as error:
                if isinstance(error, ValueError) or error.errno not in _BLOCKED:
                    if self.host:
                        from .tlserror import explain

                        error = explain(self, error)
                    raise error
            if done is not None or not flags:
                return done
            yield from self.wait(flags)

    def write(self, data):
        """Task: send the beginning of `data`; returns how many bytes were sent, at least one."""
        done = yield from self._io(POLLOUT, self.stream.write, data)
        self.left = True
        return done

    def peek(self, flags: int = 0):
        """Task: return what was received but not read yet, b"" at the end of the stream. If there is nothing, wait for
        `flags`; if they are 0, return None.
        """
        if self.rest:
            return self.rest
        receive = getattr(self.stream, "recv", None)  # TLS has only `read`; more than 1 byte could lose the end
        data = yield from self._io(flags, receive or self.stream.read, _PIECE if receive else 1)
        self.rest = data or b""
        return data

    def read(self):
        """Task: return the next bytes, b"" at the end of the stream."""
        if not self.rest:
            yield from self.wait(0)  # checks the deadline even if the server sends without a pause
            yield from self.peek(POLLIN)
            self.known = False
        data = self.rest
        self.rest = b""
        return data


def connect(host: str, port: int, timeout: float):
    """Task: return a Connection to the first address of `host` that accepts one.

    `timeout`: seconds until the Connection's deadline; all addresses share them. Raises OSError and EnrollError.
    """
    end = ticks_add(ticks_ms(), int(timeout * 1000))
    yield 0  # feeds the watchdog: a look-up may take long
    found = lookup(host, port, socket.SOCK_STREAM)
    gc.collect()  # frees what the look-up left, before objects that stay are allocated
    yield 0
    while True:
        address = found.pop(0)
        now = ticks_ms()
        it = Connection()
        try:
            it.end = ticks_add(now, ticks_diff(end, now) // (len(found) + 1))
            yield from it.connect(address)
            it.end = end
            return it
        except BaseException as error:
            it.close()
            if not found or not isinstance(error, OSError):
                raise
