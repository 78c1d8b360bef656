"""URLs, as far as registration needs them (RFC 3986)."""


def plain(value: str, start: int = 33) -> bool:
    """Whether all of `value` is printable ASCII from the code `start` on, so that it cannot break out of its line.

    Looks at bytes, because MicroPython keeps every character that was ever looked at. Raises ValueError if there is
    none.
    """
    raw = bytes(value, "utf-8")
    return start <= min(raw) <= max(raw) < 127


def split(url: str) -> tuple[str, str, int, str]:
    """Take an absolute http or https URL apart.

    Returns (scheme, host, port, path with query). Raises ValueError: only printable ASCII without spaces is let
    through, so that nothing in it can break out of a request line; no user name, no fragment, no IPv6 literal.
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
    """Percent-encode all of `value` (in UTF-8) but RFC 3986's unreserved characters, for a part of a path or query."""
    quoted = b""
    for byte in bytes(value, "utf-8"):
        one = bytes([byte])
        quoted += one if one.isalpha() or one.isdigit() or one in b"-._~" else b"%%%02X" % byte
    return str(quoted, "utf-8")
