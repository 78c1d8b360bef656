"""Who may use the console, and what each of its answers says to the browser.

A browser on this machine that calls the sandbox by a loopback name needs no login. Any other one logs in with the admin
key. A page of another site can make a browser send a form here, but it knows neither the token in our forms nor may it
frame our pages, and by no name of its own (DNS rebinding) does it reach them.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import logging
import secrets
import time
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
LIFETIME = 12 * 3600  # seconds that a login lasts after its last use
SESSIONS = 100  # the oldest ends when there are more
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
        # Cookies do not know ports, and another sandbox may run on this machine.
        self._cookie = f"enroll-console-{sandbox.ports['admin']}"
        self._sessions: dict[str, float] = {}  # hashes of cookies, and when they were last used

    def may_see(self, request: web.Request) -> bool:
        """Tell whether the browser needs no login, or has one."""
        return is_local(request) or self._has_session(request)

    def token(self, request: web.Request) -> str:
        """The token for the forms of a page; it outlives a restart of the sandbox where there is no login."""
        session = request.cookies.get(self._cookie, "") if self._has_session(request) else ""
        return hmac.new(self._key.encode(), f"{CSRF}:{session}".encode(), hashlib.sha256).hexdigest()

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

    async def log_in(self, request: web.Request, key: str, response: web.Response) -> bool:
        """Set a session's cookie if the key is right."""
        if not hmac.compare_digest(key.encode("utf-8", "replace"), self._key.encode()):
            LOGGER.warning("console: refused a login from %s: the admin key is wrong", request.remote or "?")
            await asyncio.sleep(PAUSE)
            return False
        session = secrets.token_urlsafe(32)
        self._sessions[_hash(session)] = time.monotonic()
        if len(self._sessions) > SESSIONS:
            del self._sessions[min(self._sessions, key=self._sessions.__getitem__)]
        response.set_cookie(self._cookie, session, httponly=True, samesite="Strict", secure=request.secure)
        return True

    def log_out(self, request: web.Request, response: web.Response) -> None:
        """End the browser's session."""
        self._sessions.pop(_hash(request.cookies.get(self._cookie, "")), None)
        response.del_cookie(self._cookie)

    def _has_session(self, request: web.Request) -> bool:
        name, now = _hash(request.cookies.get(self._cookie, "")), time.monotonic()
        if now - self._sessions.get(name, -LIFETIME) >= LIFETIME:
            self._sessions.pop(name, None)
            return False
        self._sessions[name] = now
        return True


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


def _hash(session: str) -> str:
    return hashlib.sha256(session.encode("utf-8", "replace")).hexdigest()
