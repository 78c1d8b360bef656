"""etherFAX's MD5 token and the value of HTTP Basic. Nothing but `hashlib` is needed."""

import hashlib
from binascii import b2a_base64

from .calendar import civil


def hexmd5(value: str) -> str:
    """Lower-case hex MD5 (RFC 1321) of `value` in UTF-8."""
    return hashlib.md5(bytes(value, "utf-8")).digest().hex()


def etherfax_token(serial: str, now: int, utc_offset: float = 0) -> str:
    """etherFAX's registration token for `serial` at `now`, in Unix seconds; `utc_offset` in hours shifts its date.

    Follows "Registering A Device" of etherFAX's REST documentation: MD5 of "YYYY:MM:hash.DDD" with the year since 1900,
    the month from 0 and the day of the year from 0.
    """
    year, month, day = civil(now + int(utc_offset * 3600))
    return hexmd5("%04d:%02d:%s.%03d" % (year - 1900, month, hexmd5(serial), day))


def basic(name: str, secret: str) -> str:
    """Value of the Authorization header for HTTP Basic (RFC 7617)."""
    return str(b"Basic " + b2a_base64(bytes(name + ":" + secret, "utf-8")), "utf-8").rstrip()
