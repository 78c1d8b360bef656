"""`enroll-provision station`: one person at a fixture plugs boards in, one after another, and sees PASS or FAIL."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from .deal import Dealer
from .errors import TRY_AGAIN, Failure
from .fleet import Fleet, look
from .hook import Hook
from .interrupts import interrupts
from .library import library
from .own_network import LABEL
from .ports import usb
from .registration import Seen, protect
from .results import REGISTERED, Result
from .screen import DONE, FAIL, PASS, Stages
from .station_log import AFTER, ASKED, BEGUN, ENDED, Log, key
from .table import Row
from .work import REGISTERING

INTERRUPTED = "interrupted: the boards under way are finished first; Ctrl-C again drops them"
POLL = 0.2  # seconds between two looks at the ports
GONE = 1.0  # seconds without a port until its board is unplugged: a reset may take it away for a moment


@dataclass
class Verdict:
    """How the board at `port` did: PASS, FAIL or DONE (it was registered before), and why; `trouble` of the hook."""

    port: str
    word: str
    text: str
    trouble: str = ""


@dataclass
class Socket:
    """A port with a board in it. `which`: the number of the USB device; `seen`: when it was last there."""

    which: str
    seen: float
    busy: bool = False


def sockets(ports: Sequence[str]) -> dict[str, str]:
    """The boards that are attached now, {port: number of the USB device}; only at `ports` where there are some."""
    if ports:
        return {port: "" for port in ports if os.path.exists(port)}
    return usb()


class Station:
    """Gives each board that is plugged in to a row of `fleet`, and tells a person on `screen`.

    `ports`: the ports to use; if empty, all. `hook`: runs after each PASS. Boards at several ports are handled at the
    same time.
    """

    def __init__(self, fleet: Fleet, ports: Sequence[str], log: Log, hook: Hook | None, screen: Stages) -> None:
        self._fleet, self._ports, self._log, self._hook, self._screen = fleet, ports, log, hook, screen
        self._sockets: dict[str, Socket] = {}
        self._taken: set[int] = set()  # lines of the rows whose boards are under way
        self._done: set[int] = set()  # lines of the rows whose boards have passed
        self._lock = threading.Lock()
        self._verdicts: queue.Queue[Verdict] = queue.Queue()

    @property
    def left(self) -> list[Row]:
        """The rows that are still to be done."""
        return [row for row in self._fleet.todo if row.line not in self._done]

    def run(self) -> bool:
        """Run until all rows are done. Returns False after Ctrl-C: boards in progress are finished first. A second
        Ctrl-C raises KeyboardInterrupt."""
        library(self._fleet.options.source)  # compiled once, before there are threads
        told = False
        with interrupts() as come:
            self._invite()
            while (self.left and not come) or self._busy or not self._verdicts.empty():
                if come and not told:
                    told = True
                    if self._busy:
                        self._screen.say(INTERRUPTED)
                if len(come) > 1:
                    raise KeyboardInterrupt
                if not come:
                    self._watch()
                self._hear()
        if self.left:
            self._screen.say("stopped: type the same again to go on")
        return not self.left

    @property
    def _busy(self) -> bool:
        return any(it.busy for it in self._sockets.values())

    def _invite(self) -> None:
        self._screen.footer = f"{len(self.left)} to do: plug in a board, Ctrl-C ends"
        self._step(self._screen.footer)

    def _step(self, text: str) -> None:
        """Say `text` where no line changes: on a terminal one shows it already."""
        if not self._screen.live:
            self._screen.say(text)

    def _watch(self) -> None:
        """Start what was plugged in, forget what was unplugged."""
        now = time.monotonic()
        there = sockets(self._ports)
        for port, which in there.items():
            old = self._sockets.get(port)
            if old and (old.busy or old.which == which):
                old.seen = now
                continue
            self._sockets[port] = Socket(which, now, busy=True)
            threading.Thread(target=self._work, args=(port,), daemon=True).start()
        for port, socket in list(self._sockets.items()):
            if port not in there and not socket.busy and now - socket.seen > GONE:
                del self._sockets[port]
                self._invite()

    def _hear(self) -> None:
        """Show how a board did, if one has just ended."""
        try:
            verdict = self._verdicts.get(timeout=POLL)
        except queue.Empty:
            return
        self._sockets[verdict.port].busy = False
        self._screen.footer = f"unplug {verdict.port}; {len(self.left)} to do"
        self._screen.end(verdict.port)
        self._screen.big(verdict.word, f"{verdict.port}: {verdict.text}")
        if verdict.trouble:
            self._screen.say(
                f"the command after it failed: {verdict.trouble}; plug the board in again to repeat it", "red"
            )

    def _work(self, port: str) -> None:
        """What a thread does with the board at `port`."""
        row = None
        try:
            time.sleep(POLL)  # the system may not have given us the port yet
            self._screen.stage(port, "asking")
            seen = look(port, self._screen.say)
            if isinstance(seen, Failure):
                raise seen
            with self._lock:
                self._done -= self._fleet.revive({port: seen})
                row = self._row(port, seen)
                if row:
                    self._taken.add(row.line)
            verdict = self._do(row, port, seen) if row else self._again(port, seen)
        except Failure as error:
            verdict = Verdict(port, FAIL, error.message)
        except Exception as error:  # one board's failure must not end the station
            what = f"provision itself failed, {type(error).__name__}: report it, and try 'enroll-provision one'"
            verdict = Verdict(port, FAIL, what)
        with self._lock:
            self._taken.discard(row.line if row else 0)
        self._verdicts.put(verdict)

    def _row(self, port: str, seen: Seen) -> Row | None:
        """The row that the board at `port` gets; None where it is done already. Raises Failure."""
        rows = self._fleet.table.rows
        todo = [row for row in self.left if row.line not in self._taken]
        dealt = Dealer(rows, todo, {port: seen}, self._fleet.results, self._fleet.options.replace).deal()
        for row in todo:
            if dealt.port.get(row.line) == port:
                return row
        if self._known(seen):
            return None
        if not todo:
            raise Failure(TRY_AGAIN, "no row is left for this board: give the table more rows")
        protect(seen, todo[0].settings, frozenset())
        raise Failure(TRY_AGAIN, next(iter(dealt.waits.values())))

    def _known(self, seen: Seen) -> Result | None:
        """The result of the board that says `seen`, if it is registered."""
        there = seen.registration
        who = there and (there.provider, there.url, there.device)
        found = self._fleet.results.registered()
        return next((it for it in found if it.key == who and it.board in ("", seen.board)), None)

    def _do(self, row: Row, port: str, seen: Seen) -> Verdict:
        settings = row.settings
        who = {"provider": settings.provider, "url": settings.url, "device": row.device}
        where = {**who, "port": port, "board": seen.board, "line": row.line}
        self._log.add(BEGUN, **where)
        self._step(f"{port}: {row.device} begins")
        asks = partial(self._log.add, ASKED, **where)
        result = self._fleet.one(row, port, seen, lambda stage: asks() if stage == REGISTERING else None)
        self._log.add(ENDED, **who, result=result.flat)
        if result.state != REGISTERED:
            return Verdict(port, FAIL, f"{row.device}: {result.text}")
        self._done.add(row.line)
        return Verdict(port, PASS, f"{result.text}, {result.seconds} s", self._after(port, result, row))

    def _again(self, port: str, seen: Seen) -> Verdict:
        """A board that is registered: the hook runs if it has not done its work yet."""
        result = self._known(seen)
        assert result
        rows = self._fleet.table.rows
        row = next((it for it in rows if (it.settings.provider, it.settings.url, it.device) == result.key), None)
        return Verdict(port, DONE, f"done before, at {result.time}: {result.text}", self._after(port, result, row))

    def _after(self, port: str, result: Result, row: Row | None) -> str:
        """Run the hook once for `result`, that of `row`. Returns what went wrong, or ""."""
        if not self._hook or key(result.flat) in self._log.hooked:
            return ""
        self._screen.stage(port, "after", result.device)
        trouble = self._hook.run(values(result, row), self._screen.say)
        self._log.add(
            AFTER, provider=result.provider, url=result.url, device=result.device, board=result.board, trouble=trouble
        )
        return trouble


def values(result: Result, row: Row | None) -> dict[str, str]:
    """What --after may name: the columns of the result, the keys of the device's identity, and the network that the
    device makes."""
    keys = dict(item.partition("=")[::2] for item in result.device.split(";"))
    own = row.settings.own_network if row else None
    return {**keys, **{name: str(value) for name, value in result.flat.items()}, **(own.label if own else {})}


def names(fleet: Fleet, columns: Sequence[str]) -> set[str]:
    """The names that --after may use."""
    keys = {name for row in fleet.table.rows for name in row.settings.identity}
    own = LABEL if any(row.settings.own_network for row in fleet.table.rows) else ()
    return {*keys, *columns, *fleet.table.carried, *own}


def opening(log: Log, say: Callable[[str], None]) -> None:
    """Say what an earlier run has left unfinished."""
    if log.half:
        say(f"the last line of {log.path} is cut: the computer stopped while it was written")
    for entry in log.open.values():
        board = f", board {entry['board']}" if entry.get("board") else ""
        say(f"{entry.get('device')}{board} did not end last time: plug that board in first, it goes on from there")
