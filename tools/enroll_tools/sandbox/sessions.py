"""Lets browsers into the console: a link that is good once, or the admin key, buys a cookie that the key has signed.

So a browser that was let in once stays in, also after a restart, until it logs out or the state folder is deleted.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time

from .state import State

LIFE = 600  # seconds that a link is good
MOST = 20  # links that wait for being opened; the oldest is forgotten

_SCHEMA = "CREATE TABLE IF NOT EXISTS console_ended (session TEXT PRIMARY KEY);"


class Sessions:
    """The links and the sessions of one sandbox, usable from every thread."""

    def __init__(self, key: str, state: State) -> None:
        self._key = key.encode()
        self._state = state
        self._lock = threading.Lock()
        self._tickets: dict[str, float] = {}  # hashes of those that wait, and until when
        state.create(_SCHEMA)
        self._ended = {row["session"] for row in state.all("SELECT session FROM console_ended")}

    def ticket(self) -> str:
        """What makes a link good, once and for some minutes."""
        ticket = secrets.token_urlsafe(16)
        with self._lock:
            self._tickets[_hash(ticket)] = time.monotonic() + LIFE
            while len(self._tickets) > MOST:
                del self._tickets[next(iter(self._tickets))]
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Use a ticket up; False if it is none, or none any more."""
        with self._lock:
            return self._tickets.pop(_hash(ticket), 0) > time.monotonic()

    def begin(self) -> str:
        """A new session, as its cookie."""
        name = secrets.token_urlsafe(16)
        return f"{name}.{self.sign('session:' + name)}"

    def is_open(self, cookie: str) -> bool:
        """Tell whether a cookie is of a session here that has not ended."""
        name, _, signature = cookie.partition(".")
        right = hmac.compare_digest(signature.encode("utf-8", "replace"), self.sign("session:" + name).encode())
        return right and _hash(cookie) not in self._ended

    def end(self, cookie: str) -> None:
        """End a session for good."""
        if self.is_open(cookie):
            self._ended.add(_hash(cookie))
            self._state.insert("console_ended", session=_hash(cookie))

    def sign(self, text: str) -> str:
        """A signature that only the admin key makes."""
        return hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
