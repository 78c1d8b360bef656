"""The result file of a fleet: one line per device, written after every board, so that a later run can continue."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import files
from .errors import CONFIGURATION, MISUSE, SENTENCE, Failure
from .untrusted import FORMULA, cell, clean, cleaned

REGISTERED, WAITING = "registered", "waiting"
OPEN = "open"  # nobody has seen how its attempt ended

SPREADSHEETS = ";\t"  # what they may put between two cells when they save the file, where we have a comma
Key = tuple[str, str, str]  # provider, address and device


@dataclass
class Result:
    """How one row went; never with a secret. `device` (its identity), `provider`, `url` and `board` (the id of its
    chip) are what the board says once it is registered. Before, they are the row's values, and the id of the board that
    was told to register as that device and may have done so. `more`: the row's other columns.
    """

    device: str
    provider: str
    url: str
    board: str
    port: str
    state: str
    device_id: str
    status: int
    text: str
    seconds: float
    time: str  # UTC, ISO 8601
    more: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """The key by which a later result of the same device replaces this one."""
        return self.provider, self.url, self.device

    @property
    def flat(self) -> dict[str, Any]:
        """All of it under the names of its columns."""
        return {**{name: getattr(self, name) for name in COLUMNS}, **self.more}


COLUMNS = [item.name for item in dataclasses.fields(Result) if item.name != "more"]


class Results:
    """The results in the file at `path`, CSV or JSON by its name. Raises Failure."""

    def __init__(self, path: Path) -> None:
        if path.suffix not in (".csv", ".json"):
            raise Failure(MISUSE, f"--result names {path.name}: let it end with .csv or .json")
        self.path = path
        self._rows: dict[Key, Result] = {}
        self._keys: dict[str, dict[Key, None]] = {}  # by board: of each result that it ever had
        self._lock = threading.Lock()
        if path.exists():
            self._read()
        self._write()  # before a board is touched: is there a place for it?

    def registered(self) -> list[Result]:
        """The results of all that are registered."""
        with self._lock:
            return [it for it in self._rows.values() if it.state == REGISTERED]

    def done(self, provider: str, url: str, device: str, board: str) -> Result | None:
        """The result of that device if it is registered with that provider, at that address, on that board.

        `device` is "" where only the board knows it, `board` where no one knows it yet; one of them must be given.
        """
        where = clean(provider), clean(url)
        with self._lock:
            keys = [(*where, clean(device))] if device else [*self._keys.get(board, ())] if board else []
            found = [self._rows[key] for key in keys if key in self._rows and key[:2] == where]
        return next((it for it in found if it.state == REGISTERED and it.board == (board or it.board)), None)

    def sent(self, provider: str, url: str, device: str) -> Result | None:
        """The result of that device if a board was told to register as it and may have done so."""
        with self._lock:
            it = self._rows.get((clean(provider), clean(url), clean(device)))
        return it if it and it.state != REGISTERED and (it.board or it.state == OPEN) else None

    def add(self, *results: Result) -> None:
        """Keep `results`."""
        with self._lock:
            for it in results:
                self._keep(Result(**cleaned(dataclasses.asdict(it), SENTENCE)))
            self._write()

    def _keep(self, it: Result) -> None:
        self._rows[it.key] = it
        self._keys.setdefault(it.board, {})[it.key] = None

    def _read(self) -> None:
        try:
            text = self.path.read_text(encoding="utf-8-sig")
            if self.path.suffix == ".json":
                rows: list[dict[str, Any]] = json.loads(text)
            else:
                delimiter = next((it for it in SPREADSHEETS if text.startswith(COLUMNS[0] + it)), ",")
                table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
                rows = [{name: _plain(value) for name, value in row.items()} for row in table]
            for row in rows:
                self._keep(_result(row))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, csv.Error):
            sentence = f"{self.path} is not a result file of provision: move it away, or name another one"
            raise Failure(CONFIGURATION, sentence) from None

    def _write(self) -> None:
        rows = [it.flat for it in self._rows.values()]
        if self.path.suffix == ".json":
            text = json.dumps(rows, indent=1)
        else:
            file = io.StringIO(newline="")
            writer = csv.DictWriter(file, list(dict.fromkeys([*COLUMNS, *(name for row in rows for name in row)])))
            writer.writerow({name: cell(name) for name in writer.fieldnames})
            writer.writerows({name: cell(value, SENTENCE) for name, value in row.items()} for row in rows)
            text = file.getvalue()
        files.replace(self.path, text.encode())


def _plain(text: str) -> str:
    """A cell without the apostrophe that `cell` has put before what looks like a formula."""
    return text[1:] if text.startswith("'") and text[1:].lstrip().startswith(FORMULA) else text


def _result(row: dict[str, Any]) -> Result:
    """Raises KeyError, ValueError, TypeError or AttributeError."""
    seconds = float(str(row["seconds"]).replace(",", "."))  # a spreadsheet may have changed it
    known = {name: row[name] for name in COLUMNS} | {"status": int(row["status"]), "seconds": seconds}
    if any(not isinstance(value, str) for name, value in row.items() if name not in ("status", "seconds")):
        raise TypeError
    return Result(**known, more={name: value for name, value in row.items() if name not in COLUMNS})
