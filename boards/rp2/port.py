"""RP2040 and RP2350 over Wi-Fi (CYW43: Pico W, Pico 2 W), or over Ethernet (W5500) if board.INTERFACE is "lan".

Follows MicroPython's network.WLAN, network.WIZNET5K, machine.RTC and machine.WDT:
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

_NO_ADDRESS = const(2)  # WLAN.status: joined, WIZNET5K.status: link up, both without an address; has no name
_LIMIT = const(8388)  # ms; the longest timeout of the watchdog on every chip
_TICK = const(2000)  # ms between two feeds by the timer
_interface: "Any" = None
_watchdog: "Any" = None
_timer: "Any" = None
_left = 0  # how many more times the timer may feed the watchdog


def _tick(_) -> None:
    global _left
    if _left > 0:
        _left -= 1
        _watchdog.feed()


def _watch() -> None:
    """Start the watchdog, if the board has one.

    Some calls block for longer than the chip's limit without feeding: each of two name servers that do not answer for
    7 s, and sending without free buffers for up to 10 s. MicroPython handles events meanwhile, so a timer feeds the
    watchdog then, for as long as board.WATCHDOG says. While a driver hangs, no timer callback runs.
    """
    global _watchdog, _timer
    if board.WATCHDOG and not _watchdog:
        machines: Any = machine
        _watchdog = machine.WDT(timeout=min(board.WATCHDOG, _LIMIT))
        if board.WATCHDOG > _LIMIT:
            _timer = machines.Timer(period=_TICK, callback=_tick)
        feed()


def _get() -> "Any":
    """The network interface, created on first use. Starts the watchdog first: a W5500 that does not answer hangs its
    driver.
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
    """What the driver's statuses mean. `network` has these names only on a board with Wi-Fi."""
    reasons = {
        network.STAT_NO_AP_FOUND: (True, "no such network"),
        network.STAT_WRONG_PASSWORD: (True, "wrong password"),
        network.STAT_CONNECT_FAIL: (False, "rejected by the access point, perhaps the wrong security"),
        network.STAT_IDLE: (False, ""),  # the network was left; an earlier status may have told why
    }
    busy = (network.STAT_CONNECTING, _NO_ADDRESS, network.STAT_GOT_IP)
    # no scan: the chip picks the strongest access point by itself, and a scan takes up to 10 s
    return link.Radio(reasons, busy, _linked, {"pm": getattr(network.WLAN, board.POWER)})


def connect(networks: list):
    """Task: bring the link up if it is down. `networks`: `network` of the configuration, tried in order.

    Yields the seconds to sleep. Starts the watchdog, if the board has one. Raises EnrollError("network") with the
    reason in words for each network, EnrollError("configuration"), or EnrollError("memory") if the heap has no room
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


if board.INTERFACE != "lan":

    def scan() -> list[tuple[str, int, bool]]:
        """The Wi-Fi networks in reach, the strongest first: (ssid, dBm, whether it wants a password). Blocks.

        Raises EnrollError("network"). A board whose interface is a cable has no such function.
        """
        from offline import scan

        return scan(_get())

    def pressed() -> bool:
        """Whether the button of board.BUTTON is held for five seconds from now on. Feeds the watchdog meanwhile."""
        from offline import held

        return held(machine.Pin, getattr(board, "BUTTON", None), sleep)

    def access_point(ssid: str, password: str) -> "Any":
        """Make a Wi-Fi network of the board's own: an accesspoint.AccessPoint. Raises EnrollError("network")."""
        from accesspoint import AccessPoint

        _get()
        wlan: Any = network.WLAN
        interface = wlan(wlan.IF_AP)

        def turn(on: bool) -> None:
            if on:  # first, or the driver's own name and password would be there for a moment
                interface.config(ssid=ssid, key=password, security=wlan.SEC_WPA_WPA2)
            interface.active(on)

        return AccessPoint(turn)


def console() -> "Any":
    """Open the serial port of the prompt as bytes: an object with `read`, `write` and `close`, see offline.Console."""
    from offline import Console

    return Console()


def hostname() -> str:
    """The name that the board has in its network."""
    _get()
    return network.hostname()


def drop() -> None:
    """Take the link down: the driver may report a link that is dead. The next `connect` starts from scratch."""
    if _interface:
        link.stop(_interface)


def set_clock(unix_seconds: int) -> None:
    """Set the board's clock to Unix seconds."""
    machine.RTC().datetime(link.calendar(unix_seconds))


def _mac() -> bytes:
    """The interface's MAC address, which it knows only when it is on."""
    interface = _get()
    interface.active(True)
    return interface.config("mac")


def identity() -> dict:
    """What the board knows of itself, a dict: `serial` and `hardware_id` (of the flash chip), `mac` (of the interface),
    `hardware_key` (in board.py, if it is set).
    """
    return link.Identity(machine.unique_id(), board.HARDWARE_KEY, _mac)


def feed() -> bool:
    """Feed the watchdog and return whether one runs. The first use of the network starts it."""
    global _left
    if _watchdog:
        _left = (board.WATCHDOG - _LIMIT) // _TICK
        _watchdog.feed()
    return bool(_watchdog)


def sleep(seconds: float) -> None:
    """Sleep for `seconds` and feed the watchdog meanwhile."""
    for piece in pause(seconds):
        feed()
        time.sleep(piece)


def memory(data: bytes | None = None) -> bytes | None:
    """Returns None: on RP2 MicroPython has no memory that survives deep sleep."""
    return None
