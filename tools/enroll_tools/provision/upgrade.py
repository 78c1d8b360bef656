"""`enroll-provision upgrade`: installs a newer library on registered boards, which keep their credential."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from . import look, snippets, swap
from .answers import ASCII, OneOf, Text
from .errors import ANSWER, CONFIGURATION, STORAGE, TRY_AGAIN, Failure
from .failures import ProgramError
from .install import files as count
from .library import ROOT, library, status_of
from .link import Link
from .plan import CONFIGURATION_FILE, MANIFEST, board_files, family_of, manifest, version
from .raw import Deadline
from .snippets import Program
from .untrusted import clean
from .work import Options, check

LIBRARY = "/lib/enroll"
BOARD = "/board.py"  # the board's own settings: a file that a person has changed is kept
SETTLE = 3.0  # seconds in which app.py may still fail after the board has said that it is registered

Hear = Callable[[str], None]

# [what is wrong or "", who is registered]; no packet leaves: what the library has for the network refuses to start
_TRIAL = Program(
    """
import sys
def trial(folder, path):
    sys.path.insert(0, folder)
    import enroll, port
    def connect(networks):
        raise enroll.EnrollError("network", "an upgrade makes no connection")
    port.connect = connect
    config = enroll.Config.load(path)
    known = enroll.stored(config, port)
    if not known:
        return ["do not find the credential", None]
    import main
    text, found = main.boot(path, True)[1:]
    return ["" if found else "say `%s`" % text, [config.provider, config.url, known.device_id]]
def main(folder, path):
    try:
        return trial(folder, path)
    except (Exception, SystemExit) as error:
        return ["raise %s %s" % (type(error).__name__, error), None]
""",
    (Text(1000), OneOf((None, (ASCII, str, ASCII)))),
    once=True,
)


@dataclass
class Upgrade:
    """How it went: `state` is "upgraded", "already", or the kind of the error for which the old files were restored."""

    port: str
    state: str
    status: int
    text: str
    device_id: str = ""
    before: str = ""  # version
    version: str = ""
    copied: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Installed:
    """What is on a board: what its manifest says, the hashes of its files, and who it is registered as."""

    manifest: dict[str, Any]
    there: dict[str, str]
    who: list[str]  # provider, url, device id

    @property
    def changed(self) -> set[str]:
        """The files beside the library that a person has changed since."""
        return {
            path
            for path, mark in self.manifest["files"].items()
            if not path.startswith(LIBRARY + "/") and self.there.get(path, mark) != mark
        }


def installed(link: Link) -> Installed:
    """Look at the board of `link`. Raises Failure if it cannot be upgraded."""
    manifest = look.manifest_of(link)
    if not manifest:
        sentence = f"the board at {link.port} was not installed by provision: use 'enroll-provision one'"
        raise Failure(CONFIGURATION, sentence)
    names = [path for path in manifest["files"] if not path.startswith(LIBRARY + "/")]
    kind, found = link.call(snippets.REGISTERED)
    if kind:
        raise Failure(status_of(kind), clean(found))
    if not found[2]:
        raise Failure(TRY_AGAIN, f"the board at {link.port} is not registered: use 'enroll-provision one'")
    ours = {f"/{path.name}" for path in (ROOT / "boards").rglob("*.py")}
    return Installed(manifest, link.hashes(LIBRARY, sorted({*names, *ours, swap.MAIN, MANIFEST})), found)


def wanted(found: Installed, platform: str, source: bool, library_only: bool) -> dict[str, bytes]:
    """{path: content} of the new files, without main.py if that is kept; the manifest comes last. Raises Failure."""
    files = library(source, found.who[0])
    if not library_only:
        files |= board_files(family_of(platform), found.manifest["board"])
        files[swap.MAIN] = (ROOT / "firmware" / "main.py").read_bytes()
        if BOARD in found.changed:
            del files[BOARD]
        theirs = sorted(found.changed & set(files))
        if theirs:
            remedy = "use --library-only to leave all but the library as it is"
            raise Failure(CONFIGURATION, f"{', '.join(theirs)} was changed on the board after provision: {remedy}")
    kept = {path: mark for path, mark in found.manifest["files"].items() if not path.startswith(LIBRARY + "/")}
    hashes = kept | {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    return {**files, MANIFEST: manifest(version(), found.manifest["board"], hashes)}


def right(found: Installed, files: dict[str, bytes]) -> bool:
    """Whether `files` are what the board has, and its library has no others."""
    there = {path: mark for path, mark in found.there.items() if path in files or path.startswith(LIBRARY + "/")}
    same = found.manifest == json.loads(files[MANIFEST])  # however it is spelled
    return same and {**there, MANIFEST: ""} == {**_marks(files), MANIFEST: ""}


def _marks(files: dict[str, bytes]) -> dict[str, str]:
    return {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}


def stage(link: Link, files: dict[str, bytes], there: dict[str, str], hear: Hear) -> list[str]:
    """Put `files` below swap.NEW; returns those that the board did not have anywhere. Raises Failure."""
    marks = _marks(files)
    before = link.hashes(swap.NEW, [])
    for path in before:
        if marks.get(path.removeprefix(swap.NEW)) != before[path]:
            swap.remove(link, path)
    missing = [path for path in files if before.get(swap.NEW + path) != marks[path]]
    near = [path for path in missing if there.get(path) == marks[path]]
    swap.copy(link, [(path, swap.NEW + path) for path in near])
    far = [path for path in missing if path not in near]
    for path in far:
        hear(f"copying {path}")
        link.write(swap.NEW + path, files[path])
    if swap.MAIN not in files:
        swap.copy(link, [(swap.MAIN, swap.NEW + swap.MAIN)])
        marks[swap.MAIN] = there[swap.MAIN]
    after = link.hashes(swap.NEW, [])
    bad = [path for path in marks if after.get(swap.NEW + path) != marks[path]]
    if bad:
        what = f"the board at {link.port} does not hold what was written for {bad[0]}"
        raise Failure(STORAGE, f"{what}, it runs its old files: replace its flash")
    hear(f"{count(len(far))} copied beside the old ones; all read back")
    return far


def trial(link: Link, who: list[str], seconds: float) -> str:
    """Boot the new files without a network, in a fresh interpreter. Returns what they do wrong, or ""."""
    link.enter()
    try:
        trouble, found = link.call(_TRIAL, swap.NEW, CONFIGURATION_FILE, seconds=seconds)
    except Deadline:
        return f"do not boot within {seconds:g} s"
    except ProgramError:
        return "do not say how their boot went"
    return clean(trouble) or ("" if found == who else "find another registration than the old ones")


def boot(link: Link, who: list[str], seconds: float) -> str:
    """Let the board boot by itself and listen. Returns what the new files do wrong, or ""."""
    right = f"enroll: registered {who[0]} {who[2]}"
    for line in look.heard(link, seconds, restart=True):
        if right in line:
            break
    else:
        return f"do not say `{right}` within {seconds:g} s"
    for line in look.heard(link, SETTLE):
        if line.startswith("enroll: app.py failed"):
            return f"let the application fail: {line.removeprefix('enroll: ')}"
    return ""


@contextlib.contextmanager
def _taken_back(link: Link) -> Iterator[None]:
    """On any error in it, restores the old files if the board still answers."""
    try:
        yield
    except Exception:
        with contextlib.suppress(Exception):
            link.enter()
            swap.undo(link)
            link.start()
        raise


def replace(link: Link, found: Installed, files: dict[str, bytes], seconds: float) -> str:
    """Move the staged files to their places and boot them. Returns why the old files were restored, or ""."""
    beside = [path for path in files if not path.startswith(LIBRARY + "/") and path != swap.MAIN]
    moved = [LIBRARY, *(path for path in beside if path in found.there)]
    added = [path for path in beside if path not in found.there]
    with _taken_back(link):
        swap.begin(link, moved, added, found.there[swap.MAIN])
        trouble = trial(link, found.who, seconds)
        if not trouble:
            link.enter()
            swap.commit(link)
            trouble = boot(link, found.who, seconds)
        link.enter()
        if trouble:
            swap.undo(link)
    if not trouble:
        swap.end(link)
    return trouble


def upgrade(port: str, options: Options, library_only: bool, hear: Hear) -> Upgrade:
    """Put this version's files on the board at `port`, and leave it running. Raises Failure, and Stopped on Ctrl-C."""
    with look.visit(port, hear, back=swap.undo) as link:
        return _upgrade(link, options, library_only, hear)


def _upgrade(link: Link, options: Options, library_only: bool, hear: Hear) -> Upgrade:
    if swap.undo(link):
        hear("an earlier upgrade did not end: the old files are back")
        link.enter()  # not what is loaded from the new ones
    facts = link.facts()
    check(facts, link.port, options)
    found = installed(link)
    files = wanted(found, facts.platform, options.source, library_only)
    result = Upgrade(link.port, "already", 0, "", found.who[2], found.manifest["version"], version())
    result.text = f"enroll {version()} is installed already; {found.who[0]} {found.who[2]} is registered"
    if not right(found, files):
        result.copied = stage(link, files, found.there, hear)
        trouble = replace(link, found, files, options.deadline)
        result.state, result.status = ("rolled back", ANSWER) if trouble else ("upgraded", 0)
        done = f"upgraded from {result.before} to {version()}"
        if result.before == version():
            done = f"enroll {version()} was installed again, its files differed"
        result.text = f"{done}; {found.who[0]} {found.who[2]} is still registered"
        if trouble:
            result.text = f"the new files {trouble}; the board has its old files again: correct that, or report it"
    swap.end(link)
    link.start()
    return result
