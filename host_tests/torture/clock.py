"""False time: dead, lying and forged servers, other eras, and an HTTP Date in their place."""

import contextlib
import functools
import json
import ssl
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import Any

from torture import faketime
from torture.clock_cases import DEADLINE, Case, Dated, cases, dates
from torture.faults import ROOT, SCRIPTS, Batch, Bench, Result, on_micropython, steadily, together
from torture.hostile import Hostile, Moves
from torture.misbehaviour import SECTIONS, answer, http, packed
from torture.stage import AUTHORITY, context, misbehaved
from torture.timeservers import Behaviour, TimeServer, right

TITLE = "false time"

OPEN = {b"Connection", b"Host", b"User-Agent", b"Accept", b"Accept-Encoding"}  # headers that give no time
PATIENCE = 3  # seconds for one server, as lib/enroll/clock.py has it
SLACK = 2  # seconds more, because all are asked at the same time


class Place:
    """Where a case finds its files, its dead time server and the CA."""

    def __init__(self, bench: Bench, runtime: str) -> None:
        self.bench = bench
        self.runtime = runtime
        self.folder = bench.folder()
        self.ca = self.folder / "ca.pem"
        AUTHORITY.cert_pem.write_to_path(self.ca)

    def config(self, url: str, ntp: list[str], earliest: str | None = None) -> dict[str, Any]:
        found = {"provider": "etherfax", "url": url, "ntp": ntp, "earliest": earliest, "ca": str(self.ca)}
        return {**found, "timeout": DEADLINE, "etherfax": SECTIONS["etherfax"]}

    def ask(self, lines: list[dict[str, Any]], *arguments: str) -> Result:
        """Ask for the time in every case of `lines`."""
        path = self.folder / "plan"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return on_micropython("clock_asks.py", str(path), *arguments, runtime=self.runtime)


def ask(place: Place, chosen: list[Case]) -> Result:
    """Ask the time servers of every case, all at the same time."""
    with contextlib.ExitStack() as stack:
        lines = []
        for case in chosen:
            servers = [stack.enter_context(TimeServer(behaviour)).where for behaviour in case.servers]
            config = place.config("http://" + stack.enter_context(TimeServer(None)).where, servers, case.earliest)
            most = PATIENCE * max(case.silent, 1) + SLACK
            lines.append({"name": case.name, "config": config, "expected": case.expected, "most": most})
        return place.ask(lines)


def ask_for_date(place: Place, secure: bool, chosen: list[Dated]) -> Result:
    """Answer with a Date of each kind, one after another, while no time server answers."""
    scheme = "https" if secure else "http"
    with (
        Hostile({it.name: it.moves for it in chosen}, context() if secure else None) as server,
        TimeServer(None) as dead,
    ):
        lines = []
        for it in chosen:
            config = place.config(f"{scheme}://127.0.0.1:{server.ports[it.name]}/api", [dead.where])
            lines.append({"name": it.name, "config": config, "expected": it.expected, "most": it.most})
        result = place.ask(lines, "in turn")
        result.lost += [f"{name}: told {told!r}" for name, told in unasked(server)]
        return result


def unasked(server: Hostile) -> Iterator[tuple[str, bytes]]:
    """Questions for the Date that say more than the host."""
    for name, visits in server.visits.items():
        for request in visits.requests:
            lines = request.split(b"\r\n")
            names = {line.split(b":")[0] for line in lines[1:] if line}
            if lines[0] not in (b"HEAD / HTTP/1.1", b"GET / HTTP/1.1") or not {b"Connection", b"Host"} <= names <= OPEN:
                yield name, request


@dataclass(frozen=True)
class Boot:
    """A first boot: the machine's date at its start, what the time server does, what the service shows.

    `valid`: days from now in which the certificate is valid; `sets`: whether the board sets its clock.
    """

    name: str
    expected: str
    time_server: Behaviour | None
    headers: tuple[str, ...] = ()
    valid: tuple[int, int] = (-1, 300)
    date: str = "2001-01-01 00:00:00"
    sets: bool = True


def boots() -> Iterator[Boot]:
    """TLS is verified with the clock that was set, whoever has told the time."""
    now = f"Date: {formatdate(usegmt=True)}"
    later = f"Date: {formatdate(datetime.now(UTC).timestamp() + 400 * 86400, usegmt=True)}"
    yield Boot("NTP sets the clock", "registered", right)
    yield Boot("the board does not set its clock", "certificate", right, sets=False)
    yield Boot("a Date sets the clock", "registered", None, (now,))
    yield Boot("a Date beyond the certificate", "certificate", None, (later,))
    yield Boot("NTP sets the clock, the certificate has expired", "certificate", right, valid=(-300, -1))
    yield Boot("NTP sets the clock, the certificate is of tomorrow", "certificate", right, valid=(1, 300))
    yield Boot("a Date sets the clock, the certificate has expired", "certificate", None, (now,), (-300, -1))
    yield Boot("no time at all", "clock", None)


def certificate(valid: tuple[int, int]) -> ssl.SSLContext:
    """A certificate that is valid in these days from now."""
    first, last = (datetime.now(UTC) + timedelta(days=days) for days in valid)
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1", not_before=first, not_after=last).configure_cert(found)
    return found


def boot(place: Place, it: Boot, interpreter: list[str]) -> Iterator[str]:
    """Boot once under a faked clock; what is wrong with it."""
    script: dict[str, Moves] = {it.name: [http(packed(answer("etherfax")), *it.headers)]}
    with Hostile(script, certificate(it.valid)) as server, TimeServer(it.time_server) as time_server:
        folder = place.bench.folder()
        path = folder / "enroll.json"
        url = f"https://127.0.0.1:{server.ports[it.name]}/api"
        path.write_text(json.dumps(place.config(url, [time_server.where])))
        environment = faketime.environment(folder / "clock", it.date)
        environment["MICROPYPATH"] = f"{ROOT}/lib:{ROOT}/boards/unix:{ROOT}/firmware:.frozen"
        arguments = [str(path), str(folder / "clock"), "set" if it.sets else "ignore"]
        done = subprocess.run(
            [*interpreter, str(SCRIPTS / "clock_faked.py"), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        yield from misbehaved(done, it.expected)
        registers = [it for it in server.visits[it.name].requests if b"register" in it]
        if bool(registers) != (it.expected == "registered"):
            yield f"{len(registers)} requests with the device's token"


def boot_all(place: Place) -> Result:
    """Boot under every faked clock, if there is a library for that."""
    interpreter = faketime.command(place.runtime)
    chosen = list(boots())
    if not interpreter:
        return Result(len(chosen), notes={"no libfaketime for this runtime: TLS after the clock was set": "not shown"})
    result = Result(0)
    for it in chosen:
        result.cases += 1
        result.lost += [f"{it.name}: {wrong}" for wrong in boot(place, it, interpreter)]
    return result


def batches(full: bool, bench: Bench) -> Iterable[Batch]:
    """Time servers, Dates in their place, and first boots with a clock that can be set."""
    for runtime in bench.runtimes if full else (bench.wide,):
        place = Place(bench, runtime)
        chosen = [case for case in cases() if full or case.silent < 2]
        asks = functools.partial(steadily, chosen, functools.partial(ask, place))
        dated, more = (
            functools.partial(steadily, list(dates()), functools.partial(ask_for_date, Place(bench, runtime), secure))
            for secure in (True, False)
        )
        yield Batch(f"time servers, and Dates inside TLS, {runtime}", functools.partial(together, asks, dated))
        yield Batch(f"first boots, {runtime}", functools.partial(boot_all, place))
        if full:
            yield Batch(f"Dates over TCP, {runtime}", more)
