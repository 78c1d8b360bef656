"""Where a person finds the console."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .security import is_loopback

if TYPE_CHECKING:
    from ..server import Sandbox

_ANY = ("0.0.0.0", "::")


def console_at(sandbox: Sandbox, remote: str) -> str:
    """The console's URL for a person beside the device that calls from the address ``remote``; "" if the console serves
    this computer alone, and the device is another one."""
    host = sandbox.options.admin_host
    if host in _ANY:
        host = urlsplit(sandbox.url("oauth")).hostname or ""
    if is_loopback(host) and not is_loopback(remote):
        return ""
    return f"http://{f'[{host}]' if ':' in host else host}:{sandbox.ports['admin']}/"
