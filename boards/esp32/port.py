"""ESP32, S2, S3, C3 and C6 over Wi-Fi, or over Ethernet if board.INTERFACE is "lan".

Follows MicroPython's network.WLAN, network.LAN, machine.RTC, machine.WDT and esp32.NVS:
https://docs.micropython.org/en/latest/library/network.WLAN.html
"""

import gc
import time

import board
import esp32
import link
import machine
import network
from enroll.errors import EnrollError
from enroll.tasks import pause

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_MEMORY = const(2048)  # bytes of the RTC's memory that a program may use
_HIDDEN = const(6)  # seconds that a second try to join takes, with a scan and a handshake; the driver does not show it

_interface: "Any" = None
_watchdog: "Any" = None


def _lan() -> "Any":
    """The Ethernet interface that board.LAN describes, with pins as numbers and MicroPython's constants as their names.

    Objects, constants and None are passed on unchanged.
    """
    kind: Any = network.LAN
    pin: Any = machine.Pin
    values: dict[str, Any] = {}
    for name, value in board.LAN.items():
        if name == "spi":
            if isinstance(value, tuple):
                host, sck, mosi, miso = value
                value = machine.SPI(host, sck=pin(sck), mosi=pin(mosi), miso=pin(miso))
        elif name in ("phy_type", "ref_clk_mode"):
            if isinstance(value, str):
                value = getattr(network if name == "phy_type" else pin, value)
        elif value is not None and name not in ("id", "phy_addr"):
            value = pin(value)
        values[name] = value
    return kind(**values)


def _get() -> "Any":
    """The network interface, created on first use. Starts the watchdog first, in case a driver hangs."""
    global _interface, _watchdog
    if board.WATCHDOG and not _watchdog:
        _watchdog = machine.WDT(timeout=board.WATCHDOG)
    if _interface is None:
        if board.HOSTNAME:
            network.hostname(board.HOSTNAME)
        if board.COUNTRY:
            network.country(board.COUNTRY)
        _interface = _lan() if board.INTERFACE == "lan" else network.WLAN()  # the station interface
    return _interface


def _associated(interface) -> bool:
    """Whether a Wi-Fi is joined, with or without an address: only then does the driver report a signal."""
    try:
        interface.status("rssi")
        return True
    except (OSError, RuntimeError):
        return False


def _radio() -> link.Radio:
    """What the driver's reason codes after a failure mean. Some have no name in `network`."""
    security = (True, "wrong security")
    handshake = (False, "no handshake, usually a wrong password")
    reasons = {
        network.STAT_NO_AP_FOUND: (True, "no such network"),
        network.STAT_WRONG_PASSWORD: (True, "wrong password"),
        network.STAT_HANDSHAKE_TIMEOUT: handshake,
        15: handshake,
        203: (False, "rejected by the access point"),
        network.STAT_BEACON_TIMEOUT: (False, "the access point went silent"),
        210: security,
        211: security,
        212: (True, "too weak a signal"),
    }
    busy = (network.STAT_IDLE, network.STAT_CONNECTING, network.STAT_GOT_IP)
    # without a limit on reconnects the driver repeats a hopeless attempt forever and never reports why
    options = {"pm": getattr(network.WLAN, board.POWER), "reconnects": 0}
    return link.Radio(reasons, busy, _associated, options, _HIDDEN, True)


def _room() -> None:
    """Prove that ESP-IDF's heap, from which mbedTLS allocates, has room for board.TLS. Raises EnrollError("memory")."""
    gc.collect()  # returns what Python no longer needs to that heap
    if board.TLS:
        heaps = esp32.idf_heap_info(esp32.HEAP_DATA)  # for each: (size, free, largest free block, lowest free so far)
        if max([it[2] for it in heaps]) < max(board.TLS) or sum([it[1] for it in heaps]) < sum(board.TLS):
            raise link.scarce(board.TLS)


def connect(networks: list):
    """Task: bring the link up if it is down. `networks`: `network` of the configuration, tried in order.

    Yields the seconds to sleep. Starts the watchdog, if the board has one. Raises EnrollError("network") with the
    reason in words for each network, EnrollError("configuration"), or EnrollError("memory") if the heap has no room
    for TLS.
    """
    yield from link.driver(_connect(networks))


def _connect(networks: list):
    interface = _get()
    patience = board.PATIENCE
    if board.INTERFACE == "lan":
        connected = lambda it: it.status() == network.ETH_CONNECTED  # noqa: E731
        yield from link.cable(interface, networks, patience, connected, network.ipconfig)
    else:
        yield from link.wifi(interface, networks, patience, _radio(), network.ipconfig)
        try:
            interface.config(reconnects=-1)  # from now on the driver reconnects by itself
        except (OSError, RuntimeError):
            pass  # connected, which is what counts
    _room()


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
            interface.active(on)
            if on:  # the driver takes settings only when it is on
                interface.config(ssid=ssid, key=password, security=wlan.SEC_WPA2)

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


def identity() -> dict:
    """What the board knows of itself, a dict: `serial` and `hardware_id` (of the chip), `mac` (of the interface),
    `hardware_key` (in board.py, if it is set).
    """
    unique = machine.unique_id()  # the factory MAC address, which Wi-Fi uses
    lan = board.INTERFACE == "lan"
    return link.Identity(unique, board.HARDWARE_KEY, lambda: _get().config("mac") if lan else unique)


def feed() -> bool:
    """Feed the watchdog and return whether one runs. The first use of the network starts it."""
    if _watchdog:
        _watchdog.feed()
    return bool(_watchdog)


def sleep(seconds: float) -> None:
    """Sleep for `seconds` and feed the watchdog meanwhile."""
    for piece in pause(seconds):
        feed()
        time.sleep(piece)


def memory(data: bytes | None = None) -> bytes | None:
    """Keep `data`, up to 2 048 bytes, through deep sleep and soft resets. Without `data`, return what is kept, b"" if
    there is nothing. Raises ValueError if `data` is longer.
    """
    if data is None:
        return machine.RTC().memory()
    if len(data) > _MEMORY:
        raise ValueError("the RTC's memory takes %d bytes" % _MEMORY)
    machine.RTC().memory(data)
    return None


class _Closed:
    """A file system at /nvs that refuses files, unless board.NVS is set. Without it, records would go to a folder."""

    def mount(self, *_) -> None:
        """Do nothing."""

    umount = mount

    def ilistdir(self, _path: str):
        """List nothing."""
        return iter(())

    def open(self, *_):
        """Raise EnrollError("configuration")."""
        raise EnrollError(
            "configuration", "`store` in /nvs needs `NVS = True` in board.py", "set it, or change `store`"
        )

    stat = mkdir = remove = open


def _mount() -> None:
    """Mount NVS as a file system at /nvs, unless something is mounted there."""
    import vfs

    files: Any = _Closed()
    if board.NVS:
        import nvs

        files = nvs.Files(esp32.NVS, esp32.Partition)
    try:
        vfs.mount(files, "/nvs")
    except OSError as error:
        if error.errno != 1:  # EPERM: something is mounted there
            raise


_mount()
