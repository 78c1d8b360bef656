"""Network interfaces as MicroPython's drivers show them, over time."""

SCAN, HANDSHAKE = 2400, 3000  # ms until a driver knows that there is no such network, or that the password is wrong


class Net:
    """A network: `password`, ms to join it and, then, for an address (None: it gives none), or a status that joining
    ends with, `fails` times (None: always)."""

    def __init__(self, password=None, join=1500, address=500, status=None, fails=None):
        self.password = password
        self.join = join
        self.address = address
        self.status = status
        self.fails = fails

    def outcome(self, password, wrong):
        """(status or None if it is joined, ms)"""
        if self.status is not None and self.fails != 0:
            if self.fails:
                self.fails -= 1
            return self.status, self.join
        return (wrong, HANDSHAKE) if password != self.password else (None, self.join)


class Wifi:
    """What both drivers have in common. `calls` is what was asked of it; `errors` are raised by the calls they name."""

    NONE, WRONG = -2, -3

    def __init__(self, clock, air):
        self.clock = clock
        self.air = air
        self.calls = []
        self.settings = {}
        self.errors = {}
        self.on = False
        self.since = self.net = self.end = None  # of the attempt

    def _called(self, name, *arguments):
        self.calls.append((name,) + arguments)
        if self.errors.get(name):
            raise self.errors[name].pop(0)

    def joined(self):
        return [call[1] for call in self.calls if call[0] == "connect"]

    def active(self, on=None):
        if on is None:
            return self.on
        self._called("active", on)
        if not on:
            self._leave()
        self.on = on

    def disconnect(self):
        self._called("disconnect")
        if not self.on:
            raise OSError("Wifi Not Started")
        self._leave()

    def config(self, name=None, **settings):
        if name == "mac":
            return bytes([0x28, 0xCD, 0xC1, 0, 0, 0x7F]) if self.on else bytes(6)
        self._called("config", settings)
        if not self.on:
            raise OSError("Wifi Not Started")
        self.settings.update(settings)

    def connect(self, ssid, password=None):
        self._called("connect", ssid, password)
        if not self.on:
            raise OSError("Wifi Not Started")
        self.net = self.air.get(ssid)
        self._start(self.net.outcome(password, self.WRONG) if self.net else (self.NONE, SCAN))

    def _start(self, end):
        self.end = end
        self.since = self.clock.now

    def _stage(self):
        """None: nothing is under way, "joining", "failed", "associated" or "up"."""
        if self.since is None:
            return None
        gone = self.clock.now - self.since
        status, ms = self.end
        if gone < ms:
            return "joining"
        if status is not None:
            return "failed"
        return "up" if self.net.address is not None and gone >= ms + self.net.address else "associated"

    def isconnected(self):
        return self._stage() == "up"


class Esp32Wifi(Wifi):
    """The reason of the last failure stays until an address is had, and hides everything else if it is a common one."""

    NONE, WRONG = 201, 202
    STICKY = (201, 202, 210, 211, 212)

    def __init__(self, clock, air):
        super().__init__(clock, air)
        self.reason = 0

    def connect(self, ssid, password=None):
        if self._stage() == "joining":
            self.calls.append(("connect", ssid, password))
            raise OSError("Wifi Internal State Error")
        super().connect(ssid, password)

    def _leave(self):
        if self._stage() in ("associated", "up"):
            self.reason = 8
        self.since = None

    def _settle(self):
        stage = self._stage()
        if stage == "up":
            self.reason = 0
        elif stage == "failed":
            self.reason = self.end[0]
            if self.settings.get("reconnects", -1) != -1:
                self.since = None
            else:
                self._start(self.end)
        return stage

    def isconnected(self):
        return self._settle() == "up"

    def drop(self, reason=200):
        """The network goes away."""
        self.reason = reason
        self.net.address = None
        self.since = None

    def status(self, what=None):
        stage = self._settle()
        if what == "rssi":
            if stage not in ("associated", "up"):
                raise OSError("Wifi Not Connected")
            return -60
        if stage == "up":
            return 1010
        if self.reason in self.STICKY:
            return self.reason
        if self.reason == 8:
            return 1000
        if self.since is not None:
            return 1001
        return self.reason or 1000


class Cyw43(Wifi):
    """The status is of the last attempt until another is begun."""

    def __init__(self, clock, air):
        super().__init__(clock, air)
        self.last = 0

    def _leave(self):
        if self._stage() in ("associated", "up"):
            self.last = 0
        elif self._stage() == "failed":
            self.last = self.end[0]
        self.since = None

    def drop(self):
        self.last = 0
        self.since = None

    def status(self, what=None):
        stage = self._stage()
        if stage is None:
            return self.last
        return {"joining": 1, "failed": self.end[0], "associated": 2, "up": 3}[stage]


class Cable:
    """network.LAN (`lan`) or network.WIZNET5K: `link` and `address` are the ms until they are there, None: never."""

    def __init__(self, clock, lan, link=1000, address=2000):
        self.clock = clock
        self.lan = lan
        self.link = link
        self.address = address
        self.on = False
        self.since = None
        self.calls = []
        self.error = None

    def active(self, on=None):
        if on is None:
            return self.on
        self.calls.append(on)
        if self.error:
            raise self.error
        self.on = on
        self.since = self.clock.now

    def _reached(self, ms):
        return self.on and ms is not None and self.clock.now - self.since >= ms

    def isconnected(self):
        return self._reached(self.link) and self._reached(self.address)

    def status(self):
        link, up = self._reached(self.link), self.isconnected()
        return (5 if up else 3 if link else 4) if self.lan else (2 if link else 0)

    def config(self, name):
        assert name == "mac" and (self.lan or self.on)
        return bytes([0x24, 0x0A, 0xC4, 0x12, 0xAB, 0x12])
