"""A Wi-Fi in name only for the unix port, so that tests and `make demo` can give a device its network.

    export MICROPYPATH=lib:firmware:boards/unix:boards:.frozen
    ENROLL_AIR='{"home": "password"}' micropython -c 'import air, main; main.main(["enroll.json"])'

Importing this module changes the port: it can join the networks of ENROLL_AIR, {name: password, "" for an open one},
and no other.
"""

import json
import os
import time

import link
import port

PATIENCE = 1  # seconds to try each network
JOIN = 100  # ms until a network is joined or refused
IDLE, JOINING, UP, NONE, WRONG = 0, 1, 3, -2, -3  # what `status` says, as on a Pico W


class Interface:
    """A station interface like network.WLAN. `networks`: {name: password}."""

    def __init__(self, networks: dict) -> None:
        self._networks = networks
        self._since = 0
        self._end = IDLE

    def active(self, on: bool = True) -> bool:
        return on

    def config(self, **options) -> None:
        """Take options, and ignore them."""

    def ipconfig(self, *names, **values):
        return "0.0.0.0", "0.0.0.0"

    def connect(self, ssid: str, password: str = "") -> None:
        self._since = time.ticks_ms()
        self._end = UP if self._networks.get(ssid) == password else WRONG if ssid in self._networks else NONE

    def disconnect(self) -> None:
        self._end = IDLE

    def status(self) -> int:
        joining = self._end != IDLE and time.ticks_diff(time.ticks_ms(), self._since) < JOIN
        return JOINING if joining else self._end

    def isconnected(self) -> bool:
        return self.status() == UP

    def scan(self) -> list[tuple]:
        """Each network twice, as two access points have it, in an order of its own."""
        found = []
        for number, (ssid, password) in enumerate(self._networks.items()):
            for strength in (-90 + number, -60 + number):
                found.append((ssid.encode(), b"", 1, strength, 3 if password else 0, False))
        return found


interface = Interface(json.loads(os.getenv("ENROLL_AIR") or "{}"))
radio = link.Radio(
    {NONE: (True, "no such network"), WRONG: (True, "wrong password"), IDLE: (False, "")},
    (JOINING, UP),
    lambda interface: False,
    {},
    0.25,
)


def connect(networks):
    """Task: join one of `networks`, as the ports of boards do."""
    return link.driver(link.wifi(interface, networks, PATIENCE, radio, interface.ipconfig))


def scan() -> list[tuple[str, int, bool]]:
    import offline

    return offline.scan(interface)


def console():
    import offline

    return offline.Console()


def drop() -> None:
    link.stop(interface)


def access_point(ssid: str, password: str):
    """On loopback, at the free ports that ENROLL_PORTAL names, "TCP,UDP"."""
    from accesspoint import AccessPoint

    web, names = (os.getenv("ENROLL_PORTAL") or "").split(",")
    return AccessPoint(lambda on: None, "127.0.0.1", (int(web), int(names)))


for function in (connect, scan, console, drop, access_point):
    setattr(port, function.__name__, function)
port.hostname = lambda: "unix"
