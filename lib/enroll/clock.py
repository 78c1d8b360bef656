"""Unix seconds from SNTP (RFC 4330, RFC 5905) or an HTTP Date (RFC 9110), checked before anyone believes them."""

import os
import socket
import time
from select import POLLIN

from micropython import const

from .errors import EnrollError

BUILD = "2026-11-01"  # the day of this release: no true clock is earlier
_NTP_EPOCH = const(2208988800)  # seconds from 1900 to 1970
_HORIZON = const(946684800)  # thirty years: how long after its build a device may still be in use
_PATIENCE = const(3000)  # ms for one server
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


def days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date of the Gregorian calendar; `month` from 0, `day` from 1."""
    month += 1
    if month < 3:  # a year that begins in March has its leap day at the end
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 719469


def civil(unix: int) -> tuple[int, int, int]:
    """(year, month from 0, day of the year from 0) in UTC of `unix` seconds, whatever the epoch of this port is."""
    today = unix // 86400
    year = 1970 + today // 366
    while days(year + 1, 0, 1) <= today:
        year += 1
    month = 11
    while days(year, month, 1) > today:
        month -= 1
    return year, month, today - days(year, 0, 1)


def iso_date(text: str) -> int:
    """Unix seconds at the start of "YYYY-MM-DD" (UTC). Raises ValueError with what is wanted."""
    part = text.split("-")
    if [len(p) for p in part] == [4, 2, 2] and "".join(part).isdigit():
        year, month, day = [int(p) for p in part]
        unix = days(year, month - 1, day) * 86400
        if unix >= 0 and day and civil(unix)[:2] == (year, month - 1):
            return unix
    raise ValueError("a date YYYY-MM-DD from 1970 on")


def http_date(text: str) -> int | None:
    """Unix seconds of an HTTP date such as "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), or None if it is none."""
    try:
        _, day, month, year, clock, zone = text.split(" ")
        hour, minute, second = clock.split(":")
        place = _MONTHS.find(month)
        if len(month) == 3 and place % 3 == 0 and zone == "GMT" and 0 <= int(hour) < 24 and 0 <= int(minute) < 60:
            return days(int(year), place // 3, int(day)) * 86400 + int(hour) * 3600 + int(minute) * 60 + int(second)
    except ValueError:
        pass
    return None


def check(unix: int, earliest: int) -> int:
    """`unix` if it can be true: not before `earliest`, not more than thirty years after both it and this build.

    Raises EnrollError("clock").
    """
    if not earliest <= unix < max(earliest, iso_date(BUILD)) + _HORIZON:
        raise EnrollError("clock", "the time server claims an impossible date: check `ntp` and `earliest`")
    return unix


def parse(packet: bytes, nonce: bytes, earliest: int) -> int | None:
    """Unix seconds from an SNTP answer, or None if it does not answer the request that carried `nonce`.

    `nonce` is the transmit timestamp that was sent (8 bytes); a server returns it as origin timestamp, and who did not
    see the request cannot. Times before `earliest` are read in the next era, after the roll-over of 2036. Raises
    EnrollError("clock") for a server that answers but should not be believed.
    """
    if len(packet) < 48 or packet[24:32] != nonce or packet[0] & 7 != 4:
        return None
    seconds = int.from_bytes(packet[40:44], "big")
    if packet[0] >> 6 == 3 or not 0 < packet[1] < 16 or not any(packet[40:48]):
        raise EnrollError("clock", "the time server is not synchronised or asks to be left alone: check `ntp`")
    unix = seconds - _NTP_EPOCH
    return check(unix if unix >= earliest else unix + (1 << 32), earliest)


def _query(host: str, port: int, earliest: int):
    """Task: ask one server once. Returns Unix seconds; raises OSError or EnrollError."""
    nonce = os.urandom(8)
    request = bytearray(48)
    request[0] = 0x23  # version 4, client; nothing else about this device is told
    request[40:48] = nonce
    where = socket.getaddrinfo(host, port, 0, socket.SOCK_DGRAM)[0]
    sock = socket.socket(where[0], socket.SOCK_DGRAM)
    try:
        sock.connect(where[-1])  # the stack then drops what comes from elsewhere
        sock.setblocking(False)
        sock.send(request)
        deadline = time.ticks_add(time.ticks_ms(), _PATIENCE)
        while time.ticks_diff(deadline, time.ticks_ms()) > 0:
            yield sock, POLLIN
            try:
                packet = sock.recv(64)
            except OSError as error:
                if error.errno != 11:  # EAGAIN
                    raise
                continue
            unix = parse(packet, nonce, earliest)
            if unix is not None:
                return unix
    finally:
        sock.close()
    raise EnrollError("clock", "no time server answers: check the network, `ntp`, and that UDP port 123 is open")


def sntp(servers: "tuple[tuple[str, int], ...]", earliest: int):
    """Task: ask `servers`, (host, port) each, one after another, until one gives a time that can be true.

    Returns Unix seconds. Raises the last server's EnrollError("clock").
    """
    failure = None
    for host, port in servers:
        try:
            return (yield from _query(host, port, earliest))
        except EnrollError as error:
            failure = error
        except OSError as error:
            failure = EnrollError("clock", "no time from %s (%s): check the network and `ntp`" % (host, error))
    raise failure or EnrollError("clock", "no time server is named: check `ntp`")
