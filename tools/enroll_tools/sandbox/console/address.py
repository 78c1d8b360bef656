"""Where a person finds the console."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..listeners import ANY, bracketed
from .security import is_loopback

if TYPE_CHECKING:
    from ..server import Sandbox


def console_at(sandbox: Sandbox, remote: str) -> str:
    """The console's URL for a person beside the device that calls from the address ``remote``; "" if the console serves
    this computer alone, and the device is another one."""
    host = sandbox.options.admin_host
    if host in ANY:
        host = urlsplit(sandbox.url("oauth")).hostname or ""
    if is_loopback(host) and not is_loopback(remote):
        return ""
    return f"http://{bracketed(host)}:{sandbox.ports['admin']}/"
