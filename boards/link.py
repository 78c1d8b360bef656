"""What the ports of all boards share: joining a Wi-Fi, waiting for a cable, addresses, the date and the identity.

Imports nothing of a board: the interface and the meaning of its statuses are passed in. Tasks yield the seconds to
sleep, see enroll.tasks. A network is a dict with `ssid` (None: a cable), `password` (Secret or None), and, unless DHCP
gives the address, `ip` ("192.168.1.5/24"), `gateway` and `dns`.
"""

import gc
from binascii import hexlify
from time import ticks_diff, ticks_ms

from enroll.calendar import civil, days
from enroll.errors import EnrollError

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from collections.abc import Callable
    from typing import Any

_LOOK = const(0.25)  # seconds between two looks at the interface; the watchdog is fed as often
_SETTLE = const(1.5)  # seconds for which a driver may report a failure and still recover


class Radio:
    """What the statuses of a family's Wi-Fi driver mean.

    `reasons`: {status of a failure: (whether to give up this network after a second one, words)}. `busy`: the statuses
    that are not failures. `linked(interface)`: whether the network is joined and only the address is missing.
    `options`: what to set with `config` before joining. `hidden`: seconds for which the driver may still report the
    first failure during a second try. `scans`: whether to look for the strongest access point, for a driver that takes
    the first one.
    """

    def __init__(
        self, reasons: dict, busy: tuple, linked: "Callable", options: dict, hidden: float = 1.5, scans: bool = False
    ) -> None:
        self.reasons = reasons
        self.busy = busy
        self.linked = linked
        self.options = options
        self.hidden = hidden
        self.scans = scans

    def reason(self, status: int) -> tuple[bool, str]:
        return self.reasons.get(status) or (False, "failed with status %d" % status)


def detail(error: Exception) -> str:
    """The driver's words for a failure."""
    text = str(error) or type(error).__name__
    return "WiFi Out of Memory" if "0x0101" in text else text  # MicroPython 1.25 gives only the number


def trouble(error: Exception) -> Exception:
    """The exception to raise for what a driver raised: an EnrollError or MemoryError unchanged, else
    EnrollError("network").
    """
    if isinstance(error, (EnrollError, MemoryError)):
        return error
    return EnrollError("network", "the network driver failed", error=detail(error))


def driver(task):
    """Task: run `task`, and raise `trouble` in place of a driver's exceptions."""
    try:
        yield from task
    except Exception as error:
        raise trouble(error)


def stop(interface: "Any") -> None:
    """Take the interface down, whatever state its driver reports. Raises nothing."""
    for stop, values in (("disconnect", ()), ("active", (False,))):
        try:
            getattr(interface, stop)(*values)
        except Exception:  # it was off, or is a cable; a broken driver is reported when it is started
            pass


def address(interface: "Any", network: dict, ipconfig: "Callable") -> None:
    """Give the interface the addresses of `network`, or leave that to DHCP. Call it before the link is up.

    `ipconfig`: network.ipconfig. Sets each value in a call of its own: with several, lwIP uses the first one's name for
    all.
    """
    ip = network.get("ip")
    if ip:
        interface.ipconfig(dhcp4=False)
        interface.ipconfig(addr4=ip)
        interface.ipconfig(gw4=network.get("gateway") or "0.0.0.0")
        if network.get("dns"):
            ipconfig(dns=network["dns"])
    elif not interface.ipconfig("dhcp4"):
        interface.ipconfig(dhcp4=True)  # the previous network had fixed addresses


def _suits(interface, networks: list) -> bool:
    """Whether the interface has an address that `networks` want: after a soft reset it still has the old one."""
    wanted = [network.get("ip") for network in networks]
    if None in wanted or not wanted:
        return True
    has = interface.ipconfig("addr4")[0]
    return has in [ip.split("/")[0] for ip in wanted]


def wifi(interface: "Any", networks: list, patience: float, radio: Radio, ipconfig: "Callable"):
    """Task: join the first of `networks` that can be joined, unless the interface is connected.

    `patience`: seconds for each. `radio`: the driver's Radio. `ipconfig`: network.ipconfig. Raises
    EnrollError("network") with the reason for each network, or EnrollError("configuration") if there are none.
    """
    networks = [network for network in networks if network["ssid"]]
    if interface.isconnected() and _suits(interface, networks):
        return
    if not networks:
        raise EnrollError("configuration", "no Wi-Fi in enroll.json", "name it in `network`, [{ssid, password}]")
    tried = []
    for network in networks:
        try:
            reason = yield from _join(interface, network, patience, radio, ipconfig)
        except MemoryError:
            raise
        except Exception as error:
            reason = "driver error %s" % detail(error)
        if not reason:
            return
        tried.append("`%s` %s" % (network["ssid"], reason))
    raise EnrollError("network", ", ".join(tried))


def _strongest(interface, ssid: str) -> dict:
    """Arguments for `connect`: the `bssid` of the strongest access point, if several have this name."""
    try:
        found = [(it[3], it[1]) for it in interface.scan() if it[0] == ssid.encode()]
    except Exception:  # perhaps no heap for the list; joining works without it
        return {}
    return {"bssid": max(found)[1]} if len(found) > 1 else {}


def _join(interface, network: dict, patience: float, radio: Radio, ipconfig):
    """Task: join one network. Returns "", or the reason why it was not joined.

    Believes a failure only after it has lasted, and gives up a network after two. Both drivers report failures ("bad
    auth" on a Pico W, 202 on ESP32) from which they recover, by themselves or after another `connect`. The interface
    stays on in between, because some access points react badly if it is switched off.
    """
    stop(interface)
    yield _LOOK  # lets the driver report the end of the old connection first
    interface.active(True)
    interface.config(**radio.options)
    address(interface, network, ipconfig)
    ssid = network["ssid"]
    secret = network["password"]
    access = (ssid, secret.reveal()) if secret else (ssid,)
    old = interface.status()  # ESP32 reports the last failure until an attempt succeeds
    reason = "" if old in radio.busy else radio.reason(old)[1]
    fresh = joining = final = False
    tries = 0
    failed = 0.0  # seconds
    start = ticks_ms()
    while ticks_diff(ticks_ms(), start) < patience * 1000:
        if not joining:
            # a scan blocks for seconds: only after a first failure
            more = _strongest(interface, ssid) if tries == 1 and radio.scans else {}
            try:
                interface.connect(*access, **more)
                joining = True
            except OSError as error:
                reason = "driver error %s" % detail(error)
        yield _LOOK
        if interface.isconnected():
            return ""
        status = interface.status()
        fresh = fresh or status != old
        if not joining or not fresh or status in radio.busy or radio.linked(interface):
            failed = 0
            continue
        found, words = radio.reason(status)
        if words:
            final, reason = found, words
        failed += _LOOK
        if failed < (radio.hidden if final and tries else _SETTLE):
            continue
        if final and tries:
            return reason
        tries += 1
        failed = 0
        joining = False
    return "no address" if radio.linked(interface) else reason or "no answer"


def cable(interface: "Any", networks: list, patience: float, linked: "Callable", ipconfig: "Callable"):
    """Task: wait up to `patience` seconds until a wired interface has a link and an address.

    The first of `networks` without an `ssid` may set the address. `linked(interface)`: whether only the address is
    missing. `ipconfig`: network.ipconfig. Raises EnrollError("network").
    """
    networks = [network for network in networks if not network.get("ssid")][:1]
    on = interface.active()
    if on and not _suits(interface, networks):
        interface.active(False)
        on = False
    if not on:
        interface.active(True)
        address(interface, networks[0] if networks else {}, ipconfig)
    start = ticks_ms()
    while not interface.isconnected():
        if ticks_diff(ticks_ms(), start) >= patience * 1000:
            if linked(interface):
                raise EnrollError("network", "no address", "check the DHCP server")
            raise EnrollError("network", "no link", "plug in the cable")
        yield _LOOK


def room(pieces: tuple) -> None:
    """Prove that the heap has free blocks of these sizes, in bytes. Raises EnrollError("memory")."""
    gc.collect()
    try:
        [bytearray(size) for size in pieces]  # all at the same time
    except MemoryError:
        raise scarce(pieces)
    gc.collect()


def scarce(pieces: tuple) -> EnrollError:
    """The EnrollError to raise if TLS would not find free blocks of these sizes, in bytes."""
    return EnrollError("memory", "TLS needs %d bytes of heap, in large blocks" % sum(pieces))


def calendar(unix: int) -> tuple[int, int, int, int, int, int, int, int]:
    """The argument of RTC.datetime: (year, month, day, weekday with Monday 0, hour, minute, second, 0) in UTC.

    `unix`: Unix seconds. The port's epoch (2000 on ESP32, 1970 on RP2) does not matter.
    """
    today = unix // 86400
    year, month, _ = civil(unix)
    second = unix % 86400
    day = today - days(year, month, 1) + 1
    return year, month + 1, day, (today + 3) % 7, second // 3600, second // 60 % 60, second % 60, 0


class Identity(dict):
    """What the board knows of itself: `serial` and `hardware_id` from the chip, and `hardware_key` if board.py has one.

    `mac` is read only when it is asked for: a boot with a credential need not power the network interface.
    """

    def __init__(self, unique: bytes, hardware_key: str, read: "Callable") -> None:
        super().__init__()
        self["serial"] = self["hardware_id"] = hexlify(unique).decode()
        if hardware_key:
            self["hardware_key"] = hardware_key
        self._read = read

    def get(self, key, default=None):
        """The same as dict.get. Raises EnrollError("network") if the interface cannot tell its `mac`."""
        if key == "mac" and "mac" not in self:
            try:
                self["mac"] = hexlify(self._read(), ":").decode()
            except Exception as error:
                raise trouble(error)
        return super().get(key, default)
