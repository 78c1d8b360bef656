"""RP2040 and RP2350 by Wi-Fi (CYW43: Pico W, Pico 2 W), or by Ethernet (W5500) where board.INTERFACE is "lan".

After MicroPython's network.WLAN, network.WIZNET5K, machine.RTC and machine.WDT:
https://docs.micropython.org/en/latest/library/network.WLAN.html
"""

import time

import board
import link
import machine
import network
from enroll.tasks import pause

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_NO_ADDRESS = const(2)  # WLAN.status: joined, or WIZNET5K.status: link; `network` has no name for it
_LIMIT = const(8388)  # ms; the longest time that every chip's watchdog takes
_TICK = const(2000)  # ms
_interface: "Any" = None
_watchdog: "Any" = None
_timer: "Any" = None
_left = 0  # ticks for which the timer may feed the watchdog


def _tick(_) -> None:
    global _left
    if _left > 0:
        _left -= 1
        _watchdog.feed()


def _watch() -> None:
    """Start the watchdog, if the board has one.

    Some waiting takes longer than the chip allows and feeds nothing: a name server that does not answer 7 s, each of
    two, and sending without memory up to 10 s. MicroPython handles events meanwhile, so that a timer feeds it then, for
    as long as board.WATCHDOG says. In a driver that hangs no timer's callback runs.
    """
    global _watchdog, _timer
    if board.WATCHDOG and not _watchdog:
        machines: Any = machine
        _watchdog = machine.WDT(timeout=min(board.WATCHDOG, _LIMIT))
        if board.WATCHDOG > _LIMIT:
            _timer = machines.Timer(period=_TICK, callback=_tick)
        feed()


def _get() -> "Any":
    """The network interface, made when it is first needed; the watchdog is started before: a W5500 that does not answer
    hangs its driver.
    """
    global _interface
    _watch()
    if _interface is None:
        if board.HOSTNAME:
            network.hostname(board.HOSTNAME)
        if board.COUNTRY:
            network.country(board.COUNTRY)
        drivers: Any = network
        _interface = drivers.WIZNET5K() if board.INTERFACE == "lan" else network.WLAN()
    return _interface


def _linked(interface) -> bool:
    return interface.status() == _NO_ADDRESS


def _radio() -> link.Radio:
    """What the driver says; these names are in `network` only where the board has Wi-Fi."""
    reasons = {
        network.STAT_NO_AP_FOUND: (True, "no such network"),
        network.STAT_WRONG_PASSWORD: (True, "wrong password"),
        network.STAT_CONNECT_FAIL: (False, "turned away by the access point, perhaps not the right security"),
        network.STAT_IDLE: (False, ""),  # it was left, after a reason that is known or without one
    }
    busy = (network.STAT_CONNECTING, _NO_ADDRESS, network.STAT_GOT_IP)
    # no scan: the chip takes the strongest access point by itself, and a scan takes up to 10 s
    return link.Radio(reasons, busy, _linked, {"pm": getattr(network.WLAN, board.POWER)})


def connect(networks: list):
    """Task: bring the link up if it is down. `networks`: those of the configuration, tried in order.

    Yields the seconds to sleep. Starts the watchdog, if the board has one. Raises EnrollError("network") with the
    reason in words for each network, EnrollError("configuration"), or EnrollError("memory") when the heap has no room
    for TLS, which takes its buffers from there.
    """
    yield from link.driver(_connect(networks))


def _connect(networks: list):
    interface = _get()
    drivers: Any = network
    if board.INTERFACE == "lan":
        yield from link.cable(interface, networks, board.PATIENCE, _linked, drivers.ipconfig)
    else:
        yield from link.wifi(interface, networks, board.PATIENCE, _radio(), drivers.ipconfig)
    link.room(board.TLS)


def drop() -> None:
    """Take the link down, so that the next `connect` starts afresh: the driver may call a link up that is dead."""
    if _interface:
        link.stop(_interface)


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


def feed() -> bool:
    """Feed the watchdog; returns whether one runs, which the first use of the network starts."""
    global _left
    if _watchdog:
        _left = (board.WATCHDOG - _LIMIT) // _TICK
        _watchdog.feed()
    return bool(_watchdog)


def sleep(seconds: float) -> None:
    """Sleep, and feed the watchdog meanwhile."""
    for piece in pause(seconds):
        feed()
        time.sleep(piece)


def memory(data: bytes | None = None) -> bytes | None:
    """Nothing is kept through deep sleep here: MicroPython has no memory for that on RP2."""
    return None
