"""Centagate's users, sessions and tokens: what they are kept in, and what a person does with them in the portal."""

from __future__ import annotations

import dataclasses
import secrets
from typing import Annotated, Any

from ..errors import SandboxError
from ..history import DELETED
from ..operations import About, Reveal, name_of, operation
from ..state import Row
from .base import Service, hide
from .settings import amount

# Every code with the words of the vendor's pages.
CODES = {
    0: "Success",
    6002: "Token register to user failed",
    6007: "User is not allowed to bind with CR OTP token",
    10001: "Permission denied",
    10002: "Invalid Input",
    10003: "DB protection error",
    10004: "DB error",
    22002: "User not found",
    23001: "Invalid credentials",
    23020: "Untrusted IP address",
    23022: "Bad signature",
    23023: "Request expired",
    23024: "API not found",
    23025: "API error",
    29001: "Token not found",
    29002: "Token not active",
    29004: "Phone number had been used",
    29008: "An OTP token already registered to this user",
    29011: "Invalid token activation code",
    29017: "Invalid token status",
}

# "deactivated" is the status in which the vendor's page wants a token to be bound.
TOKEN_STATUSES = ("new", "deactivated", "active", "locked", "lost", "expired")

Username = Annotated[str, name_of("The user's name.")]
Sn = Annotated[str, name_of("The OTP token's serial number.")]
Status = Annotated[str, name_of("The OTP token's status.", TOKEN_STATUSES)]


@dataclasses.dataclass
class Settings:
    """How the service spells its answers, and what it refuses."""

    code_as_string: Annotated[bool, About("Send `code` of an answer as text, not as a number.")] = False
    object_as_string: Annotated[bool, About("Send `object` of an answer as JSON in a text, not as an object.")] = False
    sms_repeat_refused: Annotated[
        bool, About("Refuse the same phone number for the same user with 29004; else it is a success.")
    ] = False
    timestamp_tolerance: Annotated[
        float, amount("Seconds by which the time of a login may differ from the sandbox's.")
    ] = 300.0


SESSIONS = 100  # of a user; a device that logs in again and again ends its oldest


class CentagatePortal(Service):
    """The state and the administrator's operations."""

    name = "centagate"
    schema = """
    CREATE TABLE IF NOT EXISTS centagate_users (
        username TEXT PRIMARY KEY, password TEXT NOT NULL, admin INTEGER NOT NULL, allow_cr INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS centagate_sessions (
        auth_token TEXT PRIMARY KEY, secret_code TEXT NOT NULL,
        username TEXT NOT NULL REFERENCES centagate_users (username) ON DELETE CASCADE);
    CREATE TABLE IF NOT EXISTS centagate_tokens (
        sn TEXT PRIMARY KEY, status TEXT NOT NULL, cr INTEGER NOT NULL,
        username TEXT REFERENCES centagate_users (username) ON DELETE SET NULL);
    CREATE TABLE IF NOT EXISTS centagate_phones (
        number TEXT PRIMARY KEY,
        username TEXT NOT NULL REFERENCES centagate_users (username) ON DELETE CASCADE);
    CREATE INDEX IF NOT EXISTS centagate_sessions_of ON centagate_sessions (username);
    CREATE INDEX IF NOT EXISTS centagate_tokens_of ON centagate_tokens (username);
    CREATE INDEX IF NOT EXISTS centagate_phones_of ON centagate_phones (username);
    CREATE TABLE IF NOT EXISTS centagate_integrations (key TEXT PRIMARY KEY, secret_key TEXT NOT NULL);
    """
    settings: Settings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.settings = Settings()
        # The codes that the next calls get.
        self._queued: list[int] = []

    def _new_session(self, username: str) -> Row:
        row = {
            "username": username,
            "auth_token": secrets.token_hex(16),
            "secret_code": secrets.token_hex(16),
        }
        self.state.insert("centagate_sessions", **row)
        old = "SELECT rowid FROM centagate_sessions WHERE username = ? ORDER BY rowid DESC LIMIT 1 OFFSET ?"
        self.state.run(f"DELETE FROM centagate_sessions WHERE rowid = ({old})", username, SESSIONS)
        return row

    @operation
    def create_user(
        self,
        username: Username,
        password: Annotated[str, About("For logging in.")] = "",
        admin: Annotated[bool, About("Let this user bind tokens.")] = False,
        allow_cr: Annotated[bool, About("Let this user have challenge-response tokens.")] = False,
    ) -> Row:
        """Create a user. admin: may bind tokens; allow_cr: may have challenge-response tokens."""
        if not username:
            raise SandboxError("the user's name is empty: give one")
        with self.state.transaction():
            if self.state.one("SELECT 1 FROM centagate_users WHERE username = ?", username):
                raise SandboxError(f"centagate already has a user {username!r}")
            password = password or secrets.token_urlsafe(12)
            self.state.insert("centagate_users", username=username, password=password, admin=admin, allow_cr=allow_cr)
        return {"username": username, "password": password, "admin": admin, "allow_cr": allow_cr}

    @operation
    def delete_user(self, username: Username) -> None:
        """Delete a user with his sessions and phone numbers; his OTP token stays, bound to nobody."""
        if not self.state.run("DELETE FROM centagate_users WHERE username = ?", username):
            raise SandboxError(f"centagate has no user {username!r}")

    @operation
    def create_session(self, username: Username) -> Row:
        """Log a user in; a new name becomes an administrator. Returns username, auth_token and secret_code."""
        with self.state.transaction():
            if not self.state.one("SELECT 1 FROM centagate_users WHERE username = ?", username):
                self.create_user(username, admin=True)
            return self._new_session(username)

    @operation
    def delete_sessions(self, username: Username) -> None:
        """End every session of a user."""
        self.state.run("DELETE FROM centagate_sessions WHERE username = ?", username)

    @operation
    def create_token(
        self, sn: Sn, status: Status = "deactivated", cr: Annotated[bool, About("With challenge-response.")] = False
    ) -> Row:
        """Create an OTP token with a serial number; cr makes it a challenge-response token."""
        _check_status(status)
        if not sn:
            raise SandboxError("the token's serial number is empty: give one")
        with self.state.transaction():
            if self.state.one("SELECT 1 FROM centagate_tokens WHERE sn = ?", sn):
                raise SandboxError(f"centagate already has a token {sn!r}")
            self.state.insert("centagate_tokens", sn=sn, status=status, cr=cr)
            self.history.add(sn, "created")
        return {"sn": sn, "status": status, "cr": cr}

    @operation
    def set_token(self, sn: Sn, status: Status) -> None:
        """Put an OTP token into another status; "new" and "deactivated" unbind it."""
        _check_status(status)
        keep = "username" if status not in ("new", "deactivated") else "NULL"
        if not self.state.run(f"UPDATE centagate_tokens SET status = ?, username = {keep} WHERE sn = ?", status, sn):
            raise SandboxError(f"centagate has no token {sn!r}")
        self.history.add(sn, f"status {status}")

    @operation
    def delete_token(self, sn: Sn) -> None:
        """Delete an OTP token."""
        if not self.state.run("DELETE FROM centagate_tokens WHERE sn = ?", sn):
            raise SandboxError(f"centagate has no token {sn!r}")
        self.history.add(sn, DELETED)

    @operation
    def delete_phone(self, number: Annotated[str, name_of("The phone number.")]) -> None:
        """Free a phone number."""
        if not self.state.run("DELETE FROM centagate_phones WHERE number = ?", number):
            raise SandboxError(f"centagate has no phone number {number!r}")
        self.history.add(number, DELETED)

    @operation
    def create_integration(
        self,
        key: Annotated[str, About("Integration key; else a random one.")] = "",
        secret_key: Annotated[str, About("Secret key; else a random one.")] = "",
    ) -> Row:
        """Create an app that logs in. Its integration key and secret key are generated if left out."""
        row = {"key": key or secrets.token_hex(16), "secret_key": secret_key or secrets.token_urlsafe(24)}
        with self.state.transaction():
            if self.state.one("SELECT 1 FROM centagate_integrations WHERE key = ?", row["key"]):
                raise SandboxError("centagate already has an app with that integration key")
            self.state.insert("centagate_integrations", **row)
        return row

    @operation
    def fail(
        self,
        code: Annotated[int, About("Return code.", choices=tuple(CODES))],
        times: Annotated[int, About("Calls that meet it.", 1, 10_000)] = 1,
    ) -> None:
        """Answer the next calls with this return code and do nothing else. Kept in memory only."""
        if code not in CODES or times < 1:
            raise SandboxError(f"code must be one of {', '.join(map(str, sorted(CODES)))} and times at least 1")
        self._queued += [code] * times

    @operation
    def users(self, reveal: Reveal = False) -> list[Row]:
        """All users; their passwords only with reveal."""
        rows = self.state.all("SELECT * FROM centagate_users ORDER BY username")
        flags = [{**row, "admin": bool(row["admin"]), "allow_cr": bool(row["allow_cr"])} for row in rows]
        return [hide(row, ("password",), reveal) for row in flags]

    @operation
    def sessions(self, reveal: Reveal = False) -> list[Row]:
        """All sessions; their secrets only with reveal."""
        rows = self.state.all("SELECT * FROM centagate_sessions")
        return [hide(row, ("auth_token", "secret_code"), reveal) for row in rows]

    @operation
    def tokens(self) -> list[Row]:
        """All OTP tokens and whom they are bound to."""
        rows = self.state.all("SELECT * FROM centagate_tokens ORDER BY sn")
        return [{**row, "cr": bool(row["cr"])} for row in rows]

    @operation
    def phones(self) -> list[Row]:
        """All phone numbers and whom they are bound to."""
        return self.state.all("SELECT * FROM centagate_phones ORDER BY number")


def _check_status(status: str) -> None:
    if status not in TOKEN_STATUSES:
        raise SandboxError(f"status must be one of {', '.join(TOKEN_STATUSES)}")
