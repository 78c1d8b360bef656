"""URLs, as far as registration needs them (RFC 3986)."""


def plain(value: str, first: int = 33) -> bool:
    """Whether `value` has only printable ASCII characters, with codes from `first` on. Such a text cannot contain a
    line break.

    Checks bytes, because MicroPython interns every character that it reads from a str. Raises ValueError if `value` is
    empty.
    """
    raw = bytes(value, "utf-8")
    return first <= min(raw) <= max(raw) < 127


def split(url: str) -> tuple[str, str, int, str]:
    """Split an absolute http or https URL into (scheme, host, port, path with query).

    Raises ValueError for anything but printable ASCII without spaces, which could break a request line, and for a user
    name, a fragment or an IPv6 literal.
    """
    scheme, _, rest = url.partition("://")
    name = rest.split("/")[0].split("?")[0]
    path = rest[len(name) :]
    host, colon, port = name.partition(":")
    host = host.rstrip(".")
    usual = {"http": 80, "https": 443}.get(scheme, 0)
    number = int(port) if port.isdigit() else 0 if colon else usual
    if not usual or not host or not 0 < number < 65536 or not plain(url) or "#" in url or "@" in name or "[" in name:
        raise ValueError
    return scheme, host, number, path if path[:1] == "/" else "/" + path


def quote(value: str) -> str:
    """Percent-encode `value` in UTF-8, all but the unreserved characters of RFC 3986, for a part of a path or query."""
    quoted = b""
    for byte in bytes(value, "utf-8"):
        one = bytes([byte])
        quoted += one if one.isalpha() or one.isdigit() or one in b"-._~" else b"%%%02X" % byte
    return str(quoted, "utf-8")
