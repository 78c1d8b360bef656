"""OAuth: clients, codes and tokens, and what a person does with them."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable
from typing import Annotated, Any

from ..errors import SandboxError
from ..history import DELETED
from ..operations import About, Reveal, name_of, operation
from ..state import Row
from .base import Service, hide
from .settings import amount

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628, 6.1: no vowels, so that no code is a word


@dataclasses.dataclass
class Settings:
    """How the server treats codes and tokens."""

    approve: Annotated[bool, About("Approve each code at once, as if a person stood by.")] = False
    interval: Annotated[
        int, amount("Seconds that a device is told to wait between two polls; 0: it is told none, and waits for 5.")
    ] = 1
    expires: Annotated[int, amount("Seconds that a code is good for.")] = 600
    life: Annotated[int, amount("Seconds that an access token is good for.")] = 3600
    rotate: Annotated[bool, About("Replace the refresh token at each use.")] = True
    google: Annotated[
        bool, About("Google's statuses and names of fields, and the client's secret in the body only.")
    ] = False


ClientId = Annotated[str, name_of("The client's id.")]
UserCode = Annotated[str, name_of("The code that the device shows.")]


class OAuthPortal(Service):
    """The state and the administrator's operations."""

    name = "oauth"
    schema = """
    CREATE TABLE IF NOT EXISTS oauth_clients (
        client_id TEXT PRIMARY KEY, client_secret TEXT, approve INTEGER NOT NULL, name TEXT,
        registered INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS oauth_codes (
        device_code TEXT PRIMARY KEY, user_code TEXT NOT NULL UNIQUE, client_id TEXT NOT NULL, scope TEXT NOT NULL,
        status TEXT NOT NULL, expires REAL NOT NULL, interval INTEGER NOT NULL, polled REAL NOT NULL);
    CREATE TABLE IF NOT EXISTS oauth_tokens (
        token TEXT PRIMARY KEY, kind TEXT NOT NULL, client_id TEXT NOT NULL, family TEXT NOT NULL, scope TEXT NOT NULL,
        expires REAL NOT NULL, used INTEGER NOT NULL DEFAULT 0);
    CREATE INDEX IF NOT EXISTS oauth_codes_of ON oauth_codes (client_id);
    CREATE INDEX IF NOT EXISTS oauth_tokens_of ON oauth_tokens (client_id);
    CREATE INDEX IF NOT EXISTS oauth_tokens_family ON oauth_tokens (family);
    CREATE TABLE IF NOT EXISTS oauth_initial (
        initial_token TEXT PRIMARY KEY, once INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0);
    """
    settings: Settings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.settings = Settings()
        # By the address from which a device calls, see console/address.py.
        self.console_at: Callable[[str], str] = lambda _remote: ""

    def _new_code(self, client: Row, scope: str) -> Row:
        letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
        approved = client["approve"] or self.settings.approve
        row = {
            "device_code": secrets.token_urlsafe(24),
            "user_code": f"{letters[:4]}-{letters[4:]}",
            "client_id": client["client_id"],
            "scope": scope,
            "status": "approved" if approved else "pending",
            "expires": self.clock.now() + self.settings.expires,
            "interval": self.settings.interval or 5,
            "polled": 0,
        }
        self.state.insert("oauth_codes", **row)
        return row

    @operation
    def create_client(
        self,
        approve: Annotated[bool, About("Approve its codes at once.")] = False,
        public: Annotated[bool, About("Without a secret.")] = False,
        name: Annotated[str, About("What people call it; else its id.", longest=200)] = "",
    ) -> Row:
        """Create a client; ``approve``: its codes are approved at once; ``public``: it has no secret."""
        row = {
            "client_id": "client-" + secrets.token_hex(4),
            "client_secret": None if public else secrets.token_urlsafe(18),
            "approve": approve,
            "name": name or None,
            "registered": False,
        }
        self.state.insert("oauth_clients", **row)
        self.history.add(str(row["client_id"]), "created")
        return {name: row[name] for name in ("client_id", "client_secret") if row[name]}

    @operation
    def delete_client(self, client_id: ClientId) -> None:
        """Delete a client with its codes and tokens."""
        with self.state.transaction():
            for table in ("codes", "tokens", "clients"):
                count = self.state.run(f"DELETE FROM oauth_{table} WHERE client_id = ?", client_id)
            if not count:
                raise SandboxError(f"oauth has no client {client_id!r}")
            self.history.add(client_id, DELETED)

    @operation
    def create_initial_token(self, once: Annotated[bool, About("For one client only.")] = False) -> str:
        """Create an initial access token, with which clients register; ``once``: only one of them."""
        token = secrets.token_urlsafe(18)
        self.state.insert("oauth_initial", initial_token=token, once=once)
        return token

    def _decide(self, user_code: str, status: str) -> None:
        plain = "".join(letter for letter in user_code.upper() if letter.isalpha())
        spelled = f"{plain[:4]}-{plain[4:]}"
        waits = "user_code = ? AND status = 'pending' AND expires > ?"
        with self.state.transaction():
            code = self.state.one(f"SELECT client_id FROM oauth_codes WHERE {waits}", spelled, self.clock.now())
            if code is None:
                raise SandboxError(f"oauth has no code {user_code!r} that waits")
            self.state.run("UPDATE oauth_codes SET status = ? WHERE user_code = ?", status, spelled)
            self.history.add(code["client_id"], f"{status} code {spelled}")

    @operation
    def approve(self, user_code: UserCode) -> None:
        """Approve the device that shows this code."""
        self._decide(user_code, "approved")

    @operation
    def deny(self, user_code: UserCode) -> None:
        """Deny it."""
        self._decide(user_code, "denied")

    @operation
    def expire(self, user_code: Annotated[str, About("The code that the device shows; else all codes.")] = "") -> None:
        """End the time of a code, or of all."""
        self.state.run("UPDATE oauth_codes SET expires = 0 WHERE ? IN ('', user_code)", user_code)

    @operation
    def revoke(self, client_id: ClientId) -> None:
        """Revoke all tokens of a client."""
        self.state.run("DELETE FROM oauth_tokens WHERE client_id = ?", client_id)
        self.history.add(client_id, "revoked")

    @operation
    def end_access(self) -> None:
        """End the time of all access tokens."""
        self.state.run("UPDATE oauth_tokens SET expires = 0 WHERE kind = 'access'")

    @operation
    def clients(self, reveal: Reveal = False) -> list[Row]:
        """All clients; their secrets only with reveal."""
        rows = self.state.all("SELECT * FROM oauth_clients ORDER BY rowid")
        return [hide(row, ("client_secret",), reveal) for row in rows]

    @operation
    def codes(self) -> list[Row]:
        """All codes that were not redeemed, without what the devices keep secret."""
        return self.state.all("SELECT user_code, client_id, scope, status FROM oauth_codes ORDER BY rowid")
