"""The table of devices: CSV as people and spreadsheets write it, a row for each device."""

from __future__ import annotations

import csv
import difflib
import io
import json
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import files
from .errors import ANSWER, CONFIGURATION, Failure
from .results import COLUMNS
from .template import Settings, Template
from .untrusted import clean

PORT, BOARD = "port", "board"  # columns that are not keys of enroll.json
DELIMITERS = ",;\t|"  # the first of them wins where the header has none
_NO_RESULT = [name for name in COLUMNS if name not in (PORT, BOARD)]


@dataclass
class Row:
    """One device. `line`: where it begins in the file; `at`: its place among the table's records; `port`: its serial
    port, "" for any; `board`: the id of its board, "" where it has none yet; `more`: the columns
    that are not keys; `sent`: whether that board, or one without an id, was told to register and may have done so.
    """

    line: int
    at: int
    port: str
    board: str
    settings: Settings
    more: dict[str, str] = field(default_factory=dict)
    sent: bool = False

    @property
    def name(self) -> str:
        """What --replace calls it by."""
        return next(filter(None, self.settings.identity.values()), "")

    @property
    def device(self) -> str:
        """Its identity as a text; its line in the table if only a board knows the identity."""
        return self.settings.device or f"line {self.line}"


class Table:
    """The devices in the file at `path`, all of them checked. Raises Failure, which names the file and the line.

    `keep`: see Template.settings; `placeholders`: whether a cell may be one. `carried`: columns that go into the
    result as they are.
    """

    def __init__(self, path: Path, template: Template, keep: bool = False, placeholders: bool = False) -> None:
        self.path = path
        self._template, self._keep, self._placeholders = template, keep, placeholders
        self._lock = threading.Lock()
        self._left = False  # whether the file can no longer be written
        self._data = self._read()
        text = self._decode()
        self._hint = re.match(r"sep=.\r?\n", text)  # Excel's own
        text = text[self._hint.end() :] if self._hint else text
        self._delimiter = self._hint[0][4] if self._hint else _delimiter(text)
        self._ending = "\r\n" if "\r\n" in text else "\n"
        self._records = self._parse(text)
        self._header = next((at for at, (_, cells) in enumerate(self._records) if any(cells)), None)
        if self._header is None:
            raise Failure(CONFIGURATION, f"{self.path} is empty: give it a header and a row for each device")
        self.names = self._names()
        self.carried = [it for it in self.names if it and it not in (PORT, BOARD) and not template.takes(it)]
        self.rows = [self._row(at) for at in range(self._header + 1, len(self._records)) if any(self._records[at][1])]
        if not self.rows:
            raise Failure(CONFIGURATION, f"{self.path} has no row below its header: give it one for each device")
        self._twice("device", lambda row: row.settings.device)
        self._twice(BOARD, lambda row: row.board)

    def note(self, row: Row, board: str) -> str:
        """Write the id of the board that `row` was given into its cell, "" to clear it. Returns what went wrong, once,
        or "". Raises Failure where that board is another row's.
        """
        with self._lock:
            other = next((it for it in self.rows if board and it.board == board and it is not row), None)
            if other:
                what = f"this board has the same id as the one of {other.device}, {board}"
                raise Failure(ANSWER, f"{what}: replace it, or correct the table")
            row.board = board
            if self._left or board == self._cell(row):
                return ""
            try:
                self._write(row, board)
            except Failure as error:
                self._left = True
                return error.message
            return ""

    def _cell(self, row: Row) -> str:
        """The id in the cell of `row`."""
        if BOARD not in self.names:
            return ""
        return self._board(row.line, self._records[row.at][1][self.names.index(BOARD)])

    def _write(self, row: Row, board: str) -> None:
        assert self._header is not None
        if BOARD not in self.names:
            self.names.append(BOARD)
            self._records[self._header][1].append(BOARD)
            for other in self.rows:
                cells = self._records[other.at][1]
                cells += [""] * (len(self.names) - len(cells))
        self._records[row.at][1][self.names.index(BOARD)] = board
        if self._read() != self._data:
            what = f"{self.path} was changed meanwhile: the boards' ids are in the result file alone"
            raise Failure(CONFIGURATION, what)
        data = self._text().encode(self._encoding)
        files.replace(self.path, data)
        self._data = data

    def _read(self) -> bytes:
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise Failure(CONFIGURATION, f"{self.path} cannot be read, {error.strerror}: name another file") from None

    def _decode(self) -> str:
        utf16 = self._data[:2] in (b"\xff\xfe", b"\xfe\xff")
        bom = self._data[:3] == b"\xef\xbb\xbf"
        self._encoding = "utf-16" if utf16 else "utf-8-sig" if bom else "utf-8"
        try:
            return self._data.decode(self._encoding)
        except UnicodeDecodeError as error:
            line = self._data[: error.start].count(b"\n") + 1
            raise self._wrong(line, "not in UTF-8: save the table as 'CSV UTF-8'") from None

    def _parse(self, text: str) -> list[tuple[int, list[str]]]:
        """(line, cells) of each record; blank ones, too, which are written back as they are."""
        first = 2 if self._hint else 1
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=self._delimiter, strict=True, skipinitialspace=True
        )
        found = []
        line = first
        try:
            for cells in reader:
                found.append((line, [it.strip() for it in cells]))
                line = first + reader.line_num
        except csv.Error as error:
            raise self._wrong(line, f"{error}: check its quotation marks") from None
        return found

    def _names(self) -> list[str]:
        assert self._header is not None
        line, cells = self._records[self._header]
        while not cells[-1]:
            cells.pop()
        names = list(cells)
        for name, count in Counter(names).items():
            if count > 1 and name:
                raise self._wrong(line, f"the column `{clean(name)}` is there twice: give one of them another name")
            if name in _NO_RESULT:
                raise self._wrong(line, f"`{name}` is a column of the result, too: give it another name")
            near = self._near(name)
            if near and near != name:
                raise self._wrong(line, f"the column `{clean(name)}` is not a key: did you mean `{near}`?")
        return names

    def _near(self, name: str) -> str:
        """The column that `name` is, or that was meant by it; "" if it has nothing to do with the configuration."""
        known = [PORT, BOARD, *self._template.keys]
        if name in known or self._template.takes(name):
            return name
        key, dot, field_name = name.partition(".")
        near = difflib.get_close_matches(key.lower(), self._template.objects if dot else known, 1, 0.8)
        return near[0] + dot + field_name if near else ""

    def _row(self, at: int) -> Row:
        line, cells = self._records[at]
        if len(cells) < len(self.names) or any(cells[len(self.names) :]):
            what = (
                f"it has {len(cells)} cells and the header {len(self.names)}: check its delimiters and quotation marks"
            )
            raise self._wrong(line, what)
        given = dict(zip(self.names, cells, strict=False))
        if given.pop("", ""):
            raise self._wrong(line, "a cell has no name in the header: give its column one")
        port, board = given.pop(PORT, ""), self._board(line, given.pop(BOARD, ""))
        more = {name: given.pop(name) for name in self.carried}
        section = {name: text for name, text in given.items() if text}
        if not self._placeholders:
            for name, text in section.items():
                if _is_placeholder(text):
                    raise self._wrong(line, f"`{name}` is a placeholder: accept such cells with --placeholders")
        try:
            settings = self._template.settings(section, self._keep)
        except Failure as error:
            raise self._blame(line, section, error) from None
        self._tell_apart(line, section, settings)
        return Row(line, at, "" if port == "auto" else port, board, settings, more)

    def _tell_apart(self, line: int, section: dict[str, str], settings: Settings) -> None:
        """Raise Failure if a row is nobody but the device of the template: its board would become that one."""
        known = [key for key, value in settings.identity.items() if value]
        if any(key in section for key in known):
            return
        for key in known:
            if key in self.names:
                what = f"`{key}` is empty, and {self._template.path.name} has that of one device"
                raise self._wrong(line, f"{what}: put this row's into the cell")
        if known and len(known) == len(settings.identity):
            raise self._all_the_same(settings)

    def _all_the_same(self, settings: Settings) -> Failure:
        keys = " or ".join(f"`{key}`" for key in settings.identity)
        return Failure(CONFIGURATION, f"{self.path.name} has no column that tells devices apart: give it one, {keys}")

    def _board(self, line: int, text: str) -> str:
        number = re.sub(r"[^0-9A-Fa-f]", "", text)
        if text and (not number or len(number) % 2 or re.search(r"[^0-9A-Fa-f :.-]", text)):
            raise self._wrong(line, f"`board` wants an id like 24:0A:C4:00:00:01, not {clean(text)}: clear the cell")
        return bytes.fromhex(number).hex(":").upper()

    def _blame(self, line: int, section: dict[str, str], error: Failure) -> Failure:
        """`error` of this row, or of the template where the key is not in the row."""
        found = re.match(r"(?:[^`]*: )?`[a-z]+\.(\w+)([.\w]*`.*)", error.message)
        if found and (found[1] in section or (found[1] + found[2]).partition("`")[0] in section):
            return self._wrong(line, f"`{found[1]}{found[2]}")
        if found and " is missing" in found[2]:
            return self._wrong(line, f"`{found[1]}{found[2]}, here or in {self._template.path.name}")
        return error

    def _twice(self, what: str, value: Any) -> None:
        seen: dict[str, Row] = {}
        for row in self.rows:
            key = value(row)
            if key in seen and what != BOARD and not any(it in self.names for it in row.settings.identity):
                raise self._all_the_same(row.settings)
            if key in seen:
                raise self._wrong(row.line, f"{clean(key)} is on line {seen[key].line}, too: remove one of them")
            if key:
                seen[key] = row

    def _text(self) -> str:
        file = io.StringIO(newline="")
        writer = csv.writer(file, delimiter=self._delimiter, lineterminator=self._ending)
        for _, cells in self._records:
            writer.writerow(cells)
        return (self._hint[0] if self._hint else "") + file.getvalue()

    def _wrong(self, line: int, what: str) -> Failure:
        return Failure(CONFIGURATION, f"{self.path.name}, line {line}: {what}")


def _delimiter(text: str) -> str:
    """The delimiter that splits the header into most cells."""
    header = next((line for line in text.splitlines() if line.strip(DELIMITERS + ' "')), "")
    counts = {it: len(next(csv.reader([header], delimiter=it), [])) for it in DELIMITERS}
    return max(DELIMITERS, key=lambda it: counts[it])


def _is_placeholder(text: str) -> bool:
    """Whether `text`, a cell, is JSON that holds a placeholder, however deep."""
    try:
        found = [json.loads(text)]
    except (ValueError, RecursionError):
        return False
    for value in found:
        if isinstance(value, dict):
            if any(name.startswith("$") for name in value):
                return True
            found += value.values()
        elif isinstance(value, list):
            found += value
    return False
