"""What the ports of all boards share for a board without a network that works: a scan, and the serial port as bytes.

Loaded only then.
"""

import select
import sys

import micropython
from link import trouble

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from collections.abc import Callable
    from typing import Any

_MOST = const(20)  # networks that a scan tells
_LOOK = const(0.25)  # seconds between two looks at a button
_HELD = const(20)  # looks for which it has to be held
_CTRL_C = const(3)


def scan(interface: "Any") -> list[tuple[str, int, bool]]:
    """The Wi-Fi networks in reach, the strongest first, each name once: (ssid, dBm, whether it wants a password).

    Blocks for the seconds that the driver takes, and interrupts an attempt to join. Leaves out hidden networks and
    names that are not UTF-8. Raises EnrollError("network").
    """
    found: dict[str, tuple[int, bool]] = {}
    try:
        interface.active(True)
        if not interface.isconnected():
            interface.disconnect()  # ESP32 does not scan while it joins
        for it in interface.scan():
            try:
                name = str(it[0], "utf-8").strip("\0")
            except UnicodeError:
                continue
            if name and (name not in found or found[name][0] < it[3]):
                found[name] = (it[3], bool(it[4]))
    except Exception as error:
        raise trouble(error)
    names = sorted(found, key=lambda name: -found[name][0])
    return [(name,) + found[name] for name in names[:_MOST]]


def held(kind: "Any", pin: "Any", sleep: "Callable") -> bool:
    """Whether the button that connects `pin` to ground is held for five seconds from now on; not if `pin` is None.

    `kind`: machine.Pin. `sleep`: the port's.
    """
    if pin is None:
        return False
    button = kind(pin, kind.IN, kind.PULL_UP)
    for _ in range(_HELD):
        if button.value():
            return False
        sleep(_LOOK)
    return True


class Console:
    """The serial port of the prompt, as bytes. While it is open, Ctrl-C is a byte like others."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        micropython.kbd_intr(-1)

    def read(self, wait: int = 0) -> bytes:
        """The next byte; b"" if none comes within `wait` ms. Bytes after a Ctrl-C belong to the prompt: leave them."""
        return sys.stdin.buffer.read(1) if self._poll.poll(wait) else b""

    def write(self, data: bytes) -> None:
        """Send `data` as it is."""
        sys.stdout.buffer.write(data)

    def close(self) -> None:
        """Let Ctrl-C interrupt again."""
        micropython.kbd_intr(_CTRL_C)
