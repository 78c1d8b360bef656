"""Reads a firmware file: which chips it is for, and where in their flash it begins."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from .errors import CONFIGURATION, MISUSE, Failure
from .untrusted import clean

# of ESP-IDF's image header: chip id -> esptool's name of the chip, address of the bootloader
ESP = {
    0: ("esp32", 0x1000),
    2: ("esp32s2", 0x1000),
    5: ("esp32c3", 0),
    9: ("esp32s3", 0),
    12: ("esp32c2", 0),
    13: ("esp32c6", 0),
    18: ("esp32p4", 0x2000),
    23: ("esp32c5", 0x2000),
}
ESP_MAGIC, TABLE_MAGIC = b"\xe9", b"\xaa\x50"
TABLE = 0x8000  # address of the partition table
# of UF2: family -> the `Board-ID` of the boot drive that takes it
UF2 = {0xE48BFF56: "RPI-RP2", 0xE48BFF59: "RP2350", 0xE48BFF5A: "RP2350"}
UF2_MAGIC = (0x0A324655, 0x9E5D5157)
BLOCK = 512


@dataclass(frozen=True)
class Image:
    """The firmware in `path`: for an ESP32 with esptool's name of the `chip` and the address `at`, for an RP2 with the
    Board-ID of the drives that take it as `chip`, "" where any may."""

    path: Path
    family: str
    chip: str
    at: int = 0


def read(path: Path) -> Image:
    """Read a firmware file. Raises Failure if it is not one, or is incomplete."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Failure(MISUSE, f"{path} cannot be read, {error.strerror}: check --firmware") from None
    if data[:4] == struct.pack("<I", UF2_MAGIC[0]):
        return _uf2(path, data)
    if data[:1] == ESP_MAGIC and len(data) > TABLE:
        return _esp(path, data)
    what = "neither a .uf2 for RP2 nor a .bin for ESP32"
    raise Failure(CONFIGURATION, f"{path} is {what}: take the file for your board from micropython.org/download")


def _esp(path: Path, data: bytes) -> Image:
    [number] = struct.unpack_from("<H", data, 12)
    if number not in ESP:
        raise Failure(CONFIGURATION, f"{path} is for a chip of number {number}, which is not known: use esptool itself")
    chip, at = ESP[number]
    if data[TABLE - at :][:2] != TABLE_MAGIC:
        sentence = f"{path} has no partition table, it is a part of a firmware: take the whole .bin"
        raise Failure(CONFIGURATION, sentence)
    return Image(path, "esp32", chip, at)


def _uf2(path: Path, data: bytes) -> Image:
    if len(data) < BLOCK or len(data) % BLOCK or struct.unpack_from("<II", data) != UF2_MAGIC:
        raise Failure(CONFIGURATION, f"{path} is a .uf2 that was cut: download it again")
    families = {struct.unpack_from("<I", data, at + 28)[0] for at in range(0, len(data), BLOCK)}
    known = [UF2[it] for it in families if it in UF2]
    return Image(path, "rp2", clean(known[0]) if known else "")
