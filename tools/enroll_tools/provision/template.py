"""enroll.json on the host: with placeholders for secrets, and without the values that differ from board to board."""

from __future__ import annotations

import copy
import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import bench, screen
from .errors import CONFIGURATION, Failure
from .library import enroll_config, identity_keys
from .own_network import OwnNetwork, settle
from .untrusted import Secrets, clean

_LEVELS = 64  # of objects and lists in each other; a device reads some ten
_DEEP = f"it has more than {_LEVELS} objects and lists in each other"


@dataclass
class Settings:
    """One board's configuration: `text` is enroll.json on the board, `right` the SHA-256 of each text that it may be by
    then (the firmware erases a secret that works once)."""

    provider: str
    url: str
    moved_from: list[str]  # earlier addresses of the service
    identity: dict[str, str]  # what tells it from others, by key; "" where the board knows that by itself
    first: float  # seconds after the first failure, and at most
    cap: float
    text: bytes = field(repr=False)
    right: set[str]
    ca: Path | None
    secrets: Secrets = field(repr=False)
    own_network: OwnNetwork | None = None
    broker_ca: Path | None = None

    @property
    def device(self) -> str:
        """The identity as one text, e.g. "serial=MT1"; "" where the board knows all of it by itself."""
        return _device(self.identity)


def _device(identity: Mapping[str, str]) -> str:
    return ";".join(f"{key}={value}" for key, value in identity.items() if value)


def _from_environment(name: str, _folder: Path) -> str:
    value = os.environ.get(name)
    if not value:
        raise LookupError(f"the environment variable {name} is empty or not set: set it")
    return value


def _from_file(name: str, folder: Path) -> str:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):  # a table or a template may come from others
        raise LookupError(f"the file {name} is not beside it: copy it there")
    try:
        value = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        remedy = "check its name and permissions, and save it in UTF-8"
        raise LookupError(f"the file {name} cannot be read: {remedy}") from None
    if not value:
        raise LookupError(f"the file {name} is empty: write the value into it")
    return value


@functools.cache
def _from_prompt(text: str, _folder: Path) -> str:
    return screen.prompt(text)


_SOURCES: dict[str, Callable[[str, Path], str]] = {"$env": _from_environment, "$file": _from_file}
_SOURCES["$prompt"] = _from_prompt


def resolve(value: Any, folder: Path, secrets: Secrets, key: str = "", file: str = "enroll.json") -> Any:
    """`value` with its placeholders filled in; their values are added to `secrets`. Raises Failure that names the
    `file` and the key."""
    if isinstance(value, list):
        return [resolve(item, folder, secrets, key, file) for item in value]
    if not isinstance(value, dict):
        return value
    kind = next((name for name in value if name.startswith("$")), None)
    if kind is None:
        return {name: resolve(item, folder, secrets, f"{key}.{name}".strip("."), file) for name, item in value.items()}
    if kind not in _SOURCES or len(value) > 1 or not isinstance(value[kind], str):
        wanted = '{"$env": "NAME"}, {"$file": "path"} or {"$prompt": "text"}'
        raise Failure(CONFIGURATION, f"{file}: `{key}` wants {wanted}, and no other key in it")
    try:
        found = _SOURCES[kind](value[kind], folder)
    except LookupError as error:
        raise Failure(CONFIGURATION, f"{file}: `{key}`: {error}") from None
    secrets.add(found)
    return found


class _Twice(Exception):
    """A key occurs twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise _Twice(min(twice))
    return dict(pairs)


def _parsed(text: str, hook: Callable[[list[tuple[str, Any]]], Any] = dict) -> Any:
    """The value of a JSON text. Raises JSONDecodeError, and ValueError for what is JSON but no configuration."""
    try:
        found = json.loads(text, object_pairs_hook=hook)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise ValueError(_DEEP) from None
    except ValueError:
        raise ValueError("a number has too many digits") from None
    level = [found]
    for _ in range(_LEVELS):
        level = [it for value in level if isinstance(value, dict | list) for it in _items(value)]
    if level:
        raise ValueError(_DEEP)
    return found


def _items(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def load(path: Path) -> Any:
    """What is in the enroll.json at `path`, placeholders and all. Raises Failure."""
    try:
        return _parsed(path.read_text(encoding="utf-8-sig"), _once)
    except _Twice as error:
        raise Failure(CONFIGURATION, f"{path.name}: `{clean(error)}` is there twice: remove one of them") from None
    except json.JSONDecodeError as error:
        sentence = f"{path}: broken JSON, see line {error.lineno}, column {error.colno}"
        raise Failure(CONFIGURATION, sentence) from None
    except (OSError, UnicodeDecodeError):
        raise Failure(CONFIGURATION, f"{path} cannot be read: check its permissions, and save it in UTF-8") from None
    except ValueError as error:
        raise Failure(CONFIGURATION, f"{path}: {error}: correct it") from None


class Template:
    """The enroll.json at `path`, its placeholders filled in. Raises Failure."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.secrets = Secrets()
        self.data = resolve(load(path), path.parent, self.secrets, file=path.name)

    @property
    def keys(self) -> list[str]:
        """The keys that the provider's section may have. Raises Failure."""
        own = [key for provider, key in bench.INPUTS.items() if provider == self._provider]
        return [item[:-2] for item in self._items()] + own

    @property
    def objects(self) -> list[str]:
        """Those of the keys whose value is an object: a column `KEY.NAME` fills one of its fields. Raises Failure."""
        return [item[:-2] for item in self._items() if item[-1] == "{"]

    def takes(self, column: str) -> bool:
        """Whether a table's column fills a key of the provider's section, or a field of it. Raises Failure."""
        key, _, name = column.partition(".")
        return column in self.keys or bool(name and key in self.objects)

    @property
    def _provider(self) -> Any:
        return self.data.get("provider") if isinstance(self.data, dict) else None

    def _items(self) -> list[str]:
        try:
            return str(enroll_config().service(self._provider).TABLE).split(" ")
        except enroll_config().EnrollError as error:
            raise self._wrong(error) from None

    def _wrong(self, error: Exception) -> Failure:
        """What the library says of the file, with its name alone."""
        text = str(error).removeprefix(f"{self.path.resolve()}: ").removeprefix(f"{self.path.name}: ")
        return Failure(CONFIGURATION, f"{self.path.name}: {text}")

    def settings(self, row: Mapping[str, str] | None = None, keep: bool = False) -> Settings:
        """The configuration of one board, checked: `row` overrides keys of the provider's section, as text; `KEY.NAME`
        overrides a field of an object. `keep`: an administrator's auth_token and secret_code go to the board as they
        are. Raises Failure."""
        data = copy.deepcopy(self.data)
        secrets = Secrets(self.secrets)
        if row and isinstance(data, dict) and isinstance(data.get("provider"), str):
            section = data.setdefault(data["provider"], {})
            for key in sorted(row, key=lambda key: "." in key):  # a field after its object
                _put(section, key, _typed(data["provider"], key, row[key]))
            data[data["provider"]] = resolve(section, self.path.parent, secrets, data["provider"], self.path.name)
        self._derive(bench.ALWAYS, data, secrets)
        config = self._check(data)
        secrets.learn([config.section, config.network])
        section = data.setdefault(config.provider, {})
        if not keep:
            self._derive(bench.UNLESS_KEPT, data, secrets)
        if config.ca:
            data["ca"] = Path(config.ca).name
        broker_ca = self._broker(config, data)
        identity = {key: config.section[key] or "" for key in identity_keys(config.service)}
        own_network = self._settle(data, identity, secrets)
        secrets.difference_update(identity.values())  # typed at a prompt, they are not secret
        right, text = _texts(data, section.get(getattr(config.service, "ONE_TIME", "")))
        return Settings(
            provider=config.provider,
            url=config.url,
            moved_from=config.moved_from,
            identity=identity,
            first=config.first,
            cap=config.cap,
            text=text,
            right=right,
            ca=Path(config.ca) if config.ca else None,
            broker_ca=broker_ca,
            secrets=secrets,
            own_network=own_network,
        )

    def _settle(self, data: dict[str, Any], identity: dict[str, str], secrets: Secrets) -> OwnNetwork | None:
        """Settle which network the device makes. Raises Failure."""
        try:
            return settle(data, identity, _device(identity), secrets)
        except Failure as failure:
            raise Failure(failure.exit_code, f"{self.path.name}: {failure.message}") from None
        except enroll_config().EnrollError as error:
            raise self._wrong(error) from None

    def _derive(self, table: dict[str, bench.Derive], data: Any, secrets: Secrets) -> None:
        """Replace a secret of the bench with that of a single device, if the provider of `data` is in `table`."""
        name = str(data.get("provider")) if isinstance(data, dict) else ""
        section = data.get(name) if name in table else None
        if not isinstance(section, dict):
            return
        secrets.update(value for value in (section.get("group_key"),) if isinstance(value, str))
        try:
            found = table[name](section)
        except Failure as failure:
            raise Failure(failure.exit_code, f"{self.path.name}: {failure.message}") from None
        if found:
            secrets.add(found)

    def _broker(self, config: Any, data: dict[str, Any]) -> Path | None:
        """Check the object `mqtt`, which the device checks only when it needs it. Returns the broker's CA."""
        found = data.get("mqtt")
        if not isinstance(found, dict):
            return None
        module = enroll_config()
        try:
            path = module.broker(config, found).get("ca")
        except module.EnrollError as error:
            raise self._wrong(error) from None
        if not path:
            return None
        if not Path(path).is_file():
            raise Failure(
                CONFIGURATION, f"{self.path.name}: `mqtt.ca` names {found['ca']}, which is not there: copy it there"
            )
        found["ca"] = Path(path).name
        return Path(path)

    def _check(self, data: Any) -> Any:
        module = enroll_config()
        ca = data.get("ca") if isinstance(data, dict) else None
        if isinstance(ca, str) and ca.strip() and not (self.path.parent / ca).is_file():
            hint = "get it with 'enroll-provision ca HOST --out ca.der'"
            raise Failure(CONFIGURATION, f"{self.path.name}: `ca` names {ca}, which is not there: {hint}")
        try:
            return module.Config(copy.deepcopy(data), str(self.path.resolve()))
        except module.EnrollError as error:
            raise self._wrong(error) from None


def _texts(data: dict[str, Any], one_time: str | None) -> tuple[set[str], bytes]:
    """enroll.json for the board, and the hashes of all that it may be: the firmware blanks `one_time` out."""
    # Not \uXXXX: MicroPython does not join surrogates.
    text = json.dumps(data, indent=1, ensure_ascii=False).encode()
    right = {hashlib.sha256(text).hexdigest()}
    if one_time:
        quoted = json.dumps(one_time).encode()
        blanks = b'"' + b" " * (len(quoted) - 2) + b'"'
        right.add(hashlib.sha256(text.replace(quoted, blanks, 1)).hexdigest())
    return right, text


def _put(section: dict[str, Any], column: str, value: Any) -> None:
    """Set a key of `section`, or a field of an object in it, whose name may have dots itself."""
    key, _, name = column.partition(".")
    if not name:
        section[key] = value
        return
    if section.get(key) is None:
        section[key] = {}
    if isinstance(section[key], dict):  # else Config says what the key wants
        section[key][name] = value


def _typed(provider: str, key: str, text: str) -> Any:
    """A cell of a table as JSON has it: by the letter of the key, see lib/enroll/schema.py."""
    table = enroll_config().service(provider).TABLE.split(" ")
    kind = next((item[-1] for item in table if item[:-2] == key), "A")
    if text.startswith("{") or kind in "nstO{":
        try:
            return _parsed(text)
        except ValueError:
            pass  # Config says what it wants
    return text
