"""The whole state as one JSON value, to be checked into a test project and read into another sandbox."""

from __future__ import annotations

import json
import math
import sqlite3
import typing
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .errors import SandboxError
from .operations import operations
from .state import Row, State

if TYPE_CHECKING:
    from .services import Service

FORMAT = "enroll-sandbox"
VERSION = 1

HISTORY = "history"  # beside a service's tables
_EVENT = ("time", "device", "event")
_KINDS: dict[str, tuple[type, ...]] = {"INTEGER": (int,), "REAL": (int, float), "TEXT": (str,)}
_WORDS = {"INTEGER": "a whole number", "REAL": "a number", "TEXT": "text"}


def export_state(state: State, services: Mapping[str, Service]) -> dict[str, Any]:
    """Devices, users and tokens of all services, secrets in the clear, and what happened in the portals; not the log,
    the settings, or the faults."""
    with state.transaction():
        found = {
            name: {table: state.all(f"SELECT * FROM {table} ORDER BY rowid") for table in _tables(state, name)}
            | {HISTORY: service.history.rows()}
            for name, service in services.items()
        }
    return {"format": FORMAT, "version": VERSION, "services": found}


def import_state(
    state: State, services: Mapping[str, Service], data: Mapping[str, Any], replace: bool
) -> dict[str, int]:
    """Read in what `export_state` returned, all of it or nothing; returns how many rows each service has got.

    `replace`: delete what is there. Raises SandboxError.
    """
    if data.get("format") != FORMAT:
        raise SandboxError("this is not a sandbox's state: give a file that `enroll-sandbox export` has written")
    if data.get("version") != VERSION:
        raise SandboxError(f"the state has version {data.get('version')!r}, not {VERSION}: export it again")
    sections = _object(data.get("services"), "services")
    unknown = set(sections) - set(services)
    if unknown:
        raise SandboxError(f"unknown service {min(unknown)!r}: use a newer enroll-tools")
    try:
        with state.transaction():
            return _import(state, services, sections, replace)
    finally:
        for service in services.values():
            service.history.read()


def _import(state: State, services: Mapping[str, Service], sections: dict[str, Any], replace: bool) -> dict[str, int]:
    state.run("PRAGMA defer_foreign_keys = ON")
    for name in services:
        _clear(state, _tables(state, name), replace)
    counts = {}
    for name, service in services.items():
        section = _object(sections.get(name, {}), name)
        service.history.replace(_events(state, name, section.get(HISTORY, [])))
        if name in sections:
            counts[name] = _fill(state, name, section)
    if state.all("PRAGMA foreign_key_check"):
        raise SandboxError("a row names a user, a model or a device that the state lacks: export it again")
    for name in sections:
        _read_back(services[name])
    return counts


def _tables(state: State, service: str) -> list[str]:
    rows = state.all("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB ?", f"{service}_*")
    return sorted(row["name"] for row in rows)


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SandboxError(f"{what} must be an object: export the state again")
    return value


def _clear(state: State, tables: Iterable[str], replace: bool) -> None:
    for table in tables:
        if not replace and state.one(f"SELECT 1 FROM {table}"):
            raise SandboxError("this sandbox has devices or users already: use --replace, which deletes them")
        state.run(f"DELETE FROM {table}")


def _fill(state: State, service: str, section: dict[str, Any]) -> int:
    """Insert the rows of one service; returns their number."""
    known, count = _tables(state, service), 0
    for table, rows in section.items():
        if table == HISTORY:
            continue
        if table not in known or not isinstance(rows, list):
            what = f"{service}.{table} is not a table of this version, or not a list"
            raise SandboxError(f"{what}: export the state again")
        columns = {row["name"]: row for row in state.all(f"PRAGMA table_info({table})")}
        for number, row in enumerate(rows, 1):
            where = f"{table}, row {number}"
            _check(_object(row, where), columns, where)
            try:
                state.insert(table, **row)
            except sqlite3.Error as error:
                raise SandboxError(f"{where}: {error}: export the state again") from None
        count += len(rows)
    return count


def _events(state: State, service: str, rows: object) -> list[Row]:
    """What happened in a portal, checked."""
    if not isinstance(rows, list):
        raise SandboxError(f"{service}.{HISTORY} is not a list: export the state again")
    columns = {row["name"]: row for row in state.all("PRAGMA table_info(history)") if row["name"] in _EVENT}
    for number, row in enumerate(rows, 1):
        where = f"{service}.{HISTORY}, row {number}"
        _check(_object(row, where), columns, where)
        if len(row) < len(_EVENT) or None in row.values():
            raise SandboxError(f"{where}: it needs {', '.join(_EVENT)}: export the state again")
    return rows


def _check(row: Row, columns: Mapping[str, Row], where: str) -> None:
    for name, value in row.items():
        if name not in columns:
            raise SandboxError(f"{where}: unknown column {name!r}: use a newer enroll-tools")
        declared = columns[name]["type"]
        fits = type(value) in _KINDS[declared] and (declared == "TEXT" or _storable(value))
        if value is not None and not fits:
            raise SandboxError(f"{where}: {name} must be {_WORDS[declared]}: export the state again")


def _storable(number: float) -> bool:
    return abs(number) < 2**63 if isinstance(number, int) else math.isfinite(number)


def _read_back(service: Service) -> None:
    """Let the service show all that it has, so that what it cannot read is refused here and breaks no later call."""
    for name, function in operations(service).items():
        returned = typing.get_type_hints(function).get("return")
        if typing.get_origin(returned) is list:
            try:
                json.dumps(function(), allow_nan=False)
            except Exception:
                raise SandboxError(f"{service.name} cannot read its {name} back: export the state again") from None
    try:
        service.devices_view()
        service.tables()
    except Exception:
        raise SandboxError(f"the console cannot show what {service.name} has: export the state again") from None
