"""Replaces files of a board such that it always boots a complete set, old or new, even if its power fails.

New files are written to a folder beside, and moved to their places by renaming. While they are moved the board's
main.py is a program that moves them back and boots the old files. littlefs renames in one step; FAT does not where it
replaces a file, so that a cut in just that moment leaves a board without main.py, until the command is typed again.
"""

from __future__ import annotations

import hashlib
import posixpath

from . import snippets
from .errors import STORAGE, Failure
from .link import Link
from .raw import Restarted
from .snippets import Program

FOLDER = "/enroll-upgrade"
NEW, OLD = f"{FOLDER}/new", f"{FOLDER}/old"
UNDO = f"{FOLDER}/undo.py"  # kept there until all is done
MAIN = "/main.py"

_COMMON = f"""
import os
NEW, OLD = {NEW!r}, {OLD!r}
def there(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False
"""

# A place, its file in OLD, and its file in NEW are in one of three states, of which each step makes the next:
# (old, -, new), (-, old, new), (new, old, -).
_PROGRAM = (
    _COMMON
    + """
def undo(moved, added):
    for name in moved:
        if there(OLD + name):
            if there(name):
                os.rename(name, NEW + name)
            os.rename(OLD + name, name)
    for name in added:
        if there(name) and not there(NEW + name):
            os.rename(name, NEW + name)
    os.rename(OLD + "/main.py", "/main.py")
"""
)

_MARK = "# enroll: an upgrade did not end; this puts the old files back and boots them"

# The three that follow do nothing where the board has restarted, and so has put the old files back by itself: a program
# runs between two restarts or not at all.
_GUARD = Program(
    _COMMON
    + """
def main(source, beside):
    if not there(OLD + "/main.py"):
        return False
    with open(source) as file, open(beside, "w") as out:
        out.write(file.read())
    os.rename(beside, "/main.py")
    return True
""",
    bool,
    once=True,
)

_SWAP = Program(
    _COMMON
    + """
def main(moved, added):
    if not there(OLD + "/main.py"):
        return False
    for name in moved:
        if not there(OLD + name):
            os.rename(name, OLD + name)
    for name in moved + added:
        if there(NEW + name):
            os.rename(NEW + name, name)
    return True
""",
    bool,
    once=True,
)

_COMMIT = Program(
    _COMMON
    + """
def main():
    if not there(OLD + "/main.py"):
        return False
    os.rename(NEW + "/main.py", "/main.py")
    return True
""",
    bool,
    once=True,
)

_REMOVE = Program(
    """
import os
def main(path):
    try:
        if os.stat(path)[0] & 0x4000:
            for item in list(os.ilistdir(path)):
                main(path + "/" + item[0])
            os.rmdir(path)
        else:
            os.remove(path)
    except OSError as error:
        if error.errno != 2:
            raise
"""
)

_COPY = Program(
    """
def main(pairs):
    buffer = bytearray(512)
    for source, target in pairs:
        with open(source, "rb") as file, open(target, "wb") as out:
            while True:
                size = file.readinto(buffer)
                if not size:
                    break
                out.write(memoryview(buffer)[:size])
"""
)

_MOVED = Program(
    _COMMON
    + """
def main(mark):
    try:
        with open("/main.py") as file:
            line = file.readline().rstrip()
    except OSError:
        line = ""
    return there(OLD + "/main.py") and (not line or line == mark or not there(NEW + "/main.py"))
""",
    bool,
)

_PUT_BACK = Program(
    """
def main(path):
    with open(path) as file:
        exec(file.read(), {"execfile": lambda _path: None})
""",
    once=True,
)


def begin(link: Link, moved: list[str], added: list[str], mark: str) -> None:
    """Move the files in NEW to their places, except main.py, and the old ones to OLD. The board still boots the old
    ones.

    `moved`: files and folders that are there; `added`: those that are not; `mark`: the SHA-256 of main.py.
    Raises Failure.
    """
    remove(link, OLD)
    for folder in sorted({posixpath.dirname(OLD + path) for path in [MAIN, *moved]}):
        link.call(snippets.FOLDERS, folder)
    program = f"{_MARK}\n{_PROGRAM}\nundo({moved!r}, {added!r})\nexecfile({MAIN!r})\n".encode()
    link.write(UNDO, program)
    _check(link, UNDO, hashlib.sha256(program).hexdigest())
    copy(link, [(MAIN, OLD + MAIN)])
    _check(link, OLD + MAIN, mark)
    _guard(link)
    _run(link, _SWAP, moved, added)


def commit(link: Link) -> None:
    """Let the board boot the new files from now on. Raises Restarted if it has restored the old ones."""
    _run(link, _COMMIT)


def undo(link: Link) -> bool:
    """Put the old files back where an upgrade has moved them away. Returns whether one had."""
    moved = bool(link.call(_MOVED, _MARK))
    if moved:
        _guard(link)
        link.call(_PUT_BACK, UNDO)
    return moved


def end(link: Link) -> None:
    """Remove what an upgrade has left. After this the old files cannot be restored."""
    remove(link, OLD + MAIN)  # in one step, and before the files that it goes with
    remove(link, FOLDER)


def remove(link: Link, path: str) -> None:
    """Remove a file, or a folder and all below it, if it is there."""
    link.call(_REMOVE, path)


def copy(link: Link, pairs: list[tuple[str, str]]) -> None:
    """Copy files on the board; the folders of the targets are made."""
    for folder in sorted({posixpath.dirname(target) for _, target in pairs}):
        link.call(snippets.FOLDERS, folder)
    link.call(_COPY, pairs)


def _guard(link: Link) -> None:
    """Make main.py the program that puts the old files back."""
    _run(link, _GUARD, UNDO, f"{FOLDER}/main.py")


def _run(link: Link, program: Program, *values: object) -> None:
    if link.call(program, *values) is not True:
        raise Restarted


def _check(link: Link, path: str, mark: str) -> None:
    if link.hashes(f"{FOLDER}/none", [path]).get(path) != mark:
        sentence = f"the board at {link.port} does not hold what was written to {path}: replace its flash"
        raise Failure(STORAGE, sentence)
