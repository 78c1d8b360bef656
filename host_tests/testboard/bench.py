"""A board under test: what it reports about itself, and the folder on it that everything stays below."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from enroll_tools.provision import snippets
from enroll_tools.provision.answers import OneOf
from enroll_tools.provision.errors import CONFIGURATION, TRY_AGAIN, Failure
from enroll_tools.provision.facts import Facts
from enroll_tools.provision.failures import ProgramError
from enroll_tools.provision.link import Hear, Link, connect, ignore
from enroll_tools.provision.plan import board_files, families, family_of
from enroll_tools.provision.raw import Deadline, Endless, NotTaken, RawRepl, Registering, Restarted
from enroll_tools.provision.snippets import Program
from enroll_tools.provision.swap import remove
from enroll_tools.provision.untrusted import clean

from .row import Broken, NotTried

FOLDER = "/test-enroll"
MARK = f"{FOLDER}/made-by-test-board"
ENTER = 5.0  # seconds for a board that is there to stop its program
BACK = 30.0  # seconds that a board may take to come back after a reset
LOST = (Failure, OSError, Deadline, Endless, NotTaken, Registering, Restarted)  # what a board raises that has gone
HARDWARE = ("esp32", "rp2")  # sys.platform; anything else is a simulated board


def lost(error: BaseException) -> str:
    """What an exception of LOST says."""
    return getattr(error, "message", "") or f"the board was lost: {type(error).__name__}"


_LOOK = Program(
    """
import os, sys
def text(path):
    try:
        with open(path) as file:
            return "enroll" in file.read()
    except (OSError, UnicodeError):
        return None
def main(folder, mark):
    try:
        ours = os.listdir(folder) == [] or text(mark) is not None
    except OSError:
        ours = True  # it is not there
    machine = getattr(sys.implementation, "_machine", "")
    return [text("/boot.py"), text("/main.py"), text("/enroll.json") is not None, ours, machine]
""",
    (OneOf((bool, None)), OneOf((bool, None)), bool, bool, str),
)

# the folder's modules come first, and nothing of the root is imported by name
_PLACE = Program(
    """
import os, sys
def main(paths, folder):
    sys.path[:] = paths + [it for it in sys.path if it]
    os.chdir(folder)
"""
)


_CAUSES = """
try:
    import machine
    cause = machine.reset_cause()
    names = (("watchdog", "WDT_RESET"), ("sleep", "DEEPSLEEP_RESET"))
    print("causes:%s;" % ",".join([word for word, name in names if getattr(machine, name, None) == cause]))
except (ImportError, AttributeError):
    pass
"""


@dataclass(frozen=True)
class Settings:
    """What a person said: this computer's `host` as the board reaches it, the Wi-Fi to join, and whether the board's
    own main.py may run when a test resets it."""

    host: str = ""
    network: list[dict[str, Any]] | None = None
    own_main: bool = False
    board: str | None = None  # folder of boards/, where the board's own name is not one
    files: tuple[str, ...] = ()  # of the unit tests, all if none are named


class Bench:
    """The board at the end of `link`, which may be tried. Progress goes to `tell`. Raises Failure."""

    def __init__(self, link: Link, settings: Settings, tell: Callable[[str], None]) -> None:
        self.link, self.settings, self.tell = link, settings, tell
        self.facts: Facts = link.facts(tls=False)
        boot, main, config, ours, self.machine = link.call(_LOOK, FOLDER, MARK)
        if boot or main or config:
            what = "has a boot.py, main.py or enroll.json that registers it"
            raise Failure(CONFIGURATION, f"the board at {link.port} {what}: take another one, or erase these files")
        if not ours:
            raise Failure(CONFIGURATION, f"the board at {link.port} has a folder {FOLDER} of its own: rename it")
        self.has_main = main is not None
        self.family = family_of(self.facts.platform)
        self.real = self.facts.platform in HARDWARE
        self.own = self._own()
        self.written: set[str] = set()  # paths below the folder

    def _own(self) -> dict[str, bytes] | None:
        """{path: content} of what boards/ has for this board; None where its family has no port. Raises Failure."""
        if self.family not in families():
            return None
        return board_files(self.family, self.settings.board or self.facts.board)

    def prepare(self) -> None:
        """Make an empty folder."""
        remove(self.link, FOLDER)
        self.link.write(MARK, b"")
        self.link.call(snippets.FOLDERS, f"{FOLDER}/tmp")

    config = f"{FOLDER}/device/enroll.json"
    ca = f"{FOLDER}/device/ca.der"

    @property
    def board(self) -> str:
        """The name of its build, as a file may be called."""
        name = self.facts.board if self.real else self.facts.platform
        return "".join(it if it.isalnum() or it in "_-" else "_" for it in name)

    def write(self, files: dict[str, bytes]) -> None:
        """Write files, by their paths below the folder."""
        for path, data in files.items():
            self.link.write(f"{FOLDER}/{path}", data)
            self.written.add(path)

    def remove(self, path: str) -> None:
        """Remove what is at `path` below the folder."""
        remove(self.link, f"{FOLDER}/{path}")

    def call(
        self,
        program: Program,
        *values: object,
        folders: tuple[str, ...] = ("device", "lib"),
        seconds: float = 120,
        hear: Hear = ignore,
    ) -> Any:
        """What `program` returns in a fresh interpreter, with modules from `folders`; what it prints is told to `hear`.

        Raises Broken where it raises or does not end in time.
        """
        self.link.enter()
        self.link.call(_PLACE, [f"{FOLDER}/{it}" for it in folders], f"{FOLDER}/tmp")
        try:
            return self.link.call(program, *values, seconds=seconds, hear=hear)
        except Deadline:
            raise Broken(f"no end after {seconds:g} s") from None
        except ProgramError as error:
            raise Broken(error.last) from None

    def install_port(self) -> None:
        """Write what boards/ has for this board. Raises NotTried where that is nothing."""
        if self.own is None:
            raise NotTried(f"{clean(self.family)} boards have no port.py yet")
        self.write({f"device{path}": data for path, data in self.own.items()})

    def may_reset(self) -> None:
        """Raises NotTried where a reset would run somebody's program."""
        if self.has_main and not self.settings.own_main:
            raise NotTried("a reset would run the board's own main.py: --own-main allows it")

    def until_reset(self, program: Program, *values: object, seconds: float) -> tuple[list[str], list[str]]:
        """Run a program that resets the board within `seconds`, and find the board again.

        Returns the lines that it printed, and what the board says was the cause: of "watchdog" and "sleep".
        """
        lines: list[str] = []
        with contextlib.suppress(Broken, Restarted, OSError):
            self.call(program, *values, seconds=seconds, hear=lines.append)
        return lines, self.again()

    def again(self) -> list[str]:
        """Find the board once more after it was reset or has gone. Returns why it was reset. Raises Failure."""
        port = self.link.port
        end = time.monotonic() + BACK
        while True:
            try:
                causes = self._causes()
                self.link.enter()
                return causes
            except LOST:
                self.link.close()
                if time.monotonic() > end:
                    raise
            time.sleep(0.2)
            with contextlib.suppress(Failure):  # its port may be on its way
                self.link = Link(port)

    def _causes(self) -> list[str]:
        """Why the board was reset, asked before a soft reset makes it forget that. Raises what LOST has."""
        repl = RawRepl(self.link.serial)
        repl.enter(ENTER, BACK, lambda: None)
        said = bytearray()
        repl.execute(_CAUSES, ENTER, said.extend)
        found = re.search(rb"causes:([a-z,]*);", said)
        return found[1].decode().split(",") if found else []

    def leave(self) -> None:
        """Remove the folder, and let the board boot as it would have. Raises Failure."""
        try:
            self.link.enter()
        except LOST:
            self.again()
        remove(self.link, FOLDER)
        self.link.start()


@contextlib.contextmanager
def on_board(port: str, settings: Settings, tell: Callable[[str], None]) -> Iterator[Bench]:
    """A Bench for the board at `port`, whose folder is removed at the end, whatever happens. Raises Failure."""
    with connect(port) as link:
        bench = Bench(link, settings, tell)
        try:
            bench.prepare()
            yield bench
        finally:
            try:
                bench.leave()
            except LOST:
                sentence = f"the board at {port} is gone, and still has {FOLDER}: plug it in, and run this again"
                raise Failure(TRY_AGAIN, sentence) from None
            finally:
                bench.link.close()
