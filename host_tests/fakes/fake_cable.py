"""A wired network interface over time, as MicroPython's drivers show it."""

from fake_interfaces import Addresses


class Cable(Addresses):
    """network.LAN (`lan`) or network.WIZNET5K: `link` and `address` are the ms until they are there, None: never."""

    def __init__(self, clock, lan, link=1000, address=2000):
        super().__init__()
        self.clock = clock
        self.lan = lan
        self.link = link
        self.address = address
        self.on = False
        self.since = None
        self.calls = []
        self.error = None
        self.seen = []  # the watchdogs
        self.watched = False  # whether there was one at the last call

    def active(self, on=None):
        self.watched = bool(self.seen)
        if on is None:
            return self.on
        self.calls.append(on)
        if self.error:
            raise self.error
        if on and not self.on and not (self.lan and self.fixed):
            self.dhcp = True
            self.fixed = {}
        self.on = on
        self.since = self.clock.now

    def _reached(self, ms):
        return self.on and ms is not None and self.clock.now - self.since >= ms

    def isconnected(self):
        return self._reached(self.link) and bool(self.fixed or (self.dhcp and self._reached(self.address)))

    def status(self):
        link, up = self._reached(self.link), self.isconnected()
        return (5 if up else 3 if link else 4) if self.lan else (2 if link else 0)

    def config(self, name):
        assert name == "mac" and (self.lan or self.on)
        self.watched = bool(self.seen)
        return bytes([0x24, 0x0A, 0xC4, 0x12, 0xAB, 0x12])
