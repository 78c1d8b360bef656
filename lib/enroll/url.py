"""URLs, as far as registration needs them (RFC 3986)."""


def plain(text: str, least: int = 33) -> bool:
    """Whether all of `text` is printable ASCII from the code `least` on, so that it cannot break out of its line.

    Looks at bytes, because MicroPython keeps every character that was ever looked at. Raises ValueError if there is
    none.
    """
    raw = text.encode()
    return least <= min(raw) <= max(raw) < 127


def split(url: str) -> tuple[str, str, int, str]:
    """Take an absolute http or https URL apart.

    Returns (scheme, host, port, path with query). Raises ValueError: only printable ASCII without spaces is let
    through, so that nothing in it can break out of a request line; no user name, no fragment, no IPv6 literal.
    """
    scheme, _, rest = url.partition("://")
    name = rest.split("/")[0].split("?")[0]
    path = rest[len(name) :]
    host, colon, port = name.partition(":")
    number = int(port) if port.isdigit() else 0 if colon else 443 if scheme == "https" else 80
    good = scheme in ("http", "https") and host and 0 < number < 65536 and plain(url)
    if not good or "@" in url or "#" in url or "[" in url:
        raise ValueError
    return scheme, host, number, path if path[:1] == "/" else "/" + path


def quote(text: str) -> str:
    """Percent-encode all of `text` (as UTF-8) but RFC 3986's unreserved characters, for one part of a path or query."""
    quoted = b""
    for byte in text.encode():
        one = bytes([byte])
        quoted += one if one.isalpha() or one.isdigit() or one in b"-._~" else b"%%%02X" % byte
    return quoted.decode()
