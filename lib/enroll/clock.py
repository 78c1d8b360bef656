"""Unix seconds from SNTP (RFC 4330, RFC 5905), an HTTP Date (RFC 9110) or the board's own clock. Each is checked before
it is used.
"""

import os
import socket
import time
from select import POLLIN

from .calendar import now
from .errors import EnrollError

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from .config import Config

BUILD = const(1793491200)  # the day of this release, 2026-11-01: no true clock is earlier
_NTP_EPOCH = const(2208988800)  # seconds from 1900 to 1970
_HORIZON = const(946684800)  # thirty years: a device may still be in use that long after its build
_PATIENCE = const(3000)  # ms for one address
_ETIMEDOUT = const(110)


def check(now: int, earliest: int) -> int:
    """Return `now` if it can be true: not before `earliest`, and less than thirty years after the later of `earliest`
    and BUILD. All are Unix seconds. Raises EnrollError("clock").
    """
    if earliest <= now < max(earliest, BUILD) + _HORIZON:
        return now
    raise EnrollError("clock", "an impossible date")


def parse(data: bytes, sent: bytes, earliest: int) -> int | None:
    """Unix seconds from the SNTP packet `data`, or None if it does not answer the request that carried `sent`.

    `sent`: the transmit timestamp of that request, 8 bytes. The server returns it as the origin timestamp; an attacker
    who did not see the request cannot. `earliest`: Unix seconds; a time before it is taken to be in the next NTP era,
    which begins in 2036. Zero seconds, whatever the fraction, mean that the server has no time.

    Raises EnrollError("clock") for a server that answers but must not be believed.
    """
    if len(data) < 48 or data[24:32] != sent or data[0] & 7 != 4:
        return None
    seconds = int.from_bytes(data[40:44], "big")
    if data[0] > 0xBF or not 0 < data[1] < 16 or not seconds:
        raise EnrollError("clock", "the time server has no time")
    unix = seconds - _NTP_EPOCH
    return check(unix if unix >= earliest else unix + (1 << 32), earliest)


def _query(host: str, port: int, earliest: int):
    """Task: ask a time server once at each of its addresses. Returns Unix seconds; raises OSError or EnrollError.

    The UDP socket is connected, because only then does it learn at once that the port is closed. The IP stack therefore
    drops an answer from another address, even with the right nonce; the router in front of most devices would, too.
    """
    from .connection import lookup

    yield 0  # feeds the watchdog before each look-up
    failure: Exception = OSError(_ETIMEDOUT)
    for where in lookup(host, port, socket.SOCK_DGRAM):
        nonce = os.urandom(8)
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.connect(where)
            sock.setblocking(False)
            sock.send(b"\x23" + bytes(39) + nonce)  # version 4, client; zeros tell nothing about this device
            start = time.ticks_ms()
            while time.ticks_diff(time.ticks_ms(), start) < _PATIENCE:
                if (yield sock, POLLIN):
                    unix = parse(sock.recv(64), nonce, earliest)
                    if unix is not None:
                        return unix
        except (OSError, EnrollError) as error:
            failure = error
        finally:
            sock.close()
    raise failure


def ask(config: "Config", log):
    """Task: return Unix seconds from the first source whose time can be true.

    The sources, in order: the servers of `config.ntp`; the Date header that the service's server sends to anyone; the
    board's own clock. The Date comes over an unverified connection and is only a hint: TLS is verified later as always.
    `log(line)` is told which source was used, and why each earlier one was not.

    Raises EnrollError("clock") with what went wrong at the first server.
    """
    earliest = BUILD if config.earliest is None else config.earliest
    failure = ""
    for name, port in config.ntp + [("the service's Date", 0)]:
        if port:
            task = _query(name, port, earliest)
        else:
            from . import httpclock  # not needed if a time server answers

            task = httpclock.ask(config, earliest, check)
        try:
            unix = yield from task
            break
        except (OSError, EnrollError) as error:
            why = "no time from %s, %s" % (name, getattr(error, "fact", error))
            log(why)
            failure = failure or why
    else:
        name = "the board's clock"
        try:
            unix = check(now(), earliest)
        except EnrollError:
            raise EnrollError("clock", failure)
    log("time from %s" % name)
    return unix
