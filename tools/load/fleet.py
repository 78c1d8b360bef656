"""The devices of a load test: rows of tables, as `enroll-provision fleet` reads them."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from enroll_tools.provision.errors import CONFIGURATION, Failure
from enroll_tools.provision.table import Row, Table
from enroll_tools.provision.template import Template


@dataclass(frozen=True)
class Member:
    """One device: `key` tells it from all others, at whatever address its service is."""

    key: str
    provider: str
    host: str
    text: bytes = field(repr=False)  # its enroll.json
    ca: Path | None
    journals: Path

    def data(self) -> dict[str, Any]:
        """Its configuration, with a journal of its own."""
        found: dict[str, Any] = json.loads(self.text)
        if self.ca:
            found["ca"] = str(self.ca.resolve())
        # two levels: no folder gets a hundred thousand entries
        found["store"] = str(self.journals.resolve() / self.key[:2] / self.key)
        return found


def read(pairs: list[tuple[Path, Path]], journals: Path) -> list[Member]:
    """The devices of all `pairs` of a template and its table, mixed, in an order that is the same on each machine.

    Raises Failure.
    """
    found: dict[str, Member] = {}
    for template, table in pairs:
        for row in Table(table, Template(template)).rows:
            member = _member(row, table, journals)
            if member.key in found:
                what = f"{table.name}, line {row.line}: {row.device} is there twice: remove it from one of the tables"
                raise Failure(CONFIGURATION, what)
            found[member.key] = member
    return sorted(found.values(), key=lambda it: it.key)


def _member(row: Row, table: Path, journals: Path) -> Member:
    settings = row.settings
    for name, value in settings.identity.items():
        if value == "" and not settings.device:
            what = f"{table.name}, line {row.line}: `{name}` is missing: there is no board here that knows it"
            raise Failure(CONFIGURATION, what)
    who = json.dumps([settings.provider, settings.identity])
    key = hashlib.sha256(who.encode()).hexdigest()[:32]
    return Member(key, settings.provider, urlsplit(settings.url).hostname or "", settings.text, settings.ca, journals)


def digest(members: list[Member]) -> str:
    """What two machines compare, to see that they have read the same devices in the same order."""
    return hashlib.sha256("".join(it.key for it in members).encode()).hexdigest()


def check(members: list[Member], real: bool) -> None:
    """Raises Failure if there is nobody to register, or if that would be for `real` and nobody has said so."""
    if not members:
        raise Failure(CONFIGURATION, "no devices: name them by --fleet ENROLL.JSON DEVICES.CSV")
    hosts = sorted({it.host for it in members if not _is_loopback(it.host)})
    if hosts and not real:
        what = f"this registers {len(members)} devices for real, at {', '.join(hosts)}"
        raise Failure(CONFIGURATION, f"{what}: if you mean that, add --yes-register-for-real")


def _is_loopback(host: str) -> bool:
    """Without a look-up: a name that leads here today may lead elsewhere tomorrow."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def share(members: list[Member], folders: list[str], known: dict[str, str]) -> tuple[list[list[int]], int]:
    """The rows of each worker, and how many belong to a folder of journals that no worker has.

    `folders`: that of each worker; several on one machine share one. `known`: by a device's key, the folder that it was
    dealt to in an earlier run; gets the new ones.
    """
    rows: list[list[int]] = [[] for _ in folders]
    absent = 0
    for number, member in enumerate(members):
        folder = known.get(member.key)
        able = [at for at, it in enumerate(folders) if folder in (None, it)]
        if not able:
            absent += 1
            continue
        chosen = min(able, key=lambda at: len(rows[at]))
        known[member.key] = folders[chosen]
        rows[chosen].append(number)
    return rows, absent


def name_of(journals: Path) -> str:
    """A name of this folder, on whatever machine it is."""
    path = journals / "name"
    try:
        with path.open("x") as file:
            file.write(secrets.token_hex(8))
    except FileExistsError:
        pass
    return path.read_text()
