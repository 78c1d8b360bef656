"""How an answer gets through a noisy line: in short pieces, each with a marker, its offset, the total length and a
checksum.

Log lines of the board, its drivers and its application appear before, inside and after an answer. A piece that one of
them has damaged is requested again; the board keeps an answer until the next one.
"""

from __future__ import annotations

import binascii
import contextlib
import re
from collections.abc import Callable, Iterable

from .answers import FRAMES

PIECE = 96  # bytes of an answer in one line
MOST = 1 << 17  # bytes of an answer
LINE = 1 << 12  # bytes of a line, ours or not, that are kept

# What a fresh interpreter is given first. `_answer` is [result, None] or [None, traceback] as JSON.
DEFINE = f"""
import binascii, io, json, sys
def _tell(mark, places):
    for at in places or range(0, len(_answer), {PIECE}):
        body = binascii.b2a_base64(_answer[at : at + {PIECE}])[:-1].decode()
        line = "%s:%d:%d:%s" % (mark, at, len(_answer), body)
        print("~%s:%08x~" % (line, binascii.crc32(line.encode()) & 0xffffffff))
def _call(mark, main, values):
    global _answer
    try:
        answer = [main(*values), None]
    except BaseException as error:
        text = io.StringIO()
        sys.print_exception(error, text)
        answer = [None, text.getvalue()[-{FRAMES}:]]
    _answer = json.dumps(answer).encode()
    _tell(mark, None)
"""


def ask(code: str, values: Iterable[object], mark: str) -> str:
    """The program that runs the function `main` of `code` on the board and prints its result. If `code` is "", it runs
    the previous one again."""
    return f"{code}\n_call({mark!r}, main, {list(values)!r})"


_BEGUN = re.compile(rb"~[0-9a-f]{0,8}")  # what is left where noise cuts into the mark of a piece
_REST = re.compile(rb"[A-Za-z0-9+/=:]*:[0-9a-f]{1,8}~")  # what a line of noise has left of a piece


class Lines:
    """Splits what a board prints into lines and calls `hear` with each; a line that is too long is split."""

    def __init__(self, hear: Callable[[str], None]) -> None:
        self._hear = hear
        self._line = bytearray()

    def take(self, data: bytes) -> None:
        """Take in what the board has sent."""
        for part in data.splitlines(keepends=True):
            self._line += part
            if part.endswith(b"\n") or len(self._line) > LINE:
                self.end()

    def end(self) -> None:
        """Take in the last line, which has no line break."""
        line = bytes(self._line).strip(b"\r\n")
        self._line.clear()
        if line:
            self.line(line)

    def line(self, line: bytes) -> None:
        """Take in a line that is not empty."""
        self._hear(line[:LINE].decode(errors="replace"))


class Answer(Lines):
    """Assembles an answer from the lines that a board prints, and calls `hear` with the other lines."""

    def __init__(self, mark: str, hear: Callable[[str], None]) -> None:
        super().__init__(hear)
        self.mark = mark
        self.too_long = False
        self._own = f"~{mark}:".encode()
        piece = rb"(%s:(\d{1,6}):(\d{1,6}):([A-Za-z0-9+/=]{0,128})):([0-9a-f]{8})~" % mark.encode()
        self._piece = re.compile(rb"~" + piece)
        self._pieces: dict[int, bytes] = {}
        self._size = 0

    def line(self, line: bytes) -> None:
        """Take in a line, which may be or contain a piece of the answer."""
        for found in self._piece.finditer(line):
            self._keep(found)
        if self._own not in line and not _REST.fullmatch(line):
            super().line(_BEGUN.sub(b"", line))

    def _keep(self, found: re.Match[bytes]) -> None:
        size = int(found[3])
        if binascii.crc32(found[1]) != int(found[5], 16):
            return
        self.too_long |= size > MOST
        if 0 < size <= MOST and self._size in (0, size):
            self._size = size
            with contextlib.suppress(binascii.Error):
                self._pieces[int(found[2])] = binascii.a2b_base64(found[4])

    @property
    def missing(self) -> list[int]:
        """The offsets of the missing pieces; [0] if none has come."""
        return [at for at in range(0, self._size or 1, PIECE) if at not in self._pieces]

    @property
    def again(self) -> str:
        """The program that makes the board print the missing pieces."""
        return f"_tell({self.mark!r}, {self.missing if self._size else None!r})"

    @property
    def text(self) -> str:
        """The whole answer. Raises ValueError if the pieces do not make one."""
        data = b"".join(self._pieces[at] for at in range(0, self._size, PIECE))
        if len(data) != self._size:
            raise ValueError("pieces of another length")
        return data.decode()
