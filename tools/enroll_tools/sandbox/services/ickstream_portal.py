"""ickStream's users, applications, tokens and devices: what they are kept in, and what a person does with them."""

from __future__ import annotations

import dataclasses
import secrets
import uuid
from typing import Annotated, Any

from ..errors import SandboxError
from ..history import DELETED
from ..operations import LONG, About, DeviceId, Reveal, name_of, operation
from ..state import Row
from .base import Service, hide
from .settings import amount


@dataclasses.dataclass
class Settings:
    """Ways in which servers differ."""

    scheme: Annotated[str, About("The word before the token in the header Authorization; empty: the token alone.")] = (
        "Bearer"
    )
    id_as_string: Annotated[bool, About("Send `id` of an answer as text, though the device sent a number.")] = False
    version_as_number: Annotated[bool, About("Send `jsonrpc` as the number 2.0, not as text.")] = False
    omit_user_id: Annotated[bool, About("Leave `userId` out of the answer to a registration.")] = False
    keep_access_token: Annotated[
        bool,
        About("A device that registers again gets the access token it had; else a new one, and the old one is void."),
    ] = False
    token_lifetime: Annotated[float, amount("Seconds in which a registration token must be used.")] = 600.0


UserName = Annotated[str, name_of("The user's name.")]
ApplicationId = Annotated[str, name_of("The application id.")]


class IckStreamPortal(Service):
    """The state and the administrator's operations."""

    name = "ickstream"
    added = (("ickstream_tokens", "device_id TEXT"),)
    schema = """
    CREATE TABLE IF NOT EXISTS ickstream_users (
        name TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, access_token TEXT NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS ickstream_applications (id TEXT PRIMARY KEY, model TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS ickstream_tokens (
        token TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES ickstream_users (id) ON DELETE CASCADE,
        name TEXT NOT NULL, expires REAL NOT NULL, used_at REAL);
    CREATE TABLE IF NOT EXISTS ickstream_devices (
        id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES ickstream_users (id) ON DELETE CASCADE,
        hardware_id TEXT NOT NULL, application_id TEXT NOT NULL, name TEXT NOT NULL, model TEXT NOT NULL,
        address TEXT, public_address TEXT, access_token TEXT NOT NULL UNIQUE, UNIQUE (user_id, hardware_id));
    CREATE INDEX IF NOT EXISTS ickstream_by_hardware ON ickstream_devices (hardware_id);
    CREATE INDEX IF NOT EXISTS ickstream_tokens_of ON ickstream_tokens (user_id); -- of a user who is deleted
    """
    settings: Settings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.settings = Settings()

    def _new_token(self, user_id: str, name: str, lifetime: float, device_id: str | None = None) -> str:
        token = secrets.token_urlsafe(24)
        row = {"token": token, "user_id": user_id, "name": name, "expires": self.clock.now() + lifetime}
        self.state.insert("ickstream_tokens", **row, device_id=device_id)
        return token

    @operation
    def create_user(self, name: UserName) -> Row:
        """Create a user; returns the id and access token."""
        row = {"name": name, "id": str(uuid.uuid4()), "access_token": secrets.token_urlsafe(24)}
        with self.state.transaction():
            if self.state.one("SELECT 1 FROM ickstream_users WHERE name = ?", name):
                raise SandboxError(f"ickstream already has a user {name!r}")
            self.state.insert("ickstream_users", **row)
        return row

    @operation
    def delete_user(self, name: UserName) -> None:
        """Delete a user, his tokens and his devices."""
        if not self.state.run("DELETE FROM ickstream_users WHERE name = ?", name):
            raise SandboxError(f"ickstream has no user {name!r}")

    @operation
    def create_application(
        self,
        application_id: ApplicationId,
        model: Annotated[str, name_of("The devices' model.")] = "sandbox/device",
    ) -> Row:
        """Create an application id (an API key) for devices of a model."""
        with self.state.transaction():
            if self.state.one("SELECT 1 FROM ickstream_applications WHERE id = ?", application_id):
                raise SandboxError(f"ickstream already has an application {application_id!r}")
            self.state.insert("ickstream_applications", id=application_id, model=model)
        return {"application_id": application_id, "model": model}

    @operation
    def delete_application(self, application_id: ApplicationId) -> None:
        """Delete an application id."""
        if not self.state.run("DELETE FROM ickstream_applications WHERE id = ?", application_id):
            raise SandboxError(f"ickstream has no application {application_id!r}")

    @operation
    def create_token(
        self,
        user: UserName,
        name: Annotated[str, name_of("The token's name.")] = "device",
        lifetime: Annotated[float | None, About("Seconds; else as the setting token_lifetime says.", 0, LONG)] = None,
    ) -> str:
        """Create a device registration token for a user; lifetime in seconds. Returns the token."""
        row = self.state.one("SELECT id FROM ickstream_users WHERE name = ?", user)
        if row is None:
            raise SandboxError(f"ickstream has no user {user!r}")
        return self._new_token(row["id"], name, self.settings.token_lifetime if lifetime is None else lifetime)

    @operation
    def delete_device(self, device_id: DeviceId) -> None:
        """Remove a device, as its owner can; its access token becomes invalid."""
        with self.state.transaction():
            row = self.state.one("SELECT hardware_id FROM ickstream_devices WHERE id = ?", device_id)
            if row is None:
                raise SandboxError(f"ickstream has no device {device_id!r}")
            self.state.run("DELETE FROM ickstream_devices WHERE id = ?", device_id)
            self.history.add(row["hardware_id"], DELETED)

    @operation
    def users(self, reveal: Reveal = False) -> list[Row]:
        """All users; their access tokens only with reveal."""
        rows = self.state.all("SELECT * FROM ickstream_users ORDER BY name")
        return [hide(row, ("access_token",), reveal) for row in rows]

    @operation
    def applications(self) -> list[Row]:
        """All application ids."""
        return self.state.all("SELECT id AS application_id, model FROM ickstream_applications ORDER BY id")

    @operation
    def tokens(self, reveal: Reveal = False) -> list[Row]:
        """All device registration tokens, used or not; the tokens themselves only with reveal."""
        return [hide(row, ("token",), reveal) for row in self.state.all("SELECT * FROM ickstream_tokens")]

    @operation
    def devices(self, reveal: Reveal = False) -> list[Row]:
        """All devices; their access tokens only with reveal."""
        return [hide(row, ("access_token",), reveal) for row in self.state.all("SELECT * FROM ickstream_devices")]
