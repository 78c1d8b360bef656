"""A connection: names, TCP and TLS, under one deadline. The certificate is known before anything is sent.

Everything is a task for the drivers of `tasks.py`; only a look-up of a name and a single step of cryptography cannot be
cut short.
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

_PIECE = const(48)  # bytes read at once: small pieces are found in the fullest heap
_BLOCKED = const((11, 35, 36, 115, 119))  # EAGAIN, and EINPROGRESS, of Linux, lwIP and macOS
_RESET = const(104)  # ECONNRESET


def lookup(host: str, port: int, kind: int) -> list:
    """The IPv4 addresses of `host`, as sockets of that `kind` want them. Raises EnrollError("network")."""
    found = []
    try:
        for it in socket.getaddrinfo(host, port, socket.AF_INET, kind):
            if it[-1]:
                found.append(it[-1])
    except OSError:  # its number means something else on each port
        pass
    if not found:
        raise EnrollError("network", "no IPv4 address for %s: check the name, and the network's name server" % host)
    return found


def trust(ca: str | None, log=None):
    """A TLS context that trusts the certificates in the file `ca`, or anyone if it is None.

    They are loaded one by one and in DER: some ports' TLS knows no PEM, and none takes several at once. One that it
    cannot read (an Ed25519 key, a critical extension) is passed over, which `log` is told.
    """
    import tls

    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED if ca else tls.CERT_NONE  # type: ignore[attr-defined]  # stubs forget it
    if ca:
        try:
            with open(ca, "rb") as file:
                data = file.read()
        except OSError as error:
            from .tlserror import useless

            raise useless(ca, error)
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

            raise useless(ca)
    return context


class Connection:
    """TCP, and TLS over it if `secure` is called. Every task raises OSError, and EnrollError for what TLS says."""

    def __init__(self) -> None:
        self.sock = self.stream = socket.socket()  # the stream may be a TLS object over it
        self.end: Any = 0  # when everything has to be over, in ticks of milliseconds
        self.rest = b""  # has come, is not read yet
        self.host = ""
        self.known = False  # TLS has verified who the server is, and nothing has been read from it
        self.left = False  # something has been sent
        self.taken = 0  # bytes of this heap that TLS has taken

    def wait(self, flags):
        """Task: yield the stream and `flags`, or 0 for none, which lets the driver feed, unless time is up."""
        if ticks_diff(self.end, ticks_ms()) <= 0:
            raise OSError(110)  # ETIMEDOUT
        return (yield (self.stream, flags) if flags else 0)

    def connect(self, address):
        """Task: connect to `address`, as `lookup` gives it."""
        sock = self.sock
        sock.setblocking(False)
        try:
            sock.setsockopt(6, 1, 1)  # TCP_NODELAY: what is sent need not wait for an ACK
        except OSError:
            pass
        yield from self._io(0, sock.connect, address)
        while not (yield from self.wait(POLLOUT)):
            pass
        if (yield from self.peek()) == b"":  # raises what went wrong: the flags of some ports do not tell
            raise OSError(_RESET)

    def secure(self, host: str, ca: str | None):
        """Task: speak TLS with `host`. `ca`: file of the CA; None: trust anyone.

        Reading drives the handshake on until the server's certificate has been verified. What is then left of it, the
        first write does. mbedTLS calls back for each certificate of the chain, the server's own last, whatever it
        thinks of them, but then it does not return from that read.
        """
        gc.collect()
        context = trust(ca)
        context.verify_callback = self._verified
        self.host = host
        gc.collect()  # of the file too: the TLS object stays where it is put, and leaves no hole then
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

        It takes no heap, of which there may be none left.
        """
        for _ in range(2):
            try:
                self.stream.close()
            except OSError:
                pass
            self.stream = self.sock

    def _io(self, flags: int, call, *data, **more):
        """Task: `call(...)` until it does not say that it would block, once if there are no `flags` to wait for."""
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
        """Task: send some of `data`; returns how many bytes, at least one."""
        done = yield from self._io(POLLOUT, self.stream.write, data)
        self.left = True
        return done

    def peek(self, flags: int = 0):
        """Task: what has come and is not read yet, b"" at the end; without `flags` to wait for None if nothing has."""
        if self.rest:
            return self.rest
        receive = getattr(self.stream, "recv", None)  # `read` of TLS would lose an end that follows data
        data = yield from self._io(flags, receive or self.stream.read, _PIECE if receive else 1)
        self.rest = data or b""
        return data

    def read(self):
        """Task: the next bytes, b"" at the end."""
        if not self.rest:
            yield from self.wait(0)  # also while a server never lets it wait
            yield from self.peek(POLLIN)
            self.known = False
        data = self.rest
        self.rest = b""
        return data


def connect(host: str, port: int, timeout: float):
    """Task: a Connection to `host` that has to end in `timeout` seconds, the first that stands of all its addresses,
    which share that time. Raises OSError and EnrollError.
    """
    end = ticks_add(ticks_ms(), int(timeout * 1000))
    yield 0  # feeds the watchdog: a look-up may take long
    found = lookup(host, port, socket.SOCK_STREAM)
    gc.collect()  # of what the look-up has left, so that what stays lies close together
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
