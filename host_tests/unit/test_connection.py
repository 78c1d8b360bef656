"""Names, addresses and what a port's socket says of a connection, over fakes of them."""

import enroll.connection as connection
from helpers import drive, patched, raises

REFUSED, BLOCKED = 111, 11


class Sockets:
    """Stands for the module `socket`. `addresses`: what a look-up gives, or the error it raises. `fates`: by address,
    "up", "silent", an errno of connect, or one that only `recv` tells of while the flags say that all is well.
    """

    AF_INET, SOCK_STREAM, SOCK_DGRAM = 2, 1, 2

    def __init__(self, addresses, **fates):
        self.addresses = addresses
        self.fates = fates
        self.asked = []
        self.tried = []
        self.options = []
        self.open = self.ms = self.fed = 0

    def getaddrinfo(self, *arguments):
        self.asked.append(arguments)
        assert self.fed, "the watchdog is fed before a look-up"
        if isinstance(self.addresses, Exception):
            raise self.addresses
        return [(2, 1, 0, "", name and (name, 80)) for name in self.addresses]

    def socket(self):
        self.open += 1
        return Socket(self)

    def ticks_ms(self):
        return self.ms

    def ready(self, stream, flags):
        self.ms += 250
        return 0 if stream.fate == "silent" else flags

    def connected(self, timeout=12):
        """The address that the connection leads to."""
        ticks = {"ticks_ms": self.ticks_ms, "ticks_add": lambda a, b: a + b, "ticks_diff": lambda a, b: a - b}
        task = connection.connect("host", 80, timeout)
        with patched(connection, socket=self, **ticks):
            try:
                assert task.send(None) == 0
                self.fed = 1
                assert drive(self._rest(task), self.ready).sock.where
            finally:
                self.left = self.open
        return self.tried[-1]

    def _rest(self, task):
        return (yield from task)


class Socket:
    fate = "up"
    up = 1

    def __init__(self, net):
        self.net = net
        self.where = None

    def setblocking(self, flag):
        assert not flag

    def setsockopt(self, *option):
        self.net.options.append(option)
        raise OSError(92, "not here")

    def connect(self, where):
        self.where = where
        self.net.tried.append(where[0])
        self.fate = self.net.fates.get(where[0], "up")
        raise OSError(self.fate if isinstance(self.fate, int) and self.fate > 0 else 115, "why")

    def recv(self, size):
        assert 0 < size <= 64  # in small pieces
        if self.fate == "closed":
            return b""
        raise OSError(BLOCKED if self.fate == "up" else -self.fate, "why")

    def close(self):
        self.net.open -= self.up
        self.up = 0


def test_only_ipv4_is_asked_for():
    net = Sockets(["a"])
    assert net.connected() == "a" and net.asked == [("host", 80, 2, 1)]


def test_small_pieces_wait_for_no_acknowledgement():
    net = Sockets(["a"])
    net.connected()
    assert net.options == [(6, 1, 1)]  # TCP_NODELAY, where the port knows it


def test_a_name_without_an_address_is_said_in_words():
    """ESP32 gives None for a name that has only IPv6; every port has numbers of its own for names that are none."""
    for found in ([None], [], OSError(-202), OSError(-2), OSError(-6, "x")):
        net = Sockets(found)
        error = raises("network", net.connected)
        assert "address for host" in str(error) and "20" not in str(error), error
        assert net.left == 0


def test_every_address_is_tried():
    for fate in (REFUSED, -REFUSED, -104, "closed", "silent"):
        net = Sockets([None, "a", "b", "c"], a=fate, b=fate)
        assert net.connected() == "c" and net.tried == ["a", "b", "c"] and net.left == 1, fate
        assert net.ms <= 9000


def test_the_addresses_share_the_time():
    net = Sockets(["a", "b", "c"], a="silent", b="silent", c="silent")
    raises(OSError, net.connected, 6)
    assert net.tried == ["a", "b", "c"] and 6000 <= net.ms <= 7000 and net.left == 0


def test_what_the_last_address_says_is_raised():
    for fate in (REFUSED, -REFUSED):
        net = Sockets(["a", "b"], a="silent", b=fate)
        assert raises(OSError, net.connected).errno == REFUSED, fate
    net = Sockets(["a"], a="closed")
    assert raises(OSError, net.connected).args[0] == 104


def test_a_connection_that_only_looks_like_one_is_none():
    """After a refusal ESP32's poll says that one can write."""
    assert raises(OSError, Sockets(["a"], a=-REFUSED).connected).errno == REFUSED
