"""Which files belong on a board, and in which order."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from .errors import CONFIGURATION, MISUSE, Failure
from .library import ROOT, library
from .template import Settings
from .untrusted import clean

BOARDS = ROOT / "boards"
FAMILIES = {"linux": "unix", "darwin": "unix"}  # sys.platform, where the family is not called the same
MANIFEST = "/provision.json"  # what was installed, for `enroll-provision status`
CONFIGURATION_FILE = "/enroll.json"


@dataclass(frozen=True)
class Content:
    """What a file on the board should hold; `right`: the SHA-256 of each content that is accepted."""

    data: bytes
    right: frozenset[str]

    @classmethod
    def of(cls, data: bytes, right: set[str] | None = None) -> Content:
        """The content `data`; accepted with its own hash or one in `right`."""
        return cls(data, frozenset(right or {hashlib.sha256(data).hexdigest()}))


def version() -> str:
    """The version of this library."""
    return str(json.loads((ROOT / "package.json").read_text())["version"])


def known_boards() -> list[str]:
    """The names that --board may be given."""
    return sorted(path.parent.name for path in BOARDS.glob("*/board.py"))


def families() -> list[str]:
    """The families of boards that there is a port.py for."""
    return sorted(path.parent.name for path in BOARDS.glob("*/port.py"))


def of_family(family: str, board: str) -> bool:
    """Whether boards/<board> is one of `family`: its manifest says which port.py it takes."""
    path = BOARDS / board / "manifest.py"
    return board in known_boards() and path.exists() and f'base_path="../{family}"' in path.read_text()


def board_files(family: str, board: str) -> dict[str, bytes]:
    """port.py and what else boards/ has for this family and board. Raises Failure."""
    if family not in families():  # a board may say anything
        has = ", ".join(families())
        raise Failure(CONFIGURATION, f"{clean(family)} boards have no port.py yet: use one of {has}")
    folder = BOARDS / family
    known = board in known_boards()
    if (known or "import board" in (folder / "port.py").read_text()) and not (known and of_family(family, board)):
        ours = ", ".join(it for it in known_boards() if of_family(family, it))
        remedy = f"use --board with {ours}" if ours else "leave --board out"
        raise Failure(CONFIGURATION, f"{clean(board) or 'this one'} is not a board of the family {family}: {remedy}")
    own = [BOARDS / board / "board.py"] if known else []
    paths = [*sorted(BOARDS.glob("*.py")), *sorted(folder.glob("*.py")), *own]
    return {f"/{path.name}": path.read_bytes() for path in paths if path.name != "manifest.py"}


def family_of(platform: str) -> str:
    """The family of boards whose sys.platform is `platform`."""
    return FAMILIES.get(platform, platform)


def plan(settings: Settings, platform: str, board: str, source: bool, app: Path | None) -> dict[str, Content]:
    """{path: content} for a board, in the order of copying: main.py last, so that half of it never boots."""
    app = app or ROOT / "firmware" / "app.py"
    files = library(source, settings.provider) | board_files(family_of(platform), board)
    files["/app.py"] = app.read_bytes()
    for ca in dict.fromkeys(filter(None, (settings.ca, settings.broker_ca))):
        name = f"/{ca.name}"
        if name in files or name in ("/main.py", CONFIGURATION_FILE):
            raise Failure(MISUSE, f"{ca.name} is a file of the board's own, or of another CA: give the CA another name")
        files[name] = ca.read_bytes()
    contents = {path: Content.of(data) for path, data in files.items()}
    main = Content.of((ROOT / "firmware" / "main.py").read_bytes())
    contents[CONFIGURATION_FILE] = Content.of(settings.text, settings.right)
    contents[MANIFEST] = Content.of(_manifest({**contents, "/main.py": main}, board))
    contents["/main.py"] = main
    return contents


def library_plan(source: bool, board: str, installed: dict[str, str]) -> dict[str, Content]:
    """{path: content} of the library alone, for a board on which provision has `installed` {path: SHA-256} before."""
    contents = {path: Content.of(data) for path, data in library(source).items()}
    others = {path: mark for path, mark in installed.items() if not path.startswith("/lib/enroll/")}
    return {**contents, MANIFEST: Content.of(_manifest(contents, board, others))}


def _manifest(contents: dict[str, Content], board: str, others: dict[str, str] | None = None) -> bytes:
    """What was installed, and the hashes of `others` that were before. The hash of enroll.json is left out: a short
    password could be guessed from it."""
    hashes = {path: min(content.right) for path, content in contents.items() if path != CONFIGURATION_FILE}
    hashes.update(others or {})
    return manifest(version(), board, hashes)


def manifest(version: str, board: str, files: dict[str, str]) -> bytes:
    """A provision.json, always spelled the same way: a difference means that something was installed."""
    return json.dumps({"version": version, "board": board, "files": files}, sort_keys=True).encode()
