"""`socket` for a machine without a network: its second serial line leads to host_tests/qemu/modem.py, which has one.

Frames both ways are [connection, kind, length] and that many bytes. Kinds: t and u open a TCP or UDP connection to
"host:port", o says that it is open, d is data, c is the end.
"""

import io

from machine import mem32

AF_INET = 2
SOCK_STREAM = 1
SOCK_DGRAM = 2

_UART = 0x40005000  # the second of mps2-an385: data, state, control; state: 1 cannot send, 2 something is there
_POLL = 3  # ioctl's
_POLLIN = 1
_POLLOUT = 4

mem32[_UART + 16] = 16  # any speed
mem32[_UART + 8] = 3  # send and receive

_last = [0]  # number of the newest connection


def _send(data):
    for byte in data:
        while mem32[_UART + 4] & 1:
            pass
        mem32[_UART] = byte


def _receive(size):
    data = bytearray(size)
    for at in range(size):
        while not mem32[_UART + 4] & 2:
            pass
        data[at] = mem32[_UART]
    return data


def getaddrinfo(host, port, *_):
    return [(AF_INET, SOCK_STREAM, 0, "", (host, port))]


class socket(io.IOBase):
    def __init__(self, family=AF_INET, kind=SOCK_STREAM, proto=0):
        self._kind = kind
        self._number = _last[0] = (_last[0] + 1) % 256
        self._data = b""
        self._open = self._ended = False

    def setblocking(self, flag):
        pass

    def setsockopt(self, *_):
        pass

    def connect(self, where):
        self._frame("t" if self._kind == SOCK_STREAM else "u", ":".join([where[0], str(where[1])]).encode())
        if self._kind == SOCK_STREAM:
            raise OSError(115)  # EINPROGRESS

    def write(self, data):
        data = bytes(data[:200])
        self._frame("d", data)
        return len(data)

    send = write

    def recv(self, size):
        self._listen()
        if not self._data and not self._ended:
            raise OSError(11)  # EAGAIN
        data = self._data[:size]
        self._data = self._data[size:]
        return data

    def ioctl(self, request, flags):
        if request != _POLL:
            return 0
        self._listen()
        found = _POLLIN if self._data or self._ended else 0
        return flags & (found | (_POLLOUT if self._open else 0))

    def close(self):
        self._frame("c")

    def _frame(self, kind, data=b""):
        _send(bytes((self._number, ord(kind), len(data))))
        _send(data)

    def _listen(self):
        """Take what has arrived, at most as much as was asked for; the rest waits."""
        while not self._data and mem32[_UART + 4] & 2:
            number, kind, size = _receive(3)
            data = _receive(size)
            if number != self._number:
                continue  # of a connection that is closed
            if kind == ord("d"):
                self._data = bytes(data)
            self._open = kind != ord("c")
            self._ended = kind == ord("c")
