"""A Wi-Fi network of the board's own, on which it serves a page. What the ports of all boards share for that.

Loaded only where no network works and enroll.json asks for it, see enroll/portal.py.
"""

import socket

from link import trouble

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from collections.abc import Callable
    from typing import Any

_BACKLOG = const(4)  # connections that wait
_QUESTIONS = const(4)  # that `answer` takes at a time
_PACKET = const(512)  # bytes
_HEADER = const(12)  # bytes of a DNS message before the question
_ADDRESS = const(b"\0\1\0\1")  # what a question is for: type A, class IN


def reply(packet: bytes, address: str) -> bytes | None:
    """The name server's reply to `packet`, RFC 1035: that the name has `address`, and nothing of another type.

    None if `packet` is not a question.
    """
    end = packet.find(b"\0", _HEADER) + 1 + len(_ADDRESS)
    plain = len(packet) > _HEADER and not packet[2] & 0xF8 and packet[4:6] == b"\0\1"  # a query with one question
    if not plain or end < _HEADER or end > len(packet):
        return None
    wanted = packet[end - len(_ADDRESS) : end] == _ADDRESS
    # authoritative; recursion as it was desired, and available
    found = packet[:2] + bytes((0x84 | packet[2], 0x80, 0, 1, 0, wanted, 0, 0, 0, 0)) + packet[_HEADER:end]
    if wanted:  # a pointer to the name, type and class, valid for a second, four bytes
        found += b"\xc0\x0c" + _ADDRESS + b"\0\0\0\1\0\4" + bytes([int(part) for part in address.split(".")])
    return found


class AccessPoint:
    """The network is up until `close`. Its DHCP server is the driver's, and names the board as name server.

    `host`: the board's address there, as in a URL. No function blocks, and nobody outside of that network is served.
    """

    def __init__(self, turn: "Callable", address: str = "192.168.4.1", ports: tuple[int, int] = (80, 53)) -> None:
        """`turn(on)`: switches the network on or off. `ports`: for TCP and for UDP. Raises EnrollError("network")."""
        self._turn = turn
        self._address = address
        self._open: list = []
        self.host = address if ports[0] == 80 else "%s:%d" % (address, ports[0])
        try:
            turn(True)
            self._web = self._socket(socket.SOCK_STREAM, ports[0])
            self._web.listen(_BACKLOG)
            self._names = self._socket(socket.SOCK_DGRAM, ports[1])
        except Exception as error:
            self.close()
            raise trouble(error)

    def _socket(self, kind: int, port: int) -> "Any":
        found = socket.socket(socket.AF_INET, kind)
        self._open.append(found)
        found.setblocking(False)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(socket.getaddrinfo(self._address, port)[0][-1])
        return found

    def accept(self) -> "Any":
        """A TCP connection to `host`, which does not block, or None. Raises nothing."""
        try:
            found = self._web.accept()[0]
            found.setblocking(False)
            return found
        except OSError:  # none waits
            return None

    def answer(self) -> None:
        """Answer the questions for names that have come. Raises nothing."""
        try:
            for _ in range(_QUESTIONS):
                packet, sender = self._names.recvfrom(_PACKET)
                found = reply(packet, self._address)
                if found:
                    self._names.sendto(found, sender)
        except OSError:  # no other packet is there, or the sender is gone
            pass

    def close(self) -> None:
        """Close the sockets, and take the network down. Raises nothing."""
        for one in self._open:
            one.close()
        try:
            self._turn(False)
        except Exception:  # a broken driver is reported when it is started
            pass
