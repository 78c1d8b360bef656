"""Time servers and Date headers, with the expected result of each: data, deduced from RFC 4330 and lib/enroll/clock.py.

A server's answer counts if it is one to this query (mode 4, its nonce as origin, from the address that was asked); one
that says it has no time, or whose time cannot be true, is passed over at once; else the wait goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate

from torture.hostile import Move, Moves
from torture.misbehaviour import HEAD, http
from torture.timeservers import (
    Behaviour,
    at,
    before,
    cut,
    faulty,
    flood,
    from_elsewhere,
    headed,
    right,
    transmitted,
    unix,
)

EARLIEST = "2030-01-01"
DEADLINE = 1  # seconds for a request


@dataclass(frozen=True)
class Case:
    """Servers that are asked in turn, and the expected result: Unix seconds, None for the true time, or "clock".

    `silent`: how many of them are waited for in vain.
    """

    name: str
    servers: list[Behaviour | None]
    expected: int | str | None = "clock"
    silent: int = 0
    earliest: str | None = None


def cases() -> Iterator[Case]:
    """Every fault alone, and with the right answer after it."""
    silent = ("wrong-mode", "wrong-origin", "short", "silent")  # no answer to this query: the wait goes on
    for fault in ("kiss-of-death", "stratum-16", "unsynchronized", "zero-transmit", *silent):
        count = int(fault in silent)
        yield Case(f"{fault} alone", [faulty(fault)], silent=count)
        yield Case(f"{fault}, then a server that is right", [faulty(fault), right], None, count)
    for fraction in (b"\0\0\0\1", b"\xff" * 4):
        yield Case(f"no seconds, the fraction {fraction!r}", [transmitted(bytes(4) + fraction)])
    yield Case("nobody there", [None])
    yield Case("nobody there, then a server that is right", [None, right], None)
    yield Case("all servers dead", [None, faulty("silent"), faulty("kiss-of-death"), faulty("silent")], silent=2)
    for mode in (0, 1, 2, 3, 5, 6, 7):
        yield Case(f"mode {mode}", [headed(0x20 | mode, 2)], silent=1)
    for stratum in (0, 16, 17, 255):
        yield Case(f"stratum {stratum}", [headed(0x24, stratum)])
    for stratum in (1, 15):
        yield Case(f"stratum {stratum}", [headed(0x24, stratum)], None)
    for length in (0, 1, 47):
        yield Case(f"a packet of {length} bytes", [cut(length)], silent=1)
    for length in (49, 68, 1000):
        yield Case(f"a packet of {length} bytes", [cut(length)], None)
    yield from races()
    yield from eras()


def races() -> Iterator[Case]:
    """A forger, or the network, is faster than the server."""
    wrong = faulty("wrong-origin")
    yield Case("a forger without the nonce is first", [before(wrong)], None)
    yield Case("a forger a hundred times first", [before(wrong, times=100)], None)
    yield Case("a forger a second ahead", [before(wrong, 1)], None)
    yield Case("a forger with the nonce, from another port", [before(from_elsewhere, 0.1)], None)
    yield Case("a forger from another port alone", [from_elsewhere], silent=1)
    yield Case("a forger who never stops", [flood], silent=1)
    yield Case("an answer after 2 s", [before(faulty("silent"), 2)], None)
    yield Case("an answer after 4 s", [before(faulty("silent"), 4)], silent=1)


def eras() -> Iterator[Case]:
    """Dates around the floor, the roll-over of 2036 and the horizon."""
    true: dict[str, list[str]] = {
        EARLIEST: ["2030-01-01T00:00:00", "2036-02-07T06:28:15", "2036-02-07T06:28:17", "2040-02-29", "2059-12-01"],
        "2017-01-01": ["2017-02-02", "2026-12-31T23:59:59", "2037-01-01"],
        "2036-02-08": ["2036-02-08", "2036-12-31", "2066-01-01"],
        "2099-01-01": ["2099-12-31", "2105-01-01", "2107-01-01"],
    }
    for earliest, dates in true.items():
        for date in dates:
            yield Case(f"{date}, not before {earliest}", [at(unix(date))], unix(date), earliest=earliest)
    false = ("1970-01-01", "1999-12-31", "2029-12-31", "2062-01-01", "2107-01-01", "2200-01-01")
    for date in false:
        yield Case(f"{date}, not before {EARLIEST}", [at(unix(date))], earliest=EARLIEST)
    yield Case("1970, not before the day of the build", [at(0)])


@dataclass(frozen=True)
class Dated:
    """A service that shows a Date while every time server is dead, and the expected outcome."""

    name: str
    moves: Moves
    expected: int | str | None = "clock"
    most: float = 1


def dates() -> Iterator[Dated]:
    """What a Date header may hold, and servers that have none to show."""
    good = formatdate(usegmt=True)
    yield Dated("a Date", [http(b"", f"Date: {good}")], None)
    yield Dated("a Date in small letters", [http(b"", f"date:{good}")], None)
    yield Dated("a Date of a server that is broken", [http(b"", f"Date: {good}", status="500 x")], None)
    elsewhere = "Location: http://127.0.0.1:9"
    yield Dated("a Date of a redirect", [http(b"", f"Date: {good}", elsewhere, status="301 x")], None)
    yield Dated("a Date the same twice", [http(b"", f"Date: {good}", f"Date: {good}")], None)
    gone = datetime.now(UTC)
    for form in ("%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"):
        yield Dated(f"a Date as {form}", [http(b"", f"Date: {gone.strftime(form)}")], None)
    yield Dated("a Date in 2035", [http(b"", "Date: Mon, 01 Jan 2035 00:00:00 GMT")], unix("2035-01-01"))
    for wrong in (
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 2194 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Xxx 2027 08:49:37 GMT",
        "Sun, xx Nov 2027 08:49:37 GMT",
        "Sun, 06 Nov 2027 08:49",
        "Sun, 06 Nov 2027 08-49-37 GMT",
        "Sun, -6 Nov -999 08:49:37 GMT",
        "9" * 60,
        "soon",
        "",
        "\xff\xfe",
        "0",
    ):
        yield Dated(f"the Date {wrong[:40]!r}", [http(b"", f"Date: {wrong}")])
    yield Dated("no Date", [http(b"")])
    yield Dated("nobody there", [Move.REFUSE])
    yield Dated("no HTTP", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n"])
    yield Dated("reset", [Move.REQUEST, Move.RESET])
    yield Dated("cut", [HEAD, Move.CUT])
    yield Dated("silence", [Move.REQUEST], most=DEADLINE + 1)
    yield Dated("full backlog", [Move.STALL], most=DEADLINE + 1)
