"""The stream between umqtt and a broker that is verified."""

from select import POLLIN
from time import ticks_add, ticks_diff, ticks_ms

from . import connection, tasks

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from collections.abc import Callable
    from typing import Any

    from .session import Session

_LONG = const(60000)  # ms; each wait ends far earlier
_ABORTED = const(103)  # ECONNABORTED; simple2 takes ETIMEDOUT for a message that has not come yet
_RESET = const(104)  # ECONNRESET
_LAST = const(65535)  # the last id of a packet


def opened(access: dict, timeout: float):
    """Task: return a Connection to the broker of `access`, see broker.access, once it is verified. `timeout`: seconds.

    Raises OSError and EnrollError.
    """
    host = access["host"]
    line = yield from connection.connect(host, access["port"], timeout)
    try:
        yield from line.secure(host, access["ca"])
        return line
    except BaseException:
        line.close()
        raise


def raw(text):
    """`text` in UTF-8 if it is a str: umqtt counts its characters, and sends that as the number of bytes."""
    return text.encode() if isinstance(text, str) else text


def encoded(call: "Callable", *arguments, **more):
    """Return what `call` returns, with each text `raw`."""
    return call(*map(raw, arguments), **{key: raw(more[key]) for key in more})


def acknowledged(client: "Any", call: "Callable", *arguments, **more):
    """Return what `call` of umqtt returns, which may wait for an acknowledgement. `client`: the mqtt_client.Client."""
    if getattr(client, "pid", 0) >= _LAST:
        client.pid = 0  # umqtt.simple counts on, and would wait for an id that no packet can have
    client.busy += 1
    try:
        if client.sock:
            client.sock.expect(client.busy)
        return encoded(call, *arguments, **more)
    finally:
        client.busy -= 1
        if client.sock:
            client.sock.expect(client.busy)


class Stream:
    """What umqtt calls of a socket, and of the module `socket`. Each wait feeds the watchdog and ends.

    While `read` has nothing to return, it sends PINGREQ twice in `keepalive` seconds. It raises OSError if the broker
    is silent for `timeout` of enroll.json after that, or after CONNECT, or acknowledges nothing for as long.
    """

    connect = settimeout = tasks.ignore

    def __init__(self, line: connection.Connection, session: "Session", keepalive: int) -> None:
        self._line = line
        self._port = session.port
        self._limit = int(session.config.timeout * 1000)
        self._often = keepalive * 500
        self._asked = ticks_ms()  # when the broker was asked for a sign of life
        self._heard = False  # since then
        self._since: Any = None  # when the wait for an acknowledgement began
        self._blocking = True
        self._open = True

    def socket(self, *_):
        return self

    def getaddrinfo(self, *_):
        return [(0, 0, 0, "", None)]

    def setblocking(self, flag) -> None:
        self._blocking = flag

    def expect(self, count: int) -> None:
        """Take note of how many acknowledgements are waited for."""
        if not count:
            self._since = None
        elif self._since is None:
            self._since = ticks_ms()

    def close(self) -> None:
        if self._open:  # twice might close another socket, which has its number by now
            self._open = False
            self._line.close()

    def read(self, size: int):
        return self._run(self._read(size))

    def write(self, data, size: int = -1) -> int:
        data = raw(data)
        if size >= 0:
            data = data[:size]
        self._run(self._write(data))
        return len(data)

    def _run(self, task):
        if not self._open:
            raise OSError(_RESET)
        return tasks.run(task, self._port.feed, self._port.sleep)

    def _write(self, data):
        line = self._line
        line.end = ticks_add(ticks_ms(), self._limit)
        while data:
            data = data[(yield from line.write(data)) :]

    def _read(self, size: int):
        """Task: return `size` bytes; None if none has come and the stream does not block."""
        line = self._line
        data = b""
        while len(data) < size:
            line.end = ticks_add(ticks_ms(), _LONG)
            piece = yield from line.peek()
            if piece == b"":
                raise OSError(_RESET)
            if piece:
                self._heard = True
                line.known = False  # an alert is no longer about certificates
                left = size - len(data)
                data += piece[:left]
                line.rest = piece[left:]
                yield 0  # feeds the watchdog
            else:
                yield from self._ask()
                if not (self._blocking or data):
                    return None
                yield from line.wait(POLLIN)
        return data

    def _ask(self):
        """Task: ask the broker for a sign of life when it is time for that. Raises OSError if it gave none."""
        now = ticks_ms()
        if self._since is not None and ticks_diff(now, self._since) > self._limit:
            self.close()  # a late acknowledgement would be taken for another's
            raise OSError(_ABORTED)
        silent = ticks_diff(now, self._asked)
        if not self._heard:
            if silent > self._limit:
                raise OSError(_ABORTED)
        elif silent > self._often:
            self._asked = now
            self._heard = False
            yield from self._write(b"\xc0\0")  # PINGREQ
        yield 0
