"""RP2040 and RP2350 by Wi-Fi (CYW43: Pico W, Pico 2 W), or by Ethernet (W5500) where board.INTERFACE is "lan".

After MicroPython's network.WLAN, network.WIZNET5K, machine.RTC and machine.WDT:
https://docs.micropython.org/en/latest/library/network.WLAN.html
"""

import time

import board
import link
import machine
import network
from enroll.wait import pause

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_NO_ADDRESS = const(2)  # WLAN.status: joined, or WIZNET5K.status: link; `network` has no name for it
_interface: "Any" = None
_watchdog: "Any" = None


def _get() -> "Any":
    """The network interface, made when it is first needed."""
    global _interface
    if _interface is None:
        if board.HOSTNAME:
            network.hostname(board.HOSTNAME)
        if board.COUNTRY:
            network.country(board.COUNTRY)
        drivers: Any = network
        _interface = drivers.WIZNET5K() if board.INTERFACE == "lan" else network.WLAN(network.STA_IF)
    return _interface


def _linked(interface) -> bool:
    return interface.status() == _NO_ADDRESS


def _radio() -> link.Radio:
    """What the driver says; these names are in `network` only where the board has Wi-Fi."""
    reasons = {
        network.STAT_NO_AP_FOUND: (True, "no such network"),
        network.STAT_WRONG_PASSWORD: (True, "wrong password"),
        network.STAT_CONNECT_FAIL: (False, "turned away by the access point, perhaps not the right security"),
    }
    busy = (network.STAT_IDLE, network.STAT_CONNECTING, _NO_ADDRESS, network.STAT_GOT_IP)
    return link.Radio(reasons, busy, _linked, {"pm": getattr(network.WLAN, board.POWER)})


def connect(networks: list):
    """Task: bring the link up if it is down. `networks`: those of the configuration, tried in order.

    Yields the seconds to sleep. Starts the watchdog, if the board has one. Raises EnrollError("network") with the
    reason in words for each network, EnrollError("configuration"), or EnrollError("memory") when the heap has no room
    for TLS, which takes its buffers from there.
    """
    global _watchdog
    if board.WATCHDOG and not _watchdog:
        _watchdog = machine.WDT(timeout=board.WATCHDOG)
    interface = _get()
    if board.INTERFACE == "lan":
        yield from link.cable(interface, board.PATIENCE, _linked)
    else:
        yield from link.wifi(interface, networks, board.PATIENCE, _radio())
    link.room(board.TLS)


def set_clock(unix_seconds: int) -> None:
    """Set the device's clock to Unix seconds."""
    machine.RTC().datetime(link.calendar(unix_seconds))


def _mac() -> bytes:
    """The interface's address, which it knows only when it is on."""
    interface = _get()
    interface.active(True)
    return interface.config("mac")


def identity() -> dict:
    """What the board knows of itself: `serial` and `hardware_id` (the flash chip's), `mac` (the interface's),
    `hardware_key` (the board's, if it has one).
    """
    return link.Identity(machine.unique_id(), board.HARDWARE_KEY, _mac)


def feed() -> None:
    """Feed the watchdog, once `connect` has started it."""
    if _watchdog:
        _watchdog.feed()


def sleep(seconds: float) -> None:
    """Sleep, and feed the watchdog meanwhile."""
    for piece in pause(seconds):
        feed()
        time.sleep(piece)


def memory(data: bytes | None = None) -> bytes | None:
    """Nothing is kept through deep sleep here: MicroPython has no memory for that on RP2."""
    return None


def store(path: str):
    """The store for records at `path`."""
    from enroll.store import Store

    return Store(path)
