"""URLs, as far as registration needs them (RFC 3986)."""


def split(url: str) -> tuple[str, str, int, str]:
    """Take an absolute http or https URL apart.

    Returns (scheme, host, port, path with query). Raises ValueError with what is wrong: only printable ASCII without
    spaces is let through, so that nothing in it can break out of a request line; no user name, no fragment.
    """
    for c in url:
        if not "!" <= c <= "~":
            raise ValueError("a URL of printable ASCII without spaces")
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    host, query, more = host.partition("?")
    if query:
        path = more + slash + path
    host, colon, port = host.partition(":")
    if scheme not in ("http", "https") or not host or "@" in host or "#" in url or "[" in host:
        raise ValueError("a URL such as https://host/path")
    number = 443 if scheme == "https" else 80
    if colon:
        number = int(port) if port.isdigit() else 0
    if not 0 < number < 65536:
        raise ValueError("a URL whose port is from 1 to 65535")
    return scheme, host, number, ("/?" if query else "/") + path


def quote(text: str) -> str:
    """Percent-encode all of `text` (as UTF-8) but RFC 3986's unreserved characters, for one part of a path or query."""
    plain = b"-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    return "".join([chr(b) if b in plain else "%%%02X" % b for b in text.encode()])
