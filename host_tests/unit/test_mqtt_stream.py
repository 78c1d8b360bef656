"""The stream between a client of MQTT and its broker: what the clients call of a socket, and what `poll` asks."""

from select import POLLIN, POLLOUT

import enroll.mqtt_stream as mqtt_stream
from clock import Clock
from enroll import tasks
from enroll.mqtt_simple2 import Polled
from enroll.mqtt_stream import Stream
from fake_broker import Broker
from fake_device import Port
from helpers import Fake, patched, raises

POLL = 3  # MicroPython's request


class Open:
    """Context: a `stream` of `kind`, the `broker`'s `line`, and the `port`, which counts how often it was `fed`."""

    def __init__(self, kind=Stream):
        self.kind = kind
        self.clock = Clock()
        self.port = Port()
        self.broker = Broker(self.clock)
        tasks.run(self.broker.connect("broker.example", 8883, 20), self.port.feed, self.clock.sleep)
        self.line = self.broker.line
        self.line.ca = "ca.der"
        self.ticks = {name: getattr(self.clock, name) for name in ("ticks_ms", "ticks_add", "ticks_diff")}

    def __enter__(self):
        self.change = patched(mqtt_stream, **self.ticks)
        self.change.__enter__()
        self.stream = self.kind(self.line, Fake(port=self.port, config=Fake(timeout=20)), 60)
        return self

    def __exit__(self, *_):
        self.change.__exit__()


def test_what_is_written():
    with Open() as it:
        size = it.stream.write
        assert (size(b"\xc0\0", 0), size(b"\xc0\0after", 2), size("\0\0"), size(b"\xc0\0")) == (0, 2, 2, 2)
        assert it.broker.pings == 2


def test_what_is_read_in_pieces():
    with Open() as it:
        it.line.ready = b"one and two"
        fed = it.port.fed
        assert (it.stream.read(7), it.stream.read(4)) == (b"one and", b" two") and it.port.fed >= fed + 4
        it.line.ready = b"abc"
        it.stream.setblocking(False)
        assert (it.stream.read(3), it.stream.read(1)) == (b"abc", None)
        assert it.clock.now == 0, "nobody waits"


def test_a_broker_that_closes_the_connection():
    with Open() as it:
        it.line.ended = True
        assert raises(OSError, it.stream.read, 1).args == (104,)


def test_an_alert_after_the_broker_has_spoken_is_not_about_certificates():
    """As when a record was damaged on its way: tlserror.py is told that the handshake is long over."""
    with Open() as it:
        it.line.known = True
        it.line.ready = b"\xd0\0"
        assert it.stream.read(2) == b"\xd0\0" and not it.line.known


def test_a_stream_that_was_closed():
    with Open() as it:
        it.stream.close()
        it.stream.close()
        raises(OSError, it.stream.read, 1)


def test_poll_is_told_what_is_there():
    with Open(Polled) as it:
        both = POLLIN | POLLOUT
        fed = it.port.fed
        assert it.stream.ioctl(POLL, both) == POLLOUT and it.port.fed > fed
        it.line.ready = b"x"
        assert it.stream.ioctl(POLL, both) == both and it.stream.ioctl(POLL, POLLOUT) == POLLOUT
        assert it.stream.read(1) == b"x"
        assert it.stream.ioctl(4, both) == 0, "another request"

        def broken():
            raise OSError(104)
            yield

        it.line.peek = broken
        assert it.stream.ioctl(POLL, POLLIN) == POLLIN, "`read` says why"
