"""A board to run a port on: MicroPython's `machine`, `network`, `esp32`, `vfs` and `time` on a clock of our own.

Written from MicroPython's documentation and, for what statuses mean over time, its sources (1.25 to 1.29). `network`
has no name that version 2 drops. `on_board` installs them, with the real boards/<BOARD>/board.py, and imports the port
that would lie on that board.
"""

import sys

import enroll.calendar
import enroll.errors
import enroll.journal
import enroll.sleep
import enroll.tasks  # these keep the real modules: nobody may import them first while the fakes are there  # noqa: F401
from clock import Clock
from fake_cable import Cable
from fake_interfaces import Cyw43, Esp32Wifi, OwnNetwork
from helpers import Fake

BOARDS = __file__.partition("/host_tests/")[0] + "/boards"
UNIQUE = bytes([0x24, 0x0A, 0xC4, 0x12, 0xAB, 0x0F])
FLASH_ID = bytes([0xE6, 0x61, 0x41, 0x04, 0x03, 0x5A, 0x2B, 0x0F])
OURS = ("port", "link", "offline", "accesspoint", "nvs", "board")
ESP32 = {
    "STAT_IDLE": 1000,
    "STAT_CONNECTING": 1001,
    "STAT_GOT_IP": 1010,
    "STAT_BEACON_TIMEOUT": 200,
    "STAT_NO_AP_FOUND": 201,
    "STAT_WRONG_PASSWORD": 202,
    "STAT_CONNECT_FAIL": 203,
    "STAT_HANDSHAKE_TIMEOUT": 204,
    "ETH_CONNECTED": 3,
    "PHY_LAN8720": 1,
    "PHY_W5500": 102,
}
CYW43 = {
    "STAT_IDLE": 0,
    "STAT_CONNECTING": 1,
    "STAT_GOT_IP": 3,
    "STAT_CONNECT_FAIL": -1,
    "STAT_NO_AP_FOUND": -2,
    "STAT_WRONG_PASSWORD": -3,
}


class Watchdog:
    """machine.WDT; `longest` is the most time it was left alone, in ms."""

    def __init__(self, clock, timeout):
        self.clock = clock
        self.timeout = timeout
        self.last = clock.now
        self.longest = self.fed = 0

    def feed(self):
        self.longest = max(self.longest, self.clock.now - self.last)
        self.last = self.clock.now
        self.fed += 1


class Rtc:
    """machine.RTC of an ESP32; every instance is the same clock."""

    def __init__(self):
        self.kept = b""
        self.set = []

    def __call__(self):
        return self

    def datetime(self, fields):
        self.set.append(fields)

    def memory(self, data=None):
        if data is None:
            return self.kept
        if len(data) > 2048:
            raise ValueError("buffer too long")
        self.kept = bytes(data)


class Pin:
    """machine.Pin of an ESP32: by number, or another one; nothing else is a pin."""

    IN, OUT, PULL_UP = 1, 3, 2
    held = {}  # looks for which a button at a pin is held

    def __init__(self, of, mode=None, pull=None):
        assert (mode, pull) in ((None, None), (self.IN, self.PULL_UP))
        assert isinstance(of, Pin) or type(of) is int, of
        self.number = of.number if isinstance(of, Pin) else of

    def __eq__(self, other):
        return isinstance(other, Pin) and self.number == other.number

    def __repr__(self):
        return "Pin(%d)" % self.number

    def value(self):
        left = self.held[self.number] = self.held.get(self.number, 0) - 1
        return int(left < 0)


class on_board:
    """Context in which `port` is the one of the board `name`, `it` its network interface, `own` its access point.

    `air`: {ssid: fake_interfaces.Net}, or of a cable `cable`: Cable's arguments. `values` replace its board.py's.
    """

    def __init__(self, name, air=None, cable=None, nvs=None, partition=None, **values):
        self.name = name
        self.esp32 = name.startswith("ESP32")
        self.clock = Clock((1 << 30) - 1500)  # its ticks are about to wrap
        self.dogs = []
        self.said = {}  # what network was told
        self.unmade = []  # what is raised instead of making one
        Pin.held = {}
        self.keys = []  # what kbd_intr was told
        self.made = []  # arguments of the interfaces that were made
        self.mounted = []
        self.rtc = Rtc()
        self.nvs = nvs
        self.partition = partition
        self.own = OwnNetwork(self.esp32)
        self.heaps = {4: [(7000, 24, 0, 24), (113000, 60000, 31000, 50000)]}  # of ESP-IDF, for data
        self.values = values
        wired = values.get("INTERFACE", "lan" if "EVB" in name else "wifi") == "lan"
        if wired:
            self.it = Cable(self.clock, self.esp32, **(cable or {}))
        else:
            self.it = (Esp32Wifi if self.esp32 else Cyw43)(self.clock, air or {})

    def made_one(self, *arguments, **more):
        if self.unmade:
            raise self.unmade.pop(0)
        self.made.append(arguments or more)
        return self.it

    def _hostname(self, name=None):
        if name:
            self.said["hostname"] = name
        return self.said.get("hostname", "mpy-board")

    def _network(self):
        it = Fake(
            hostname=self._hostname,
            country=lambda code: self.said.update(country=code),
            ipconfig=lambda dns: self.said.update(dns=dns),
        )
        if isinstance(self.it, Cable):
            found = {"LAN" if self.esp32 else "WIZNET5K": self.made_one}
            if self.esp32:
                found.update(ESP32)
        else:
            found = dict(ESP32 if self.esp32 else CYW43)
            found["WLAN"] = Wlan(self)
        for name, value in found.items():
            setattr(it, name, value)
        return it

    def _watch(self, timeout):
        if not self.esp32 and timeout > 8388:
            raise ValueError("timeout exceeds 8388")
        self.dogs.append(Watchdog(self.clock, timeout))
        return self.dogs[-1]

    def _mount(self, files, where):
        if self.mounted:
            raise OSError(1, "EPERM")
        files.mount(False, False)
        self.mounted.append((files, where))

    def __enter__(self):
        machine = Fake(
            RTC=self.rtc,
            WDT=self._watch,
            Timer=self.clock.timer,
            Pin=Pin,
            SPI=lambda host, **pins: (host, pins),
            unique_id=lambda: UNIQUE if self.esp32 else FLASH_ID,
        )
        clock = self.clock
        modules = {
            "machine": machine,
            "network": self._network(),
            "time": Fake(ticks_ms=clock.ticks_ms, ticks_diff=clock.ticks_diff, sleep=self.pause),
            "vfs": Fake(mount=self._mount),
            "micropython": Fake(const=lambda value: value, kbd_intr=self.keys.append),
            "select": Fake(POLLIN=1, poll=lambda: Fake(register=lambda *_: None)),
        }
        if self.esp32:
            modules["esp32"] = Fake(
                NVS=self.nvs, Partition=self.partition, HEAP_DATA=4, idf_heap_info=lambda kind: self.heaps[kind]
            )
        self._before = {name: sys.modules.pop(name, None) for name in OURS + tuple(modules)}
        sys.modules.update(modules)
        self._path = list(sys.path)
        sys.path[:0] = [BOARDS + "/" + self.name, BOARDS + ("/esp32" if self.esp32 else "/rp2"), BOARDS]
        values = __import__("board")
        for name, value in self.values.items():
            assert hasattr(values, name), name
            setattr(values, name, value)
        self.port = __import__("port")
        self.link = sys.modules["link"]
        return self

    def __exit__(self, *_):
        sys.path[:] = self._path
        for name, value in self._before.items():
            sys.modules.pop(name, None)
            if value is not None:
                sys.modules[name] = value
        sys.modules.pop("esp32", None)

    def pause(self, seconds):
        assert 0 <= seconds <= 1, "a pause in which nobody feeds the watchdog"
        self.clock.sleep(seconds)

    def run(self, task, most=2000):
        """Drive `task` to its end as enroll.tasks does, on our clock; returns the seconds it took."""
        start = self.clock.now
        for seconds in task:
            self.port.feed()
            self.pause(seconds)
            most -= 1
            assert most, "the task never ends"
        return (self.clock.now - start) / 1000

    def drop(self):
        self.port.drop()
        return self

    def connect(self, *networks):
        return self.run(self.port.connect(list(networks)))


class Wlan:
    """network.WLAN: constants, and called it gives the one station, or the one access point."""

    def __init__(self, board):
        self.IF_STA = 0
        self.IF_AP = 1
        self.SEC_WPA_WPA2 = "WPA/WPA2"
        if board.esp32:
            self.SEC_WPA2 = "WPA2"
        self.PM_NONE = 0 if board.esp32 else 16
        self.PM_PERFORMANCE = 1 if board.esp32 else 10555714
        self._board = board

    def __call__(self, *arguments):
        if arguments != (self.IF_AP,):
            return self._board.made_one(*arguments)
        self._board.own.watched = bool(self._board.dogs)
        return self._board.own
