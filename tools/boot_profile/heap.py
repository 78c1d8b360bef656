"""The heap that a first boot holds, by module and by what else is alive, from the lines of driver.py."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .boots import Boots

RUNTIMES = {"oldest-32": "TLS elsewhere", "chip": "TLS in the heap"}
FORMS = ("rom", "mpy")
RUNS = 5
ROOM = "room that is proved for the answer"
# What is alive besides modules is told by when it came: from each of these events on, in this order
STAGES = (
    (". start", "what main.py holds"),
    ("( configuration", "values of enroll.json"),
    (") configuration", "Enroller, journal, driver"),
    ("( link", "the request, the buffer for its answer"),
    ("( request", "the connection"),
    ("( handshake", "TLS"),
    ("( ready", ROOM),
    ("( slots", "an open slot"),
    (") ready", "the answer, and what becomes of it"),
    ("( close", "TLS"),
    (") close", "the answer, and what becomes of it"),
)
NAMES = "MicroPython's table of names"
# Has only names that a boot brings anyway
COUNTING = """
import enroll.connection
import micropython
connect = enroll.connection.Connection.close
def close(self):
    micropython.qstr_info()
    connect(self)
enroll.connection.Connection.close = close
import main
main.main(["enroll.json", "--once"])
"""
TABLE = re.compile(r"qstr pool: .*n_qstr=(?P<count>\d+), n_str_data_bytes=(?P<texts>\d+), n_total_bytes=(?P<all>\d+)")


@dataclass
class Sample:
    """What was alive at one event, in bytes: `modules` by name, `rest` by stage."""

    event: str
    phase: str
    modules: dict[str, int] = field(default_factory=dict)
    rest: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Bytes, of modules and the rest."""
        return sum(self.modules.values()) + sum(self.rest.values())


class _Watch:
    """Goes through the events; heap that driver.py itself takes is left out."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self.importing: list[list[int]] = []  # of each import: heap at its start, and what imports inside it took
        self.begun: list[str] = []
        self.ours = 0  # the interpreter's and driver.py's
        self.last = 0
        self.stages = list(STAGES)
        self.stage = ""
        self.rest: dict[str, int] = {}
        self.phases: list[str] = []

    def event(self, kind: str, name: str, used: int, loaded: set[str]) -> Sample | None:
        """Take an event; returns what is alive if no import is under way."""
        if kind == "+":
            self.ours += used - self.last
            for it in self.importing:
                it[1] += used - self.last
        elif kind == "<":
            self.importing.append([used, 0])
            self.begun.append(name)
        elif kind == ">":
            self._imported(used, loaded)
        elif not self.ours:
            self.ours = used  # the first event
        elif kind == "(":
            self.phases.append(name)
        elif kind == ")":
            self.phases.pop()
        self.last = used
        if self.importing:
            return None
        for gone in set(self.held) - loaded:
            del self.held[gone]
        return self._sample(kind, name, used)

    def _imported(self, used: int, loaded: set[str]) -> None:
        start, inside = self.importing.pop()
        name = self.begun.pop()
        if name in loaded and name not in self.held and name not in self.begun:
            self.held[name] = used - start - inside
            for it in self.importing:
                it[1] += used - start - inside

    def _sample(self, kind: str, name: str, used: int) -> Sample:
        rest = used - self.ours - sum(self.held.values())
        stage = self.stage  # what came before this event belongs to the stage before it
        if self.stages and f"{kind} {name}" == self.stages[0][0]:
            self.stage = self.stages.pop(0)[1]
        stage = stage or self.stage
        self.rest[stage] = self.rest.get(stage, 0) + rest - sum(self.rest.values())
        return Sample(f"{kind} {name}", self.phases[-1] if self.phases else "", dict(self.held), dict(self.rest))


def samples(lines: Iterable[str]) -> list[Sample]:
    """What was alive at each event of `lines`, driver.py's, at which no import was under way."""
    watch = _Watch()
    found = []
    table = 0
    for line in lines:
        told = TABLE.match(line)
        if told:  # left out here, see `names`
            table = _bytes(told)
        words = line.split(" ")
        if len(words) == 4 and words[0] in "()<>+.":
            kind, name, used, loaded = words
            it = watch.event(kind, name, int(used) - table, set(filter(None, loaded.split(","))))
            if it:
                found.append(it)
    return found


def measure(boots: Boots, runtime: str, form: str) -> Sample:
    """The peak of a first boot on `runtime` with code from `form`: of RUNS boots, the one in the middle."""
    peaks = [peak(samples(boots.watched(runtime, form, "heap"))) for _ in range(RUNS)]
    found = sorted(peaks, key=lambda it: it.total)[RUNS // 2]
    found.rest[NAMES] = names(boots.plain(runtime, form, COUNTING))[1]
    return found


def _bytes(told: re.Match[str]) -> int:
    return int(told["all"]) - int(told["texts"])  # the texts themselves stay with the modules that bring them


def names(lines: Iterable[str]) -> tuple[int, int]:
    """(names, bytes) of MicroPython's table of names at the end of the connection, from what COUNTING prints.

    It doubles whenever it is full, whichever module has one name too many, and driver.py brings names of its own.
    """
    [told, *_] = filter(None, map(TABLE.match, lines))
    return int(told["count"]), _bytes(told)


def peak(found: Iterable[Sample]) -> Sample:
    """The sample with most heap."""
    return max(found, key=lambda it: it.total)
