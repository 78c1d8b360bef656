"""What the ports of all boards share: joining a network, waiting for a cable, addresses, calendar and identity.

It imports nothing of a board; the interface, and what its statuses mean, are passed in. Tasks yield the seconds to
sleep, see enroll.tasks. A network is a dict with `ssid` (None: a cable), `password` (Secret or None), and, where the
address is not DHCP's, `ip` ("192.168.1.5/24"), `gateway` and `dns`.
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

_LOOK = const(0.25)  # seconds between two looks at the interface; a watchdog is fed as often
_SETTLE = const(1.5)  # seconds for which a driver may report a failure and yet go on


class Radio:
    """How the Wi-Fi driver of a family tells what happens.

    `reasons`: {status of a failure: (whether to give up this network when it fails a second time, words)}. `busy`: the
    statuses that are no failure. `linked(interface)`: whether it is on the network and lacks an address only.
    `options`: what `config` sets before joining. `hidden`: seconds for which the driver may hide a second try behind
    the reason of the first. `scans`: whether to look for the strongest access point, as the driver takes the first one.
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


def told(error: Exception) -> str:
    """What a driver says of a failure."""
    text = str(error) or type(error).__name__
    return "WiFi Out of Memory" if "0x0101" in text else text  # 1.25 knows the number only


def trouble(error: Exception) -> Exception:
    """What to raise for what a driver has raised: EnrollError("network"), but for what has a kind already."""
    if isinstance(error, (EnrollError, MemoryError)):
        return error
    return EnrollError("network", "the network driver failed", told(error))


def driver(task):
    """Task: the same as `task`, which raises nothing of a driver."""
    try:
        yield from task
    except Exception as error:
        raise trouble(error)


def stop(interface: "Any") -> None:
    """Take the interface down, whatever its driver believes."""
    for stop, values in (("disconnect", ()), ("active", (False,))):
        try:
            getattr(interface, stop)(*values)
        except Exception:  # it was not on, or a cable; what is wrong with the driver is told when it is started
            pass


def address(interface: "Any", network: dict, ipconfig: "Callable") -> None:
    """Give the interface the addresses of `network`, or leave that to DHCP. To be called before there is a link.

    `ipconfig`: network.ipconfig. Each value is set by itself: lwIP takes the first one's name for all.
    """
    ip = network.get("ip")
    if ip:
        interface.ipconfig(dhcp4=False)
        interface.ipconfig(addr4=ip)
        interface.ipconfig(gw4=network.get("gateway") or "0.0.0.0")
        if network.get("dns"):
            ipconfig(dns=network["dns"])
    elif not interface.ipconfig("dhcp4"):
        interface.ipconfig(dhcp4=True)  # the network before had addresses of its own


def _suits(interface, networks: list) -> bool:
    """Whether the interface has an address that `networks` want: a soft reset leaves the link with the one before."""
    wanted = [network.get("ip") for network in networks]
    if None in wanted or not wanted:
        return True
    has = interface.ipconfig("addr4")[0]
    return has in [ip.split("/")[0] for ip in wanted]


def wifi(interface: "Any", networks: list, patience: float, radio: Radio, ipconfig: "Callable"):
    """Task: join the first of `networks` that can be joined; nothing if the interface is connected already.

    `patience`: seconds for each. `ipconfig`: network.ipconfig. Raises EnrollError("network") with the reason for each,
    or EnrollError("configuration") if there are none.
    """
    networks = [network for network in networks if network["ssid"]]
    if interface.isconnected() and _suits(interface, networks):
        return
    if not networks:
        raise EnrollError("configuration", "enroll.json: `network` wants the Wi-Fi to join, [{ssid, password}]")
    tried = []
    for network in networks:
        try:
            reason = yield from _join(interface, network, patience, radio, ipconfig)
        except MemoryError:
            raise
        except Exception as error:
            reason = "driver error %s" % told(error)
        if not reason:
            return
        tried.append("`%s` %s" % (network["ssid"], reason))
    raise EnrollError("network", ", ".join(tried))


def _strongest(interface, ssid: str) -> dict:
    """The `bssid` of the strongest access point for `connect`, where several have this name."""
    try:
        found = [(it[3], it[1]) for it in interface.scan() if it[0] == ssid.encode()]
    except Exception:  # no heap for the list, perhaps: it is a help, no more
        return {}
    return {"bssid": max(found)[1]} if len(found) > 1 else {}


def _join(interface, network: dict, patience: float, radio: Radio, ipconfig):
    """Task: join one network. Returns "" or why it was not joined.

    A failure is believed when it has lasted, and a network is given up when it failed twice: both drivers report
    failures ("bad auth" on a Pico W, 202 on ESP32) from which they recover, alone or when they are asked again. Asked
    again without being switched off, which some access points take amiss.
    """
    stop(interface)
    yield _LOOK  # what that has caused is told before the next attempt is under way
    interface.active(True)
    interface.config(**radio.options)
    address(interface, network, ipconfig)
    ssid = network["ssid"]
    secret = network["password"]
    access = (ssid, secret.reveal()) if secret else (ssid,)
    old = interface.status()  # ESP32 goes on telling why the last attempt failed until one succeeds
    reason = "" if old in radio.busy else radio.reason(old)[1]
    fresh = joining = final = False
    tries = 0
    failed = 0.0  # seconds
    start = ticks_ms()
    while ticks_diff(ticks_ms(), start) < patience * 1000:
        if not joining:
            # a scan takes seconds in which nothing else runs: only where the first access point was not good enough
            more = _strongest(interface, ssid) if tries == 1 and radio.scans else {}
            try:
                interface.connect(*access, **more)
                joining = True
            except OSError as error:
                reason = "driver error %s" % told(error)
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
    """Task: wait up to `patience` seconds until a wired interface has link and address.

    The first of `networks` without an `ssid` may say which address. `linked(interface)`: whether it lacks an address
    only. `ipconfig`: network.ipconfig. Raises EnrollError("network").
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
            ready = linked(interface)
            raise EnrollError("network", "no address: check the DHCP server" if ready else "no link: plug in the cable")
        yield _LOOK


def room(pieces: tuple) -> None:
    """Prove that the heap has free blocks of these sizes (bytes). Raises EnrollError("memory")."""
    gc.collect()
    try:
        [bytearray(size) for size in pieces]  # all at once
    except MemoryError:
        raise scarce(pieces)
    gc.collect()


def scarce(pieces: tuple) -> EnrollError:
    """What to raise where TLS would not find blocks of these sizes (bytes)."""
    return EnrollError("memory", "TLS takes %d bytes of heap, in large pieces" % sum(pieces))


def calendar(unix: int) -> tuple[int, int, int, int, int, int, int, int]:
    """What RTC.datetime wants: (year, month, day, weekday from Monday 0, hour, minute, second, 0) in UTC.

    From Unix seconds, so that the port's epoch (2000 on ESP32, 1970 on RP2) does not matter.
    """
    today = unix // 86400
    year, month, _ = civil(unix)
    second = unix % 86400
    day = today - days(year, month, 1) + 1
    return year, month + 1, day, (today + 3) % 7, second // 3600, second // 60 % 60, second % 60, 0


class Identity(dict):
    """What the board knows of itself: `serial` and `hardware_id` from the chip, `hardware_key` if it was given one.

    `mac` is read when it is first asked for: a boot with a credential need not power the network interface for it.
    """

    def __init__(self, unique: bytes, hardware_key: str, read: "Callable") -> None:
        super().__init__()
        self["serial"] = self["hardware_id"] = hexlify(unique).decode()
        if hardware_key:
            self["hardware_key"] = hardware_key
        self._read = read

    def get(self, key, default=None):
        """As of any dict. Raises EnrollError("network") where the interface does not tell its `mac`."""
        if key == "mac" and "mac" not in self:
            try:
                self["mac"] = hexlify(self._read(), ":").decode()
            except Exception as error:
                raise trouble(error)
        return super().get(key, default)
