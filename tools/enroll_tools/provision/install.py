"""Brings the files on a board up to date, and keeps files that provision did not install."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import snippets
from .errors import STORAGE, Failure
from .failures import nonsense
from .link import Link
from .look import forget, manifest_of
from .plan import CONFIGURATION_FILE, MANIFEST, Content
from .registration import Registration

MAIN = "/main.py"
LIBRARY_FOLDER = "/lib/enroll/"
PROVIDERS = "/lib/enroll/providers/"
LATE = (CONFIGURATION_FILE, MANIFEST, MAIN)  # written once the library is whole

Hear = Callable[[str], None]


@dataclass
class Installed:
    """What was done: the paths `copied`, the number of files `kept` as they were, the paths `removed`, and the new
    names of files that were `moved` because provision did not install them."""

    copied: list[str]
    kept: int
    removed: list[str]
    moved: list[str]


def install(link: Link, contents: dict[str, Content], hear: Hear, give_up: Registration | None = None) -> Installed:
    """Write `contents` to the board, and read it back. `give_up`: the registration to erase, after main.py is gone and
    the library is complete. Raises Failure.
    """
    names = [path for path in contents if not path.startswith(LIBRARY_FOLDER)]
    there = link.hashes("/lib/enroll", names)
    wrong = [path for path, content in contents.items() if there.get(path) not in content.right]
    stale = [path for path in there if path not in contents]
    if (wrong or give_up) and MAIN in contents and MAIN not in wrong:
        wrong.append(MAIN)  # a half-installed board must not boot: main.py is removed first and written last
    moved = _keep(link, [path for path in wrong if path in there], there, contents)
    for path, name in moved.items():
        hear(f"{path} is not enroll's: it is kept as {name}")
    # giving up a registration takes the provider of the board's own enroll.json, which may be another one
    later = [path for path in stale if give_up and path.startswith(PROVIDERS)]
    sooner = [path for path in stale if path not in later]
    link.remove([*([MAIN] if MAIN in wrong and MAIN in there and MAIN not in moved else []), *sooner])
    late = [path for path in wrong if path in LATE]
    _copy(link, [path for path in wrong if path not in late], contents, hear)
    if give_up:
        link.enter()  # a fresh interpreter: the old library is loaded
        forget(link)
        hear(give_up.given_up)
        link.remove(later)
    _copy(link, late, contents, hear)
    there = link.hashes("/lib/enroll", names)
    bad = [path for path, content in contents.items() if there.get(path) not in content.right]
    if bad:
        raise Failure(
            STORAGE, f"the board at {link.port} does not hold what was written to {bad[0]}: replace its flash"
        )
    hear(_summary(wrong, contents, len(stale)))
    return Installed(wrong, len(contents) - len(wrong), stale, list(moved.values()))


def _summary(copied: list[str], contents: dict[str, Content], removed: int) -> str:
    """How many files were copied; those that `enroll-provision status` does not count are named."""
    own = [path for path in (CONFIGURATION_FILE, MANIFEST) if path in copied]
    extra = f" with {' and '.join(path[1:] for path in own)}" if own else ""
    number = len(copied) - len(own)
    same = len(set(contents) - {*copied, CONFIGURATION_FILE, MANIFEST})
    return f"{files(number)} copied{extra}, {same} already up to date, {removed} removed; all read back"


def files(number: int) -> str:
    """So many files."""
    return f"{number} file{'' if number == 1 else 's'}"


def _copy(link: Link, paths: list[str], contents: dict[str, Content], hear: Hear) -> None:
    for path in paths:
        hear(f"copying {path}")
        link.write(path, contents[path].data)


def _keep(link: Link, paths: list[str], there: dict[str, str], contents: dict[str, Content]) -> dict[str, str]:
    """Move away the files in `paths` that are not ours; `there` has their hashes. Returns {path: new name}.

    A file is ours if the board's list of installed files names it, or if it holds the right content or the beginning of
    it, because a copy may have been cut. The configuration is ours where no other device is registered, see
    registration.py.
    """
    known = installed_files(link)
    suspects = [
        path
        for path in paths
        if not path.startswith(LIBRARY_FOLDER)
        and path not in (CONFIGURATION_FILE, MANIFEST)
        and there[path] not in (known.get(path), *contents[path].right)
    ]
    sizes = _each(link, snippets.SIZES, suspects)
    foreign = [
        path
        for path, size in zip(suspects, sizes, strict=True)
        if hashlib.sha256(contents[path].data[:size]).hexdigest() != there[path]
    ]
    return dict(zip(foreign, _each(link, snippets.KEEP, foreign), strict=True))


def _each(link: Link, program: snippets.Program, paths: list[str]) -> list[Any]:
    """What `program` says of each of `paths`."""
    found: list[Any] = link.call(program, paths) if paths else []
    if len(found) != len(paths):
        raise nonsense(link.port)
    return found


def installed_files(link: Link) -> dict[str, str]:
    """{path: SHA-256} of what provision has installed on the board, as its list says; {} where there is none."""
    manifest = manifest_of(link)
    return manifest["files"] if manifest else {}
