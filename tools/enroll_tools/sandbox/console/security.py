"""Who may use the console, and what each of its answers says to the browser.

A browser is let in by a link that is good once, or by the admin key, also on this machine, which has other users. A
page of another site can make a browser send a form here, but it knows neither the token in our forms nor may it frame
our pages, and by no name of its own (DNS rebinding) does a browser send it our cookie.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

if TYPE_CHECKING:
    from ..server import Sandbox

LOGGER = logging.getLogger("sandbox")

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers would send the Origin of our own forms as null
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

CSRF = "csrf"  # the field of every form
LIFETIME = 400 * 86_400  # seconds that a browser is asked to keep the cookie: the most that browsers do
PAUSE = 0.5  # seconds before a wrong key is answered
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """A signal of aiohttp, called before each answer leaves."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")


class Access:
    """Logins, and the checks that come before each page."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._key = sandbox.admin_key
        self._sessions = sandbox.sessions
        # Cookies do not know ports, and another sandbox may run on this machine.
        self._cookie = f"enroll-console-{sandbox.ports['admin']}"

    def may_see(self, request: web.Request) -> bool:
        """Tell whether the browser was let in."""
        return self._sessions.is_open(self._given(request))

    def token(self, request: web.Request) -> str:
        """The token for the forms of a page; it outlives a restart of the sandbox."""
        session = self._given(request) if self.may_see(request) else ""
        return self._sessions.sign(f"{CSRF}:{session}")

    def refusal(self, request: web.Request, token: str) -> str:
        """Why a form must not be accepted, as a sentence; "" if it may."""
        origin = request.headers.get("Origin")
        if origin is not None and _netloc(origin) != request.headers.get("Host", "").lower():
            return "This form comes from another site: open the console itself, and send it from there."
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            return "This form comes from another site: open the console itself, and send it from there."
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.token(request).encode()):
            return "This page is out of date: reload it, and send the form again."
        return ""

    async def log_in(
        self, request: web.Request, response: web.StreamResponse, *, key: str = "", ticket: str = ""
    ) -> bool:
        """Set a session's cookie if the admin key is right, or the ticket of a link good."""
        if ticket:
            good, fault = self._sessions.redeem(ticket), "the link was used, or is too old"
        else:
            good = hmac.compare_digest(key.encode("utf-8", "replace"), self._key.encode())
            fault = "the admin key is wrong"
        if not good:
            LOGGER.warning("console: refused a login from %s: %s", request.remote or "?", fault)
            await asyncio.sleep(PAUSE)
            return False
        cookie = self._sessions.begin()
        secure = request.secure
        response.set_cookie(self._cookie, cookie, max_age=LIFETIME, httponly=True, samesite="Strict", secure=secure)
        return True

    def log_out(self, request: web.Request, response: web.StreamResponse) -> None:
        """End the browser's session."""
        self._sessions.end(self._given(request))
        response.del_cookie(self._cookie)

    def _given(self, request: web.Request) -> str:
        return request.cookies.get(self._cookie, "")


def comes_from_elsewhere(request: web.Request) -> bool:
    """Tell whether a page of another site has led a browser here, which then keeps the cookie to itself."""
    moved = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.method == "GET"
    return moved and request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")


def is_local(request: web.Request) -> bool:
    """Tell whether a browser on this machine calls the sandbox by a loopback name, through no proxy."""
    try:
        host = urlsplit("//" + request.headers.get("Host", "")).hostname or ""
    except ValueError:
        return False
    if any(name in request.headers for name in _FORWARDED):
        return False
    return is_loopback(request.remote or "") and is_loopback(host)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine alone, by its spelling: no name is looked up."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
