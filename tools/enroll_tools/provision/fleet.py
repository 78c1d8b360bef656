"""Registers many boards from a table and a template, several at a time."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from . import registration
from .deal import Dealer
from .errors import ANSWER, SENTENCE, TRY_AGAIN, Failure
from .library import library
from .link import connect, ignore
from .ports import attached
from .registration import KEPT, Seen
from .results import OPEN, WAITING, Result, Results
from .table import Row, Table
from .work import REGISTERING, Options, Outcome, provide

Item = TypeVar("Item")


class Fleet:
    """Registers the rows of `table` that `results` does not list as registered.

    `ports`: ports to use besides those that rows name; if empty, those of all attached boards. `jobs`:
    boards at a time. `say`: called with each line for people; `tell`: with each result; `stage`: with a port, the stage
    of the board there, and the device it becomes.
    """

    def __init__(
        self,
        table: Table,
        results: Results,
        options: Options,
        ports: Sequence[str],
        jobs: int,
        say: Callable[[str], None],
        tell: Callable[[Result], None],
        stage: Callable[[str, str, str], None] = lambda _port, _stage, _who: None,
    ) -> None:
        self.table, self.results, self.options = table, results, options
        self._stage = stage
        self._ports, self._jobs, self._say, self._tell = ports, jobs, say, tell
        self._found: dict[int, Result] = {}  # by line
        for row in table.rows:
            settings = row.settings
            done = results.done(settings.provider, settings.url, settings.device, row.board)
            if done:
                self._found[row.line] = done
            elif settings.device:
                sent = results.sent(settings.provider, settings.url, settings.device)
                row.sent = sent is not None
                row.board = row.board or (sent.board if sent else "")
        self.todo = [row for row in table.rows if row.line not in self._found]

    @property
    def found(self) -> list[Result]:
        """The results so far, in the order of the table."""
        return [self._found[row.line] for row in self.table.rows if row.line in self._found]

    def run(self) -> bool:
        """Register all rows that have a board now. Returns False after Ctrl-C: boards in progress are finished, and no
        others are started. A second Ctrl-C raises KeyboardInterrupt."""
        if not self.todo:
            return True
        library(self.options.source)  # compiled once, before there are threads
        named = {row.port for row in self.todo if row.port}
        others = self._ports or (attached() if any(not row.port for row in self.todo) else ())
        seen: dict[str, Seen | Failure] = {}
        if not self._each(sorted({*named, *others}), lambda port: seen.update({port: self._look(port)})):
            return False
        self.revive(seen)
        dealt = Dealer(self.table.rows, self.todo, seen, self.results, self.options.replace).deal()
        ready = [row for row in self.todo if row.line in dealt.port]
        rest = [
            self._result(row, row.port, Outcome(WAITING, dealt.waits[row.line], TRY_AGAIN))
            if row.line in dealt.waits
            else self._result(row, row.port, _failed(dealt.failed[row.line]))
            for row in self.todo
            if row.line not in dealt.port
        ]
        self.results.add(*rest)
        for result in rest:
            if result.state != WAITING:
                self._tell(result)
        return self._each(
            ready, lambda row: self._tell(self.one(row, dealt.port[row.line], seen[dealt.port[row.line]]))
        )

    def _look(self, port: str) -> Seen | Failure:
        self._stage(port, "asking", "")
        seen = look(port, self._say)
        self._stage(port, "found", "")
        return seen

    def revive(self, seen: Mapping[str, Seen | Failure]) -> set[int]:
        """Reopen rows whose boards are attached but not registered as the result file says: somebody has reset them.
        Returns their lines."""
        here = {it.board: it.registration for it in seen.values() if isinstance(it, Seen) and it.board}
        lines = set()
        for row in self.table.rows:
            done = self._found.get(row.line)
            if done and not done.status and done.board in here:
                there = here[done.board]
                if not there or not there.fits(row.settings):
                    del self._found[row.line]
                    row.board = row.board or done.board
                    lines.add(row.line)
        before = {row.line for row in self.todo}
        self.todo = [row for row in self.table.rows if row.line in before | lines]
        return lines

    def one(self, row: Row, port: str, seen: Seen | Failure, stage: Callable[[str], None] = ignore) -> Result:
        """Provide the board of `row`; a failure is a result, too. `stage`: told each stage before it begins."""
        start = time.monotonic()
        before, told = row.board, False
        board = seen.board if isinstance(seen, Seen) else ""

        def come(to: str) -> None:
            nonlocal told
            self._stage(port, to, row.device)
            stage(to)
            if to == REGISTERING:
                self._send(row, port, board)
                told = True

        try:
            options = replace(self.options, expected=board, stage=come)
            outcome = provide(port, row.settings, options, lambda _line: None)
        except Failure as error:
            outcome = _failed(error, told)
        except Exception as error:  # no board ends a fleet
            outcome = _failed(_bug(error), told)
        if outcome.status and outcome.state != OPEN and not outcome.provider:
            self._note(row, before)  # the board has no record: it has asked nobody, or was refused
        result = self._result(row, port, outcome, time.monotonic() - start)
        self.results.add(result)
        return result

    def _send(self, row: Row, port: str, board: str) -> None:
        """Record that `row` belongs to `board`, before that board is told to register."""
        self._note(row, board)
        text = "it was told to register, and nobody has seen how that ended: run this again"
        self.results.add(self._result(row, port, Outcome(OPEN, text, TRY_AGAIN)))

    def _note(self, row: Row, board: str) -> None:
        trouble = self.table.note(row, board)
        if trouble:
            self._say(trouble)

    def _result(self, row: Row, port: str, outcome: Outcome, seconds: float = 0) -> Result:
        settings, hide = row.settings, row.settings.secrets.hide
        good = not outcome.status  # else the board may hold another's
        result = Result(
            device=(good and outcome.identity) or row.device,
            provider=settings.provider,
            url=settings.url,
            board=row.board,
            port=port,
            state=hide(outcome.state),
            device_id=hide(outcome.device_id),
            status=outcome.status,
            text=hide(outcome.text, SENTENCE),
            seconds=round(seconds, 1),
            time=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            more={name: hide(text) for name, text in row.more.items()},
        )
        self._found[row.line] = result
        return result

    def _each(self, items: Sequence[Item], task: Callable[[Item], None]) -> bool:
        """Do `task` with each of `items`, `jobs` at a time; see `run`."""
        pool = ThreadPoolExecutor(self._jobs)
        futures: list[Future[None]] = [pool.submit(task, item) for item in items]
        try:
            for future in futures:
                future.result()
            return True
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            self._say("interrupted: the boards that are under way are finished first; Ctrl-C again drops them")
            for future in futures:
                if not future.cancelled():
                    future.result()
            return False
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # not to wait: Ctrl-C may have come at any moment


def look(port: str, hear: Callable[[str], None]) -> Seen | Failure:
    """What the board at `port` says is registered on it, or the Failure. A registered board then runs its program
    again. `hear` is called with what it waits for."""
    try:
        with connect(port, hear=hear) as link:
            seen = registration.read(link)
            if seen.registration and seen.registration.state == KEPT:
                link.start()
            return seen
    except Failure as error:
        return error
    except Exception as error:  # no board ends a fleet
        return _bug(error)


def _bug(error: Exception) -> Failure:
    return Failure(
        ANSWER, f"provision itself failed, {type(error).__name__}: report it, and try 'enroll-provision one'"
    )


def _failed(error: Failure, told: bool = False) -> Outcome:
    """`told`: whether the board was told to register."""
    return Outcome(OPEN if told else "failed", error.message, error.exit_code)
