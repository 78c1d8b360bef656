"""URLs, as far as registration needs them (RFC 3986)."""


def split(url: str) -> tuple[str, str, int, str]:
    """Take an absolute http or https URL apart.

    Returns (scheme, host, port, path with query). Raises ValueError: only printable ASCII without spaces is let through,
    so that nothing in it can break out of a request line; no user name, no fragment, no IPv6 literal.
    """
    scheme, _, rest = url.partition("://")
    name = rest.split("/")[0].split("?")[0]
    path = rest[len(name) :]
    host, colon, port = name.partition(":")
    number = int(port) if colon else 443 if scheme == "https" else 80
    if scheme not in ("http", "https") or not host or not 0 < number < 65536 or [c for c in url if not "!" <= c <= "~" or c in "@#["]:
        raise ValueError
    return scheme, host, number, path if path[:1] == "/" else "/" + path


def quote(text: str) -> str:
    """Percent-encode all of `text` (as UTF-8) but RFC 3986's unreserved characters, for one part of a path or query."""
    return "".join([chr(b) if b < 128 and (chr(b).isalpha() or chr(b).isdigit() or b in b"-._~") else "%%%02X" % b for b in text.encode()])
