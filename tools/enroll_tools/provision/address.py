"""Where a service is: the `url` of an enroll.json, or HOST[:PORT]."""

from __future__ import annotations

import re
from pathlib import Path

from .errors import CONFIGURATION, MISUSE, Failure
from .template import load, resolve
from .untrusted import Secrets, clean


def where(service: str) -> tuple[str, int]:
    """(host, port) of the service that an enroll.json names in `url`, or of HOST[:PORT]. Raises Failure."""
    path = Path(service)
    if path.suffix != ".json":
        return address(service)
    data = load(path)
    url = resolve(data.get("url"), path.parent, Secrets(), "url") if isinstance(data, dict) else None
    found = re.match("https://([^/?#]+)", str(url), re.IGNORECASE)
    if not found:
        raise Failure(CONFIGURATION, f"{path}: `url` wants an address that begins with https://")
    return address(found[1])


def address(text: str) -> tuple[str, int]:
    """HOST[:PORT] or [IPv6]:PORT as (host, port). Raises Failure."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, "443"
    host = host.removeprefix("[").removesuffix("]").rstrip(".")
    good = host and not host.startswith(".") and host.isprintable() and not re.search(r"[\s/@\\]", host)
    if not good or not port.isdecimal() or not 0 < int(port) < 65536:
        raise Failure(
            MISUSE,
            f"{clean(text)} is not HOST[:PORT]: give a name or an address, such as entry.xyte.io or 192.0.2.1:8443",
        )
    return host, int(port)
