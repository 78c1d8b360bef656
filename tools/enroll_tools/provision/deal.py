"""Assigns boards to the rows of a table, by what each board says of itself; a port identifies no board."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from .errors import Failure
from .library import reset_words
from .registration import Registration, Seen, protect
from .results import Results
from .table import Row

NEXT = "attach the next boards, then type the command again"


@dataclass
class Dealt:
    """The result for the rows, by line: the `port` of each row that has a board, why each other row waits, and what is
    wrong with the boards at the ports that rows name."""

    port: dict[int, str] = field(default_factory=dict)
    waits: dict[int, str] = field(default_factory=dict)
    failed: dict[int, Failure] = field(default_factory=dict)


class Dealer:
    """Assigns the boards at ports to the rows `todo` of a table.

    `rows`: all of its rows; `seen`: what the board at each port says, or the Failure that came instead; `results`: who
    is registered already; `replace`: names of registrations that may be given up.
    """

    def __init__(
        self,
        rows: list[Row],
        todo: list[Row],
        seen: dict[str, Seen | Failure],
        results: Results,
        replace: frozenset[str],
    ) -> None:
        self._todo = todo
        self._seen = {port: it for port, it in seen.items() if isinstance(it, Seen)}
        self._broken = {port: it for port, it in seen.items() if isinstance(it, Failure)}
        self._done = results.registered()
        self._replace = replace
        self._reserved = {row.board for row in rows if row.board} | {it.board for it in self._done if it.board}
        self._foreign = {port for port, it in self._seen.items() if self._is_foreign(it)}
        self._free = dict(self._seen)
        self._dealt = Dealt()

    def deal(self) -> Dealt:
        """Assign the boards: first by their ids, then by the identity registered on them, then blank boards, of which
        rows that name a port get theirs first."""
        self._by_id()
        self._by_identity()
        for row in self._left():
            if row.port in self._free and self._takes(row, row.port):
                self._give(row, row.port)
        for row in self._left():
            port = next((it for it in self._free if not row.port and self._takes(row, it)), None)
            if port:
                self._give(row, port)
        for row in self._left():
            self._explain(row)
        return self._dealt

    def _left(self) -> list[Row]:
        dealt = {*self._dealt.port, *self._dealt.waits, *self._dealt.failed}
        return [row for row in self._todo if row.line not in dealt]

    def _give(self, row: Row, port: str) -> None:
        self._dealt.port[row.line] = port
        self._free.pop(port, None)

    def _by_id(self) -> None:
        ports = {it.board: port for port, it in self._seen.items() if it.board}
        for row in self._left():
            if row.board in ports:
                self._give(row, ports[row.board])
            elif row.sent and row.name not in self._replace:
                self._by_identity(row)
                if row.line not in self._dealt.port:
                    self._dealt.waits[row.line] = _sent(row)
            elif row.board and row.name not in self._replace:
                words = reset_words(row.settings.provider)
                remedy = "attach it, or clear that cell to take another" + f", and {words} if it was registered" * bool(
                    words
                )
                self._dealt.waits[row.line] = f"its board {row.board} is not attached: {remedy}"

    def _by_identity(self, *some: Row) -> None:
        for port, seen in list(self._free.items()):
            there = seen.registration
            rows = (some or self._left()) if there else ()
            row = next((it for it in rows if it.settings.device and there and there.carries(it.settings)), None)
            if row:
                self._give(row, port)

    def _takes(self, row: Row, port: str) -> bool:
        """Whether the board at `port` may become the one of `row`."""
        seen = self._free[port]
        there = seen.registration
        if there and there.name in self._replace:
            return True
        if not there:
            return seen.board not in self._reserved
        return not row.settings.device and there.fits(row.settings) and not self._owned(seen, there)

    def _owned(self, seen: Seen, there: Registration) -> bool:
        """Whether the result file says whose board that is."""
        who = (there.provider, there.url, there.device)
        return any(it.key == who or (it.board and it.board == seen.board) for it in self._done)

    def _explain(self, row: Row) -> None:
        """Why `row` has no board."""
        port = row.port
        if port in self._broken:
            self._dealt.failed[row.line] = self._broken[port]
        elif port in self._free and port in self._foreign:
            self._give(row, port)  # provide refuses, and says who that is
        elif port in self._free:
            self._dealt.waits[row.line] = f"the board at {port} is done, or of another row: {NEXT}"
        elif port:
            self._dealt.waits[row.line] = f"{port} has the board of another row: {NEXT}"
        else:
            troubles = [self._refusal(it, row) for it in self._free if it in self._foreign]
            troubles += [it.message for it in self._broken.values()]
            self._dealt.waits[row.line] = f"no board was left for it: {troubles[0] if troubles else NEXT}"

    def _is_foreign(self, seen: Seen) -> bool:
        """Whether the registration of a board is missing in the result file."""
        return bool(seen.registration and not self._owned(seen, seen.registration))

    def _refusal(self, port: str, row: Row) -> str:
        try:
            protect(self._seen[port], row.settings, frozenset())
            return NEXT
        except Failure as error:
            return f"at {port}, {error.message}"


def _sent(row: Row) -> str:
    """Why a row cannot get another board than the one that was told to register as it."""
    words = reset_words(row.settings.provider)
    where = f"the board {row.board}" if row.board else "a board without an id"
    remedy = f"attach that board, or if it is lost, use --replace {shlex.quote(row.name)}"
    return f"it was sent to {where}, and may be registered: {remedy}" + (f" and {words}" if words else "")
