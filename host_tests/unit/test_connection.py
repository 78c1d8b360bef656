"""Names, addresses and a port's sockets, over fakes."""

import enroll.connection as connection
from clock import Clock
from helpers import drive, raises
from install import installed
from wire import Socket, Sockets

REFUSED, BLOCKED = 111, 11


class Names(Sockets):
    """`addresses`: what a look-up gives, or the error it raises. `fates`: by address,
    "up", "silent", an errno of connect, or one that only `recv` reports while the flags say that all is well.
    """

    def __init__(self, addresses, **fates):
        self.addresses = addresses
        self.fates = fates
        self.under_way = 115  # the errno that says so
        self.asked = []
        self.tried = []
        self.options = []
        self.fed = 0
        self.clock = Clock()

    def getaddrinfo(self, *arguments):
        self.asked.append(arguments)
        assert self.fed, "the watchdog is fed before a look-up"
        if isinstance(self.addresses, Exception):
            raise self.addresses
        return [(2, 1, 0, "", name and (name, 80)) for name in self.addresses]

    def socket(self):
        self.open += 1
        return Line(self)

    def ready(self, stream, flags):
        self.clock.sleep(0.25)
        return 0 if stream.fate == "silent" else flags

    def connected(self, timeout=12):
        """The address that the connection leads to."""
        task = connection.connect("host", 80, timeout)
        with installed(self, self.clock):
            try:
                assert task.send(None) == 0
                self.fed = 1
                assert drive(self._rest(task), self.ready).sock.where
            finally:
                self.left = self.open
        return self.tried[-1]

    def _rest(self, task):
        return (yield from task)


class Line(Socket):
    fate = "up"
    up = 1

    def __init__(self, net):
        self.net = net

    def setsockopt(self, *option):
        self.net.options.append(option)
        raise OSError(92, "not here")

    def connect(self, where):
        self.net.tried.append(where[0])
        self.fate = self.net.fates.get(where[0], "up")
        if isinstance(self.fate, int) and self.fate > 0:
            raise OSError(self.fate, "why")
        try:
            super().connect(where)
        except OSError:
            raise OSError(self.net.under_way, "under way")

    def recv(self, size):
        assert 0 < size <= 64  # in small pieces
        if self.fate == "closed":
            return b""
        raise OSError(BLOCKED if self.fate == "up" else -self.fate, "why")

    def close(self):
        self.net.open -= self.up
        self.up = 0


def test_only_ipv4_is_asked_for():
    net = Names(["a"])
    assert net.connected() == "a" and net.asked == [("host", 80, 2, 1)]


def test_small_pieces_wait_for_no_acknowledgement():
    net = Names(["a"])
    net.connected()
    assert net.options == [(6, 1, 1)]  # TCP_NODELAY, where the port knows it


def test_a_name_without_an_address_is_said_in_words():
    """ESP32 gives None for a name that has only IPv6; every port has its own error numbers for bad names."""
    for found in ([None], [], OSError(-202), OSError(-2), OSError(-6, "x")):
        net = Names(found)
        error = raises("network", net.connected)
        assert "address for host" in str(error) and "20" not in str(error), error
        assert net.left == 0


def test_every_address_is_tried():
    for fate in (REFUSED, -REFUSED, -104, "closed", "silent"):
        net = Names([None, "a", "b", "c"], a=fate, b=fate)
        assert net.connected() == "c" and net.tried == ["a", "b", "c"] and net.left == 1, fate
        assert net.clock.now <= 9000


def test_each_port_has_a_number_of_its_own_for_a_connection_under_way():
    """EAGAIN and EINPROGRESS: 11 and 115 on Linux, 11 and 119 on lwIP, 35 and 36 on macOS."""
    for number in (11, 115, 119, 35, 36):
        net = Names(["a", "b"])
        net.under_way = number
        assert net.connected() == "a", number


def test_the_addresses_share_the_time():
    net = Names(["a", "b", "c"], a="silent", b="silent", c="silent")
    raises(OSError, net.connected, 6)
    assert net.tried == ["a", "b", "c"] and 6000 <= net.clock.now <= 7000 and net.left == 0


def test_what_the_last_address_says_is_raised():
    for fate in (REFUSED, -REFUSED):
        net = Names(["a", "b"], a="silent", b=fate)
        assert raises(OSError, net.connected).errno == REFUSED, fate
    net = Names(["a"], a="closed")
    assert raises(OSError, net.connected).args[0] == 104


def test_a_connection_that_only_looks_like_one_is_none():
    """After a refused connection ESP32's poll reports it as writable."""
    assert raises(OSError, Names(["a"], a=-REFUSED).connected).errno == REFUSED
