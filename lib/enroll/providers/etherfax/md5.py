"""etherFAX's registration token, which is made of MD5. The request gets the heap of this module."""

import hashlib

from ...calendar import civil


def hexmd5(value: str) -> str:
    """Lower-case hex MD5 (RFC 1321) of `value` in UTF-8."""
    return hashlib.md5(bytes(value, "utf-8")).digest().hex()


def token(serial: str, now: int, utc_offset: float = 0) -> str:
    """The registration token for `serial` at `now`, in Unix seconds; `utc_offset` in hours shifts its date.

    Follows "Registering A Device" of etherFAX's REST documentation: MD5 of "YYYY:MM:hash.DDD" with the year since 1900,
    the month from 0 and the day of the year from 0.
    """
    year, month, day = civil(now + int(utc_offset * 3600))
    return hexmd5("%04d:%02d:%s.%03d" % (year - 1900, month, hexmd5(serial), day))
