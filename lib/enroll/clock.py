"""Unix seconds from SNTP (RFC 4330, RFC 5905) or an HTTP Date (RFC 9110), checked before anyone believes them."""

import os
import socket
import time
from select import POLLIN

from .dates import http_date
from .errors import EnrollError

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from .config import Config

BUILD = const(1793491200)  # the day of this release, 2026-11-01: no true clock is earlier
_NTP_EPOCH = const(2208988800)  # seconds from 1900 to 1970
_HORIZON = const(946684800)  # thirty years: how long after its build a device may still be in use
_PATIENCE = const(3000)  # ms for one server


def check(unix: int, earliest: int) -> int:
    """`unix` if it can be true: not before `earliest`, not more than thirty years after both it and this build.

    Raises EnrollError("clock").
    """
    if earliest <= unix < max(earliest, BUILD) + _HORIZON:
        return unix
    raise EnrollError("clock", "an impossible date")


def parse(packet: bytes, nonce: bytes, earliest: int) -> int | None:
    """Unix seconds from an SNTP answer, or None if it does not answer the request that carried `nonce`.

    `nonce` is the transmit timestamp that was sent (8 bytes); a server returns it as origin timestamp, and who did not
    see the request cannot. Times before `earliest` are read in the next era, after the roll-over of 2036. Raises
    EnrollError("clock") for a server that answers but should not be believed.
    """
    if len(packet) < 48 or packet[24:32] != nonce or packet[0] & 7 != 4:
        return None
    if packet[0] > 0xBF or not 0 < packet[1] < 16 or not any(packet[40:48]):
        raise EnrollError("clock", "the time server has no time")
    unix = int.from_bytes(packet[40:44], "big") - _NTP_EPOCH
    return check(unix if unix >= earliest else unix + (1 << 32), earliest)


def _query(host: str, port: int, earliest: int):
    """Task: ask one server once. Returns Unix seconds; raises OSError or EnrollError."""
    nonce = os.urandom(8)
    where = socket.getaddrinfo(host, port, 0, socket.SOCK_DGRAM)[0]
    sock = socket.socket(where[0], socket.SOCK_DGRAM)
    try:
        sock.connect(where[-1])  # the stack then drops what comes from elsewhere
        sock.setblocking(False)
        sock.send(b"\x23" + bytes(39) + nonce)  # version 4, client; nothing else about this device is told
        start = time.ticks_ms()
        while time.ticks_diff(time.ticks_ms(), start) < _PATIENCE:
            if (yield sock, POLLIN):
                unix = parse(sock.recv(64), nonce, earliest)
                if unix is not None:
                    return unix
        raise OSError(110)  # ETIMEDOUT
    finally:
        sock.close()


def ask(config: "Config", log=None):
    """Task: ask the servers of `config.ntp` one after another until one gives a time that can be true.

    Returns Unix seconds. Where none does, the Date that the service's server sends to anyone is taken as a hint,
    without verifying who sends it: TLS is verified after it as ever. Raises the last server's EnrollError("clock").
    """
    earliest = BUILD if config.earliest is None else config.earliest
    for host, port in config.ntp:
        try:
            return (yield from _query(host, port, earliest))
        except OSError as error:
            failure = EnrollError("clock", "no time from %s" % host, error)
        except EnrollError as error:
            failure = error
    from .http1 import exchange  # not needed where a boot only reads a date

    try:
        it = yield from exchange("HEAD", "/".join(config.url.split("/")[:3]), timeout=config.timeout, verify=False)
        it.close()
        return check(http_date(it.headers["date"]) or 0, earliest)
    except (OSError, KeyError, EnrollError):
        raise failure
