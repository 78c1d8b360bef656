"""What a fault class is made of: batches of cases, each with what it survived, lost and measured.

A fault class is a module of this package with

    TITLE                   what is broken, in a few words
    batches(full, bench)    yields its Batches: all of them, or where `full` is false a slice that takes seconds

A batch may be a loop inside one MicroPython: such a script stands in `scripts/` and prints, besides anything else,
lines of "@cases " and a number, "@lost " and a sentence for each case that was not survived, "@note " and a name and a
value. What does not end by itself, or prints no "@cases", is lost as a whole.
"""

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from runtimes import available, bits, micropython

AGAIN = 3  # times
STOLEN = 0.05  # seconds
DELAYED = re.compile(r" \d+ ms\b|took [\d.]+ s$|wanted .*: network(:|$)")  # what is said of a late case
ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = Path(__file__).resolve().parent / "scripts"


@dataclass
class Result:
    """`cases` that were tried, a sentence for each that was `lost`, and `notes`: figures worth printing."""

    cases: int
    lost: list[str] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """Cases that run together; `run` does it, and may do it beside others."""

    name: str
    run: Callable[[], Result]


class Named(Protocol):
    """Something with a distinguishing name."""

    @property
    def name(self) -> str: ...


Case = TypeVar("Case", bound=Named)


class Bench:
    """Where the cases work: `folder()` is a new empty folder, `runtimes` are the MicroPythons that it is run on,
    `wide` and `small` those of them with the longest and the shortest words. `names`: those of the scripts that
    hostile servers play, all of them if it is empty.
    """

    def __init__(self, path: Path, names: tuple[str, ...] = ()) -> None:
        self.names = names
        self._path = path
        self._names = itertools.count(1)
        self.runtimes = available()
        self.wide = max(self.runtimes, key=bits)
        self.small = min(self.runtimes, key=bits)

    def folder(self) -> Path:
        found = self._path / str(next(self._names))
        found.mkdir()
        return found


def on_micropython(script: str, *arguments: str, runtime: str, patience: float = 600, heap: str = "2m") -> Result:
    """Run a script of `scripts/` on MicroPython, with the library on its path, and read what it prints.

    `patience`: seconds after which it is ended; `heap`: as MicroPython's -X heapsize takes it.
    """
    command = [str(micropython(runtime)), "-X", f"heapsize={heap}", str(SCRIPTS / script), *arguments]
    path = f"{ROOT}/lib:{ROOT}/boards/unix:{ROOT}/firmware:{SCRIPTS}:{ROOT}/host_tests/fakes:.frozen"
    return outcome(command, {"MICROPYPATH": path}, patience)


def on_cpython(*arguments: str, patience: float = 600) -> Result:
    """Run Python with `arguments`, with the library and the scripts on its path, and read what it prints."""
    folders = ("lib", "firmware", "tools", "host_tests", "host_tests/fakes", "host_tests/torture/scripts")
    path = [*(str(ROOT / folder) for folder in folders), os.getenv("PYTHONPATH", "")]
    return outcome([sys.executable, *arguments], {"PYTHONPATH": os.pathsep.join(path)}, patience)


def outcome(command: list[str], environment: dict[str, str], patience: float) -> Result:
    """The result of a process that prints as scripts do; it is killed after `patience` seconds."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=patience,
            check=False,
        )
        output, end = done.stdout, f"exit status {done.returncode}" if done.returncode else ""
    except subprocess.TimeoutExpired as error:
        output, end = error.output or b"", f"no end after {patience:g} s"
    return read(output.decode(errors="replace").splitlines(), end)


def read(lines: list[str], end: str) -> Result:
    """The Result that a script has printed; `end`: what went wrong with its process, "" if nothing did."""
    result = Result(0)
    for line in lines:
        mark, _, rest = line.partition(" ")
        if mark == "@cases":
            result.cases += int(rest)
        elif mark == "@lost":
            result.lost.append(rest)
        elif mark == "@note":
            name, _, value = rest.rpartition(" ")
            result.notes[name] = value
    if end or not result.cases:
        result.lost.append(" | ".join([end or "no case was tried", *lines[-5:]]))
        result.cases = max(result.cases, 1)
    return result


def together(*plays: Callable[[], Result]) -> Result:
    """The results of several runs that mostly wait, made at the same time."""
    with ThreadPoolExecutor(len(plays)) as pool:
        results = [future.result() for future in [pool.submit(play) for play in plays]]
    notes = {name: value for result in results for name, value in result.notes.items()}
    return Result(sum(it.cases for it in results), [sentence for it in results for sentence in it.lost], notes)


def stolen() -> float:
    """Seconds for which this machine's hypervisor has run others on its processors; 0 where nobody says."""
    try:
        with open("/proc/stat") as file:
            return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return 0.0


def late(sentence: str) -> bool:
    """Whether time taken from this machine explains all of `sentence`: time passed, or a deadline missed."""
    return all(DELAYED.search(part) for part in sentence.split("; "))


def steadily(cases: list[Case], play: Callable[[list[Case]], Result]) -> Result:
    """Play `cases` that have deadlines, each with a `name`, with which a sentence about it begins.

    A machine that stands still for a second makes them miss these: then the cases that were `late` are run again, up to
    AGAIN times. Whatever else is lost is lost at once, as is what is late while nobody takes the processor.
    """
    if not cases:
        return Result(0)
    before = stolen()
    result = play(cases)
    again = 0
    for _ in range(AGAIN):
        delayed = [it for it in result.lost if late(it)]
        some = [it for it in cases if any(sentence.startswith(f"{it.name}: ") for sentence in delayed)]
        if not some or stolen() - before < STOLEN:
            break
        before = stolen()
        named = tuple(f"{it.name}: " for it in some)
        result.lost = [it for it in result.lost if not (late(it) and it.startswith(named))] + play(some).lost
        again += len(some)
    if again:
        result.notes["played again, because the processor was away"] = str(again)
    return result
