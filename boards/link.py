"""What the ports of all boards share: joining a network, waiting for a cable, calendar and identity.

It imports nothing of a board; the interface, and what its statuses mean, are passed in. Tasks yield the seconds to
sleep, see enroll.wait.
"""

import gc
from binascii import hexlify
from time import ticks_diff, ticks_ms

from enroll.dates import civil, days
from enroll.errors import EnrollError

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from collections.abc import Callable
    from typing import Any

_LOOK = const(0.25)  # seconds between two looks at the interface; a watchdog is fed as often


class Radio:
    """How the Wi-Fi driver of a family tells what happens.

    `reasons`: {status of a failure: (whether to give up this network at once, words)}. `busy`: the statuses that are no
    failure. `linked(interface)`: whether it is on the network and lacks an address only. `options`: what `config` sets
    before joining.
    """

    def __init__(self, reasons: dict, busy: tuple, linked: "Callable", options: dict) -> None:
        self.reasons = reasons
        self.busy = busy
        self.linked = linked
        self.options = options

    def reason(self, status: int) -> tuple[bool, str]:
        return self.reasons.get(status) or (False, "failed with status %d" % status)


def wifi(interface: "Any", networks: list, patience: float, radio: Radio):
    """Task: join the first of `networks` ({"ssid", "password": Secret or None}) that can be joined; nothing if the
    interface is connected already.

    `patience`: seconds for each. Raises EnrollError("network") with the reason for each, or EnrollError
    ("configuration") if there are none.
    """
    if interface.isconnected():
        return
    if not networks:
        raise EnrollError("configuration", "enroll.json: `network` wants the Wi-Fi to join, [{ssid, password}]")
    tried = []
    for network in networks:
        try:
            reason = yield from _join(interface, network, patience, radio)
        except (OSError, RuntimeError) as error:  # Runtime: what ESP32's driver has no name for
            reason = "driver error %s" % error
        if not reason:
            return
        tried.append("`%s` %s" % (network["ssid"], reason))
    raise EnrollError("network", ", ".join(tried))


def _reset(interface):
    """Task: make the driver forget what it was about."""
    for stop in (interface.disconnect, lambda: interface.active(False)):
        try:
            stop()
        except OSError:  # it was not on
            pass
    yield _LOOK  # what that has caused is told before the next attempt is under way
    interface.active(True)


def _join(interface, network: dict, patience: float, radio: Radio):
    """Task: join one network. Returns "" or why it was not joined."""
    yield from _reset(interface)
    interface.config(**radio.options)
    secret = network["password"]
    access = (network["ssid"], secret.reveal()) if secret else (network["ssid"],)
    old = interface.status()  # ESP32 goes on telling why the last attempt failed until one succeeds
    reason = "" if old in radio.busy else radio.reason(old)[1]
    fresh = joining = False
    start = ticks_ms()
    while ticks_diff(ticks_ms(), start) < patience * 1000:
        if not joining:
            try:
                interface.connect(*access)
                joining = True
            except OSError as error:
                reason = "driver error %s" % error
        yield _LOOK
        if interface.isconnected():
            return ""
        status = interface.status()
        fresh = fresh or status != old
        if fresh and status not in radio.busy:
            final, reason = radio.reason(status)
            if final:
                return reason
            joining = False  # a frame that was lost, perhaps
    return "no address" if radio.linked(interface) else reason or "no answer"


def cable(interface: "Any", patience: float, linked: "Callable"):
    """Task: wait up to `patience` seconds until a wired interface has link and address.

    `linked(interface)`: whether it lacks an address only. Raises EnrollError("network").
    """
    try:
        if not interface.active():
            interface.active(True)
        start = ticks_ms()
        while not interface.isconnected():
            if ticks_diff(ticks_ms(), start) >= patience * 1000:
                ready = linked(interface)
                raise EnrollError(
                    "network", "no address: check the DHCP server" if ready else "no link: plug in the cable"
                )
            yield _LOOK
    except (OSError, RuntimeError) as error:
        raise EnrollError("network", "the Ethernet driver failed", error)


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
        if key == "mac" and "mac" not in self:
            self["mac"] = hexlify(self._read(), ":").decode()
        return super().get(key, default)
