"""etherFAX's registration token, an MD5 hash. Unloaded before the request, which needs the heap."""

import hashlib

from ...calendar import civil


def hexmd5(value: str) -> str:
    """The MD5 (RFC 1321) of `value` in UTF-8, in lower-case hex."""
    return hashlib.md5(bytes(value, "utf-8")).digest().hex()


def token(serial: str, now: int, utc_offset: float = 0) -> str:
    """The registration token for `serial` at `now`, Unix seconds. `utc_offset`: hours that shift its date.

    Follows "Registering A Device" of etherFAX's REST documentation: MD5 of "YYYY:MM:hash.DDD" with the year since 1900,
    the month from 0 and the day of the year from 0.
    """
    year, month, day = civil(now + int(utc_offset * 3600))
    return hexmd5("%04d:%02d:%s.%03d" % (year - 1900, month, hexmd5(serial), day))
