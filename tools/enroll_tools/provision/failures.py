"""The error sentences for failures between the host and a board."""

from __future__ import annotations

import errno
import os
import re

from .errors import ANSWER, CONFIGURATION, MISUSE, STORAGE, TRY_AGAIN, Failure
from .raw import Deadline, Endless, NotTaken, Registering, Restarted
from .untrusted import clean


class UnderWay(Failure):
    """The board is registering, and the outcome is not known yet."""


class ProgramError(Exception):
    """A program that provision ran on the board raised an exception; the text is its traceback."""

    @property
    def last(self) -> str:
        """What it says of itself."""
        return clean((str(self).strip().splitlines() or ["no reason given"])[-1])

    @property
    def number(self) -> int:
        """Of an OSError; 0 where it is another."""
        found = re.match(r"OSError: (?:\[Errno )?(\d{1,5})(?!\d)", self.last)
        return int(found[1]) if found else 0


def not_opened(port: str) -> Failure:
    """Why `port` could not be opened."""
    if not os.path.exists(port):
        return Failure(MISUSE, f"{port} is not there: check the cable and --port")
    if not os.access(port, os.R_OK | os.W_OK):
        return Failure(MISUSE, f"you lack the right to open {port}: join its group (often dialout), and log in again")
    try:
        file = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return Failure(TRY_AGAIN, f"{port} cannot be opened: another program may be using it")
    try:
        terminal = os.isatty(file)
    finally:
        os.close(file)
    if terminal:
        return Failure(TRY_AGAIN, f"{port} is busy: end the other program that uses it")
    return Failure(MISUSE, f"{port} is not a serial port: name one with --port")


def silent(port: str) -> Failure:
    """A board that does not get into its raw REPL."""
    why = "it sleeps, or its program ignores Ctrl-C"
    return Failure(TRY_AGAIN, f"the board at {port} does not answer, {why}: reset it, then run this again")


def unknown(port: str, needed: str) -> Failure:
    """A board on which our programs do not run."""
    return Failure(CONFIGURATION, f"the board at {port} does not run MicroPython as we know it: {needed}")


def nonsense(port: str) -> Failure:
    """A board whose answer does not have the expected shape."""
    return Failure(
        ANSWER, f"the board at {port} gives answers that make no sense: flash MicroPython again, or replace it"
    )


def noisy(port: str) -> Failure:
    """A line too noisy for an answer to arrive."""
    sentence = f"too much noise on the line to {port}: check its cable, and turn the board's log messages off"
    return Failure(TRY_AGAIN, sentence)


def program_failed(error: ProgramError, port: str) -> Failure:
    """A program of provision that failed on the board."""
    if error.number == errno.ENOSPC:
        return Failure(
            STORAGE, f"the flash of the board at {port} is full: remove what is not needed, then run this again"
        )
    what = f"the board at {port} failed, {error.last}"
    if "MemoryError" in error.last:
        return Failure(TRY_AGAIN, f"{what}: reset it, then run this again")
    if error.number in (errno.EIO, errno.EROFS):
        return Failure(STORAGE, f"{what}: its flash may be worn or locked, replace the board")
    return Failure(ANSWER, f"{what}: run 'enroll-provision one' to install its files again, or report it")


def sentence_of(error: Exception, port: str) -> Failure:
    """The sentence for an exception of the serial port or of the raw REPL."""
    if isinstance(error, ProgramError):
        return program_failed(error, port)
    if isinstance(error, Registering):
        what = f"the board at {port} has been registering for {error}"
        return UnderWay(TRY_AGAIN, f"{what}: wait until it has ended, then run this again")
    if isinstance(error, Endless):
        return Failure(TRY_AGAIN, f"the board at {port} prints without end: reset it, then run this again")
    if isinstance(error, NotTaken | Restarted):
        remedy = "check its power and its watchdog, then run this again"
        return Failure(TRY_AGAIN, f"the board at {port} restarts again and again: {remedy}")
    if isinstance(error, Deadline):
        return Failure(TRY_AGAIN, f"the board at {port} takes too long to answer: reset it, then run this again")
    return Failure(TRY_AGAIN, f"the board at {port} is gone: plug it in, then run this again; it goes on from there")
