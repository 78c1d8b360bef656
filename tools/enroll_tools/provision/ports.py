"""The serial ports of this computer: which boards are attached, and what may be named."""

from __future__ import annotations

from serial.tools import list_ports  # type: ignore[import-untyped]

from .errors import MISUSE, TRY_AGAIN, Failure


def usb() -> dict[str, str]:
    """The serial ports of attached USB devices, {port: number of the device}, as mpremote's `auto` looks for them."""
    found = [it for it in list_ports.comports() if it.vid is not None and it.pid is not None]
    return {it.device: it.serial_number or "" for it in found}


def attached() -> list[str]:
    """The serial ports of attached USB devices."""
    return sorted(usb())


class PortURL(str):
    """A URL of pyserial that a person asked for: spy:// writes a file, socket:// sends all secrets elsewhere."""


def path_of(port: str) -> str:
    """`port`, if it is not a URL, or one that was asked for. Raises Failure."""
    if "://" in port and not isinstance(port, PortURL):
        raise Failure(MISUSE, f"{port} is a URL, not the path of a serial port: use --port-url if you mean that")
    return port


def find(port: str) -> str:
    """The path of `port`, which may be "auto". Raises Failure."""
    if port != "auto":
        return path_of(port)
    ports = attached()
    if not ports:
        raise Failure(TRY_AGAIN, "no board found: attach one, or name its port with --port")
    if len(ports) > 1:
        raise Failure(MISUSE, f"{len(ports)} boards are attached: name one with --port ({', '.join(ports)})")
    return ports[0]
