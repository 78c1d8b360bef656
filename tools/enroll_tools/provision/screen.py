"""Everything that provision shows to people, in one place, so that no text from outside reaches a terminal uncleaned.

On a terminal, work in progress is shown in lines that change and are removed at the end; elsewhere all lines stay.
"""

from __future__ import annotations

import contextlib
import os
import sys
import textwrap
import threading
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

import click
from enroll_tools.group import coloured, is_dumb

from .echo import silent
from .untrusted import clean

if TYPE_CHECKING:
    from .live import Lines

WIDTH = 80  # columns of a table where there is no terminal
MOST = 2000  # characters of one message
GAP = 2  # columns between two cells
REST = " " * 4  # before the rest of a broken line

PASS, FAIL, DONE = "PASS", "FAIL", "DONE"
COLOURS = {PASS: "green", FAIL: "red", DONE: "yellow"}
_LETTERS = {
    PASS: """\
#####   ####   #####  #####
##  ## ##  ## ##     ##
#####  ######  ####   ####
##     ##  ##     ##     ##
##     ##  ## #####  #####""",
    FAIL: """\
######  ####  ###### ##
##     ##  ##   ##   ##
####   ######   ##   ##
##     ##  ##   ##   ##
##     ##  ## ###### ######""",
    DONE: """\
#####   ####  ##  ## ######
##  ## ##  ## ### ## ##
##  ## ##  ## ###### ####
##  ## ##  ## ## ### ##
#####   ####  ##  ## ######""",
}


def columns(stream: IO[Any]) -> int | None:
    """The width of the terminal that `stream` is; None where it is none."""
    return os.get_terminal_size(stream.fileno()).columns or WIDTH if stream.isatty() else None


def wrapped(text: str, width: int | None, indent: str = "", rest: str | None = None) -> str:
    """`text` cleaned and broken at blanks into lines of `width`; a longer word, such as an id, is never cut. `indent`:
    of the first line, and `rest` of the others, which else have more of it."""
    shown = indent + clean(text, MOST)
    if width is None or len(shown) <= width:
        return shown
    bare = shown.lstrip()
    indent = shown[: len(shown) - len(bare)]
    return textwrap.fill(
        bare,
        max(width, 20),
        initial_indent=indent,
        subsequent_indent=indent + REST if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def say(text: str, colour: str | None = None, err: bool = True, indent: str = "") -> None:
    """Print a message; on a terminal in lines that fit it."""
    width = columns(sys.stderr if err else sys.stdout)
    with _although_unread() if err else contextlib.nullcontext():
        click.secho(wrapped(text, width, indent), fg=colour, err=err, color=coloured())


@contextlib.contextmanager
def _although_unread() -> Iterator[None]:
    """What is said of the work in progress need not get anywhere, as on a full disk: a board may be registering."""
    with contextlib.suppress(OSError):
        yield


def ask(question: str) -> bool:
    """Whether a person says yes; Ctrl-C is a no."""
    try:
        return click.confirm(_question(question, len(" [y/N]: ")), err=True)
    except click.Abort:
        click.echo(err=True)  # behind the ^C
        return False


def prompt(question: str) -> str:
    """What a person types, which a terminal does not show."""
    # What comes from a pipe is not echoed anyway, and getpass would warn of that.
    return str(click.prompt(_question(question, len(": ")), hide_input=sys.stdin.isatty(), err=True))


def _question(text: str, room: int) -> str:
    width = columns(sys.stderr)
    return wrapped(text, width and width - room)


def table(header: Sequence[str], rows: Sequence[tuple[Sequence[str], str]]) -> list[str]:
    """The lines of a table: a line of cells for each row, and under it its note. No cell is cut: where they do not fit
    side by side, the line is broken between two of them."""
    width = columns(sys.stdout) or WIDTH
    shown = [[clean(cell) for cell in cells] for cells, _ in rows]
    sizes = _sizes([header, *shown], width)
    lines = _broken(header, sizes, width)
    for cells, (_, note) in zip(shown, rows, strict=True):
        lines += _broken(cells, sizes, width)
        if note:
            lines += wrapped(note, width, REST, REST).splitlines()
    return lines


def _sizes(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """The widths of the columns, as most rows need them; the longest rows are left out until the others fit."""
    for some in (sorted(rows, key=lambda cells: sum(map(len, cells)))[:count] for count in range(len(rows), 0, -1)):
        sizes = [max(len(cells[at]) for cells in some) for at in range(len(rows[0]))]
        if sum(sizes) + GAP * (len(sizes) - 1) <= width:
            break
    return sizes


def _broken(cells: Sequence[str], sizes: Sequence[int], width: int) -> list[str]:
    whole = (" " * GAP).join(cell.ljust(size) for cell, size in zip(cells, sizes, strict=True)).rstrip()
    if len(whole) <= width and all(len(cell) <= size for cell, size in zip(cells, sizes, strict=True)):
        return [whole]
    lines: list[str] = []
    for cell in filter(None, cells):
        if lines and len(lines[-1]) + GAP + len(cell) <= width:
            lines[-1] += " " * GAP + cell
        else:
            lines.append("  " * bool(lines) + cell)
    return lines


def verdict(word: str, text: str) -> None:
    """Print the lines of `text` as the result, on a terminal below `word` in big letters: PASS, FAIL, DONE, or "" for
    none."""
    if word and sys.stderr.isatty():
        click.secho(letters(word), fg=COLOURS[word], bold=True, err=True, color=coloured())
    for line in text.splitlines():
        say(line, COLOURS.get(word), err=False)


def letters(word: str) -> str:
    """PASS, FAIL or DONE in letters of five lines, with a line of room above and below."""
    return f"\n{textwrap.indent(_LETTERS[word], '    ')}\n"


class Stages:
    """A context in which each board in progress has a line with its stage and its seconds.

    On a terminal these lines change, and are gone at the end; `say` and `end` print lines that stay.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._boards: dict[str, tuple[str, str, float]] = {}  # by port: who, stage, when it began
        self.footer = ""  # the last line
        self._terminal = contextlib.ExitStack()  # gives it back as it was
        self._lines: Lines | None = None  # that change
        if sys.stderr.isatty() and not is_dumb():
            from .live import Lines

            self._lines = Lines(self._draw)

    def __enter__(self) -> Stages:
        try:
            if self._lines:
                self._terminal.enter_context(silent(sys.stderr))
                self._lines.start()
        except BaseException:  # Ctrl-C
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def live(self) -> bool:
        """Whether there are lines that change."""
        return self._lines is not None and self._lines.started

    def close(self) -> None:
        """Take the lines that change away, and give the terminal back as it was."""
        with self._terminal:
            if self._lines:
                self._lines.stop()

    def stage(self, port: str, stage: str, who: str | None = None) -> None:
        """The board at `port` has reached `stage`; `who` names the device or the work, and stays until it is given
        again."""
        with self._lock:
            before = self._boards.get(port, ("", "", time.monotonic()))
            self._boards[port] = (before[0] if who is None else clean(who), clean(stage), before[2])
        if self._lines:
            self._lines.refresh()

    def end(self, port: str, text: str = "", colour: str | None = None) -> None:
        """The board at `port` is done: `text` stays instead of its line."""
        with self._lock:
            self._boards.pop(port, None)
        if text:
            self.say(text, colour)

    def say(self, text: str, colour: str | None = None, indent: str = "") -> None:
        """Print a line that stays."""
        shown = wrapped(text, columns(sys.stderr), indent)
        if self._lines:
            self._lines.print(shown, colour or "")
        else:
            with _although_unread():
                click.echo(shown, err=True)

    def big(self, word: str, text: str) -> None:
        """Print PASS, FAIL or DONE, in letters that can be read from afar, and `text`; and ring the bell."""
        if not self._lines:
            return self.say(f"{word}  {text}")
        self._lines.print(letters(word), f"bold {COLOURS[word]}")
        self.say(text, COLOURS[word])
        self._lines.bell()

    def _draw(self) -> list[str]:
        with self._lock:
            boards = list(self._boards.items())
        now = time.monotonic()
        lines = [
            "  ".join(filter(None, (f"{now - start:5.0f} s", stage.ljust(11), who, clean(port))))
            for port, (who, stage, start) in boards
        ]
        return [*lines, self.footer] if self.footer else lines
