"""Network interfaces over time, as MicroPython's drivers show them."""

SCAN, HANDSHAKE = 2400, 3000  # ms until a driver knows that there is no such network, or that the password is wrong


class Net:
    """A network: `password`, ms to join it and, then, for an address (None: it gives none), or a status that joining
    ends with, `fails` times (None: always). `passing`: {ms of an attempt: the status from then on}, which does not end
    it. `points`: {bssid: rssi} of its access points."""

    def __init__(self, password=None, join=1500, address=500, status=None, fails=None, passing=None, points=None):
        self.password = password
        self.join = join
        self.address = address
        self.status = status
        self.fails = fails
        self.passing = passing or {}
        self.points = points or {b"\x02\0\0\0\0\1": -60}

    def outcome(self, password, wrong):
        """(status or None if it is joined, ms)"""
        if self.status is not None and self.fails != 0:
            if self.fails:
                self.fails -= 1
            return self.status, self.join
        return (wrong, HANDSHAKE) if password != self.password else (None, self.join)


class Addresses:
    """`ipconfig` of an interface: DHCP gives an address after a while, one that is set is there at once.

    Like lwIP, a call that sets values takes only the first name.
    """

    def __init__(self):
        self.dhcp = False
        self.fixed = {}

    def _fails(self, name):
        """What is raised instead of a call."""

    def ipconfig(self, name=None, **values):
        self._fails("ipconfig")
        if name == "dhcp4":
            return self.dhcp
        if name == "addr4":
            return (self.fixed.get("addr4", "10.0.0.9/8").split("/")[0], "255.255.255.0")
        assert self.on, "a network interface is set up when it is on"
        assert len(values) == 1, "lwIP takes the first name for all"
        for name, value in values.items():
            if name == "dhcp4":
                self.dhcp = value
                if value:
                    self.fixed = {}
            else:
                assert not self.dhcp, "DHCP would take it away again"
                self.fixed[name] = value


class Wifi(Addresses):
    """What both drivers have in common. `calls` is what was asked of it; `errors` are raised by the calls they name."""

    NONE, WRONG = -2, -3

    def __init__(self, clock, air):
        super().__init__()
        self.clock = clock
        self.air = air
        self.calls = []
        self.settings = {}
        self.errors = {}
        self.on = False
        self.since = self.net = self.end = None  # of the attempt

    def _called(self, name, *arguments):
        self.calls.append((name,) + arguments)
        self._fails(name)

    def _fails(self, name):
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
        elif not self.on:
            self._fresh()
        self.on = on

    def scan(self):
        self._called("scan")
        if self._stage() == "joining":
            raise OSError("Wifi Internal State Error")
        self.clock.sleep(2)
        found = []
        for ssid, net in self.air.items():
            name = ssid if isinstance(ssid, bytes) else ssid.encode()
            secured = 3 if net.password else 0
            found += [(name, bssid, 1, rssi, secured, False) for bssid, rssi in net.points.items()]
        return found

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

    def connect(self, ssid, password=None, bssid=None):
        self._called(*(("connect", ssid, password) if bssid is None else ("connect", ssid, password, bssid)))
        if not self.on:
            raise OSError("Wifi Not Started")
        self.net = self.air.get(ssid)
        self._start(self.net.outcome(password, self.WRONG) if self.net else (self.NONE, SCAN))

    def _start(self, end):
        self.end = end
        self.since = self.clock.now

    def _stage(self):
        """None: idle, "joining", "failed", "associated" or "up"."""
        if self.since is None:
            return None
        gone = self.clock.now - self.since
        status, ms = self.end
        if gone < ms:
            return "joining"
        if status is not None:
            return "failed"
        if self.fixed:
            return "up"
        return "up" if self.dhcp and self.net.address is not None and gone >= ms + self.net.address else "associated"

    def _passing(self):
        """The status of an attempt under way, or None."""
        gone = self.clock.now - self.since
        told = [at for at in self.net.passing if at <= gone] if self.net else []
        return self.net.passing[max(told)] if told else None

    def isconnected(self):
        self._fails("isconnected")
        return self._stage() == "up"


class Esp32Wifi(Wifi):
    """The reason for the last failure stays until there is an address, and a common one hides everything else."""

    NONE, WRONG = 201, 202
    STICKY = (201, 202, 210, 211, 212)

    def __init__(self, clock, air):
        super().__init__(clock, air)
        self.reason = 0

    def connect(self, ssid, password=None, bssid=None):
        if self._stage() == "joining":
            self.calls.append(("connect", ssid, password))
            raise OSError("Wifi Internal State Error")
        super().connect(ssid, password, bssid)

    def _fresh(self):
        """DHCP begins with the link, unless addresses were set before: that stays."""

    def _begins(self):
        if not self.fixed:
            self.dhcp = True

    def _leave(self):
        if self._stage() in ("associated", "up"):
            self.reason = 8
        self.since = None

    def _settle(self):
        stage = self._stage()
        if stage in ("associated", "up"):
            self._begins()
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
        self._fails("isconnected")
        return self._settle() == "up"

    def drop(self, reason=200):
        """The network disappears."""
        self.reason = reason
        self.net.address = None
        self.since = None

    def status(self, what=None):
        if what is None:
            self._fails("status")
        stage = self._settle()
        if what == "rssi":
            if stage not in ("associated", "up"):
                raise OSError("Wifi Not Connected")
            return -60
        if stage == "up":
            return 1010
        if stage == "joining" and self._passing() is not None:
            self.reason = self._passing()
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

    def _fresh(self):
        """lwIP's interface is made again."""
        self.dhcp = True
        self.fixed = {}

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
        self._fails("status")
        stage = self._stage()
        if stage is None:
            return self.last
        if stage == "joining" and self._passing() is not None:
            return self._passing()
        return {"joining": 1, "failed": self.end[0], "associated": 2, "up": 3}[stage]


class OwnNetwork:
    """network.WLAN as an access point. `seen`: (name, password, security) of each network that was there for a moment.

    ESP32 takes settings only when it is on, and has an open network until then; CYW43 takes them at any time.
    """

    def __init__(self, esp32):
        self._esp32 = esp32
        self._settings = {"ssid": "board", "key": None if esp32 else "picoW123", "security": 0 if esp32 else "WPA2"}
        self.on = False
        self.watched = False  # whether there was a watchdog when it was made
        self.seen = []
        self.error = None

    def active(self, on):
        if self.error:
            raise self.error
        self.on = on
        self._show()

    def config(self, **settings):
        if self._esp32 and not self.on:
            raise OSError("Wifi Unknown Error 0x3004")
        assert set(settings) <= set(self._settings), settings
        self._settings.update(settings)
        self._show()

    def _show(self):
        if self.on:
            self.seen.append((self._settings["ssid"], self._settings["key"], self._settings["security"]))
