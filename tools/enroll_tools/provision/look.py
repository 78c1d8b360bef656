"""Looks at an installed board: its files, its registration and its output; and resets it."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from . import registration, snippets
from .answers import ASCII, PATH, SHA256, Each, fits
from .errors import CONFIGURATION, STORAGE, TRY_AGAIN, Failure, Stopped
from .library import status_of
from .link import Hear, Link, connect
from .plan import MANIFEST
from .snippets import Program
from .untrusted import clean, cleaned

INSTALLED = {"version": ASCII, "board": ASCII, "files": Each(PATH, SHA256)}  # the shape of provision.json


Back = Callable[[Link], object]  # undoes what was done on a board

# whether the library can be imported
_OURS = Program(
    """
def main():
    try:
        import enroll
        return True
    except Exception:
        return False
""",
    bool,
)


def nothing(_link: Link) -> None:
    """Undoes nothing."""


def let_go(link: Link) -> bool:
    """Start the board again and return True; but a board that has enroll and no credential stays stopped, since its
    boot would register it, and that may have been given up on purpose."""
    if link.call(_OURS):
        kind, found = link.call(snippets.REGISTERED)
        if kind or not found[2]:
            return False
    link.start()
    return True


@contextlib.contextmanager
def visit(port: str, hear: Hear, enter: bool = True, back: Back = nothing) -> Iterator[Link]:
    """A Link to the board at `port`, released as `going_on` and `interruptible` do."""
    with connect(port, enter=False, hear=hear) as link, interruptible(link, hear, back), going_on(link):
        if enter:
            link.enter()
        yield link


@contextlib.contextmanager
def interruptible(link: Link, hear: Hear, back: Back = nothing) -> Iterator[None]:
    """On Ctrl-C, `back` undoes what was done on the board, then the board is released, and Stopped is raised."""
    try:
        yield
    except KeyboardInterrupt:
        hear("interrupted: the board is let go first; Ctrl-C again leaves it stopped")
        raise Stopped(f"interrupted, {_left(link, back)}: run this again") from None


def _left(link: Link, back: Back) -> str:
    """Release the board; returns the state it is left in."""
    try:
        link.enter()
        back(link)
        return "the board goes on" if let_go(link) else "the board stays stopped, since its boot would register it"
    except (Exception, KeyboardInterrupt):
        return "the board may be stopped"


@contextlib.contextmanager
def going_on(link: Link) -> Iterator[None]:
    """Release the board on any Failure that is about the board's content. If the line itself failed, releasing was
    tried long enough."""
    try:
        yield
    except Failure as error:
        if error.exit_code in (CONFIGURATION, STORAGE):
            with contextlib.suppress(Exception):
                let_go(link)
        raise


def status(link: Link) -> dict[str, Any]:
    """What is installed and registered, without a secret. Raises Failure where nothing is."""
    facts = link.facts()
    manifest = manifest_of(link)
    if not manifest:
        record = registration.read(link).registration
        who = f" (it is {record.sentence})" if record else ""
        sentence = f"the board at {link.port}{who} was not installed by provision: use 'enroll-provision one'"
        raise Failure(CONFIGURATION, sentence)
    files: dict[str, str] = manifest["files"]
    there = link.hashes("/lib/enroll", [path for path in files if not path.startswith("/lib/enroll/")])
    seen = registration.read(link)
    kind, found = link.call(snippets.REGISTERED)
    provider, url, device_id = found if not kind else (None, None, None)
    record = seen.registration
    shown: dict[str, Any] = cleaned(
        {
            "port": link.port,
            "board": seen.board,
            "micropython": facts.running,
            "outdated": facts.outdated,
            "build": facts.build,
            "enroll": manifest["version"],
            "changed": sorted(path for path in files if there.get(path) != files[path]),
            "hashes": {path: there.get(path) for path in sorted(files)},
            "provider": record.provider if record else provider,
            "url": record.url if record else url,
            "identity": record.device if record else None,
            "since": record.since if record else None,
            "record": record.sentence if record else None,
            "attempt": bool(record and record.state == registration.TRIED),
            "registered": device_id,
            "kind": kind or None,
            "error": f"{kind}: {clean(found)}" if kind else None,
        }
    )
    return shown


def manifest_of(link: Link) -> dict[str, Any] | None:
    """What provision.json on the board says was installed; None where there is no such file, or it is broken."""
    try:
        found = json.loads(link.call(snippets.MANIFEST, MANIFEST))
    except (ValueError, RecursionError):
        return None
    return found if fits(found, INSTALLED) else None


def lines(found: dict[str, Any], files: bool) -> list[str]:
    """A status for people; `files`: with the SHA-256 of every file."""
    changed = ", ".join(found["changed"])
    board = f", board {found['board']}" if found["board"] else ""
    said = [
        f"{found['port']}: MicroPython {found['micropython']}, {found['build']}{board}"
        + (f": too old, {found['outdated']}" if found["outdated"] else ""),
        f"enroll {found['enroll']}, {len(found['hashes'])} files, "
        + (f"not as they were installed: {changed}" if changed else "all as they were installed"),
    ]
    if files:
        said += [f"    {mark}  {path}" for path, mark in found["hashes"].items()]
    if found["error"]:
        there = [f"on its flash: {found['record']}"] if found["record"] else []
        return [*said, found["error"], *there]
    name = found["registered"]
    if not name and found["attempt"]:
        return [*said, found["record"]]
    since = f" since {found['since']}" if name and found["since"] else ""
    where = f"{found['provider']} {name or ''}".strip()
    return [*said, f"{'registered' if name else 'not registered yet:'} {where} at {found['url']}{since}"]


def exit_status(found: dict[str, Any]) -> int:
    """What `enroll-provision status` exits with."""
    if found["error"]:
        return status_of(found["kind"])
    if found["changed"]:
        return CONFIGURATION
    return 0 if found["registered"] else TRY_AGAIN


def forget(link: Link) -> None:
    """Erase the credential. Raises Failure."""
    kind, found = link.call(snippets.FORGET)
    if kind:
        raise Failure(status_of(kind), found)
    if found is not True:
        raise Failure(
            STORAGE,
            f"the board at {link.port} still finds a credential, its flash is worn: replace the board",
        )


def heard(link: Link, seconds: float | None, restart: bool = False) -> Iterator[str]:
    """Each line that the board prints, for `seconds` or without end; `restart`: reset it softly before."""
    if restart:
        link.start()
    end = None if seconds is None else time.monotonic() + seconds
    while end is None or time.monotonic() < end:
        link.listen()
        while link.pending:
            yield link.pending.popleft()
    link.listen(last=True)
    yield from link.pending


def follow(link: Link, restart: bool, seconds: float | None, say: Callable[[str], None]) -> None:
    """Say each line that the board prints, for `seconds` or without end."""
    for line in heard(link, seconds, restart):
        say(line)
