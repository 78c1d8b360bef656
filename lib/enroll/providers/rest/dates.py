"""Dates in text, as answers have them. Loaded only for one."""

from ...calendar import now
from ...httpdate import http_date, iso_date


def unix(text: str) -> int:
    """Unix seconds of a date as RFC 3339 or HTTP writes it. Without a time it is the start of the day, without a zone
    it is in UTC. Raises ValueError.
    """
    found = http_date(text, now())
    if found is not None:
        return found
    found = iso_date(text[:10])
    if not text[10:]:
        return found
    hour, minute, second = map(int, text[11:19].split(":"))
    zone = text[19:].lstrip(".0123456789").replace(":", "")
    shift = 0
    if zone[:1] in ("+", "-") and zone[1:]:
        shift = int(zone[:1] + "1") * (int(zone[1:3]) * 3600 + int(zone[3:] or 0) * 60)
    elif zone not in ("", "Z", "z"):
        raise ValueError
    return found + hour * 3600 + minute * 60 + second - shift
