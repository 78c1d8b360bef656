"""Many boards: a table of them, a template, and some of them at a time."""

from __future__ import annotations

import csv
import datetime
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .errors import CONFIGURATION, TRY_AGAIN, Failure
from .link import attached
from .results import Result, Results
from .template import Settings, Template
from .work import Options, Outcome, provide


@dataclass
class Row:
    """One board of the table; `line` is where it stands in the file."""

    line: int
    port: str
    settings: Settings

    @property
    def device(self) -> str:
        """What tells it from the others."""
        return self.settings.device or f"port={self.port}"


def _wrong(path: Path, line: int, what: str) -> Failure:
    return Failure(CONFIGURATION, f"{path.name}, line {line}: {what}")


def read(path: Path, template: Template, keep: bool) -> list[Row]:
    """The rows of the table at `path`, all of them checked. Raises Failure."""
    rows: list[Row] = []
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            for cells in reader:
                rows.append(_row(path, reader.line_num, cells, template, keep))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise Failure(CONFIGURATION, f"{path} cannot be read as CSV") from None
    if not rows:
        raise Failure(CONFIGURATION, f"{path} has no row below its header")
    _give_ports(rows)
    for at, row in enumerate(rows):
        for other in rows[:at]:
            if row.port == other.port and row.port != "auto":
                raise _wrong(path, row.line, f"{row.port} is the port of line {other.line}, too")
            if row.device == other.device and row.settings.device:
                raise _wrong(path, row.line, f"{row.device} is on line {other.line}, too")
    return rows


def _row(path: Path, line: int, cells: dict[str, str], template: Template, keep: bool) -> Row:
    if None in cells or None in cells.values():
        raise _wrong(path, line, "it has another number of cells than the header")
    given = {name.strip(): text.strip() for name, text in cells.items()}
    port = given.pop("port", "") or "auto"
    try:
        return Row(line, port, template.settings({name: text for name, text in given.items() if text}, keep))
    except Failure as error:
        raise _wrong(path, line, error.message) from None


def _give_ports(rows: list[Row]) -> None:
    """Give the attached boards that no row names to the rows without a port, in order."""
    free = iter([port for port in attached() if port not in {row.port for row in rows}])
    for row in rows:
        if row.port == "auto":
            row.port = next(free, "auto")


def _one(row: Row, options: Options) -> Result:
    """Provide the board of `row`; a failure is a result, too."""
    start = time.monotonic()
    try:
        if row.port == "auto":
            raise Failure(TRY_AGAIN, "no board was left for it: attach more, or name ports")
        outcome = provide(row.port, row.settings, options, lambda _line: None)
    except Failure as error:
        outcome = Outcome("failed", error.message, error.exit_code)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    seconds = round(time.monotonic() - start, 1)
    text = row.settings.secrets.hide(outcome.text)
    return Result(row.device, row.port, outcome.state, outcome.device_id, outcome.status, text, seconds, now)


def work(
    rows: list[Row],
    results: Results,
    jobs: int,
    options: Options,
    say: Callable[[str], None],
    done: Callable[[Result], None],
) -> bool:
    """Provide the boards of `rows`, `jobs` at a time, each kept in `results` and told to `done`. False if Ctrl-C came:
    the boards that are under way are finished then, and no other is begun. Raises KeyboardInterrupt if it came twice.
    """

    def task(row: Row) -> None:
        result = _one(row, options)
        results.add(result)
        done(result)

    pool = ThreadPoolExecutor(jobs)
    futures: list[Future[None]] = [pool.submit(task, row) for row in rows]
    try:
        for future in futures:
            future.result()
        return True
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        say("interrupted: the boards that are under way are finished first; Ctrl-C again drops them")
        for future in futures:
            if not future.cancelled():
                future.result()
        return False
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # not to wait: Ctrl-C may have come at any moment
