"""The result file of a fleet: a line for each board, written anew after every one, so that a run can go on later."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import CONFIGURATION, MISUSE, STORAGE, Failure


@dataclass
class Result:
    """How one row went; never with a secret. `device`: what tells it from the others, see Settings."""

    device: str
    port: str
    state: str
    device_id: str
    status: int
    text: str
    seconds: float
    time: str  # UTC, ISO 8601


COLUMNS = [item.name for item in dataclasses.fields(Result)]


class Results:
    """The results in the file at `path`, CSV or JSON by its name; by device. Raises Failure."""

    def __init__(self, path: Path) -> None:
        if path.suffix not in (".csv", ".json"):
            raise Failure(MISUSE, f"--result wants a file called .csv or .json, not {path.name}")
        self.path = path
        self.rows: dict[str, Result] = {}
        self._lock = threading.Lock()
        if path.exists():
            self._read()
        self._write()  # before a board is touched: is there a place for it?

    def done(self, device: str) -> bool:
        """Whether `device` has been registered."""
        return device in self.rows and self.rows[device].state == "registered"

    def add(self, result: Result) -> None:
        """Keep `result`."""
        with self._lock:
            self.rows[result.device] = result
            self._write()

    def _read(self) -> None:
        try:
            text = self.path.read_text(encoding="utf-8")
            rows: list[dict[str, Any]] = (
                json.loads(text) if self.path.suffix == ".json" else list(csv.DictReader(io.StringIO(text)))
            )
            for row in rows:
                result = Result(**{**row, "status": int(row["status"]), "seconds": float(row["seconds"])})
                self.rows[result.device] = result
        except (OSError, ValueError, TypeError, KeyError):
            sentence = f"{self.path} is no result file of provision: move it away, or name another one"
            raise Failure(CONFIGURATION, sentence) from None

    def _write(self) -> None:
        rows = [dataclasses.asdict(row) for row in self.rows.values()]
        text = io.StringIO()
        if self.path.suffix == ".json":
            json.dump(rows, text, indent=1)
        else:
            writer = csv.DictWriter(text, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        beside = self.path.with_name(self.path.name + ".new")
        try:
            with open(beside, "w", encoding="utf-8", newline="") as file:
                file.write(text.getvalue())
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self.path)
        except OSError as error:
            raise Failure(STORAGE, f"{self.path} cannot be written: {error.strerror}") from None
