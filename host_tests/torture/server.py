"""Hostile servers: refused, reset, silent, slow, endless, lying, over TCP and inside TLS, for every provider."""

import contextlib
import functools
import json
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
from devices import Device

from torture.faults import Batch, Bench, Result, on_micropython
from torture.hostile import Hostile
from torture.misbehaviour import SECTIONS, TOKEN, Script, slowly
from torture.misinformation import of_one_service, scripts

TITLE = "hostile server"

DEADLINE = 2  # seconds for a request
START = 1  # seconds that a process may take besides, to start and to end
TIMES = 200  # attempts in a row
SETTLED = 20  # of them, after which nothing must grow any more
STRANGERS = 3  # connections by someone else on this machine who has mistaken the port
SECRETS = [TOKEN, *(value for section in SECTIONS.values() for value in section.values() if "canary" in value)]
STATUS = {"registered": 0, "configuration": 78, "answer": 76, "refused": 77, "orphaned": 77}  # else 75

Pick = Callable[[int, Script], bool]


@functools.cache
def authority() -> trustme.CA:
    return trustme.CA()


@functools.cache
def context() -> ssl.SSLContext:
    """What the server shows: a certificate that is right, because this is about what comes after it."""
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("127.0.0.1").configure_cert(found)
    return found


def write_plan(folder: Path, provider: str, cases: list[dict[str, Any]]) -> Path:
    """A plan in `folder` for server_boots.py and server_attempts.py, where it is described."""
    top = {"secrets": SECRETS, "serial": SECTIONS[provider].get("serial")}
    path = folder / "plan"
    path.write_text("".join(json.dumps(line) + "\n" for line in (top, *cases)))
    return path


@dataclass(frozen=True)
class Stage:
    """Where scripts are played: at which provider, inside TLS or not, on MicroPython of which width.

    `brief`: seconds for a request that only its deadline ends, `pause`: seconds between two slow bytes, of which each
    comes in time and all never do; `heap` as MicroPython's -X heapsize takes it.
    """

    bench: Bench
    provider: str
    secure: bool
    width: int
    brief: float = 0.2
    pause: float = 0.05
    heap: str = "2m"

    def __str__(self) -> str:
        return f"{self.provider}, {'TLS' if self.secure else 'TCP'}, {self.width} bits"

    @property
    def context(self) -> ssl.SSLContext | None:
        return context() if self.secure else None

    def scripts(self, elsewhere: socket.socket) -> list[Script]:
        return scripts(self.provider, self.secure, elsewhere.getsockname()[1], self.pause)

    def timeout(self, script: Script) -> float:
        return self.brief if script.slow else DEADLINE

    def device(self, server: Hostile, script: Script) -> Device:
        """A new device with the enroll.json that leads it to `script`."""
        device = Device(self.bench.folder(), self.width)
        ca = device.folder / "ca.pem"
        authority().cert_pem.write_to_path(ca)
        url = f"{'https' if self.secure else 'http'}://127.0.0.1:{server.ports[script.name]}/api"
        config = {"provider": self.provider, "url": url, "ca": str(ca), "ntp": [f"127.0.0.1:{server.ntp}"]}
        device.write({**config, "timeout": self.timeout(script), self.provider: SECTIONS[self.provider]})
        return device

    def plan(self, server: Hostile, chosen: list[Script]) -> Path:
        """The plan that leads a device to each of `chosen`."""
        return write_plan(
            self.bench.folder(),
            self.provider,
            [
                {
                    "name": it.name,
                    "path": str(self.device(server, it).path),
                    "kinds": it.kinds,
                    "wait": it.wait,
                    "most": self.timeout(it) + 1 + it.uncut,
                    "gap": 1 + it.uncut,
                }
                for it in chosen
            ],
        )

    def play(self, pick: Pick, times: int = 1, program: str = "boots") -> Result:
        """Play the scripts that `pick` chooses, `times` each, against a program of `scripts/`."""
        with socket.create_server(("127.0.0.1", 0)) as elsewhere:
            chosen = [it for number, it in enumerate(self.scripts(elsewhere)) if pick(number, it)]
            with Hostile({it.name: it.moves for it in chosen}, self.context) as server:
                arguments = (f"server_{program}.py", str(self.plan(server, chosen)), str(times), str(SETTLED))
                patience = 30 + 0.5 * times * len(chosen)
                result = on_micropython(*arguments, width=self.width, patience=patience, heap=self.heap)
            result.lost += unseen(server, elsewhere, times)
        return result

    def crawl(self) -> Result:
        """A byte a second."""
        chosen = list(slowly(self.provider, 1))
        stage = Stage(self.bench, self.provider, self.secure, self.width, DEADLINE)
        with Hostile({it.name: it.moves for it in chosen}, self.context) as server:
            return on_micropython("server_boots.py", str(stage.plan(server, chosen)), width=self.width)

    def processes(self, pick: Pick) -> Result:
        """The same as `play` with a process of the firmware for each script."""
        result = Result(0)
        with socket.create_server(("127.0.0.1", 0)) as elsewhere:
            chosen = [it for number, it in enumerate(self.scripts(elsewhere)) if pick(number, it)]
            with Hostile({it.name: it.moves for it in chosen}, self.context) as server:
                for it in chosen:
                    start = time.monotonic()
                    done = self.device(server, it).boot()
                    seconds = time.monotonic() - start
                    result.lost += [f"{it.name}: {wrong}" for wrong in misbehaved(done, it.expected)]
                    if seconds > it.uncut + self.timeout(it) + 1 + START:
                        result.lost.append(f"{it.name}: took {seconds:.1f} s")
                    result.cases += 1
            result.lost += unseen(server, elsewhere, 1)
        return result


def misbehaved(done: subprocess.CompletedProcess[str], expected: str) -> Iterator[str]:
    """What is wrong with what a process of the firmware has printed and how it has ended."""
    kind = (done.stdout.split() or ["", ""])[1].rstrip(":")
    if done.stdout.count("\n") != 1 or not done.stdout.startswith("enroll: ") or "Traceback" in done.stderr:
        yield f"printed {done.stdout!r} {done.stderr!r}"
    elif kind not in expected.split(" or "):
        yield f"wanted {expected}: {done.stdout}"
    elif done.returncode != STATUS.get(kind, 75):
        yield f"exit status {done.returncode} for {kind}"
    if any(secret in done.stdout + done.stderr for secret in SECRETS):
        yield f"printed a secret: {done.stdout!r} {done.stderr!r}"


def unseen(server: Hostile, elsewhere: socket.socket, times: int) -> Iterator[str]:
    """What only the server can tell: connections that were left open, made too often, or made to somewhere else."""
    for name, visits in server.visits.items():
        if visits.left_open:
            yield f"{name}: {visits.left_open} connections were not closed"
        if not visits.closed and visits.made < times:
            yield f"{name}: {visits.made} connections, wanted {times}"
        yield from visits.errors
    more = {name: visits.made - times for name, visits in server.visits.items() if visits.made > times}
    if sum(more.values()) > STRANGERS:
        yield f"connections that nobody wanted: {more}"
    elsewhere.setblocking(False)
    with contextlib.suppress(BlockingIOError), elsewhere.accept()[0]:
        yield "a redirect was followed"


def together(*plays: Callable[[], Result]) -> Result:
    """What several plays come to that mostly wait, at the same time."""
    with ThreadPoolExecutor(len(plays)) as pool:
        results = [future.result() for future in [pool.submit(play) for play in plays]]
    notes = {name: value for result in results for name, value in result.notes.items()}
    return Result(sum(it.cases for it in results), [sentence for it in results for sentence in it.lost], notes)


def every(number: int, script: Script) -> bool:
    return True


def fast(number: int, script: Script) -> bool:
    return not script.slow


def slow(number: int, script: Script) -> bool:
    return script.slow


def nth(step: int, rest: int, also: Pick = every) -> Pick:
    """Picks every `step`-th script."""
    return lambda number, script: number % step == rest and also(number, script)


def slow_ones(stage: Stage) -> list[Pick]:
    """A Pick for each slow script."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        names = [it.name for it in stage.scripts(elsewhere) if it.slow]
    return [lambda number, script, name=name: script.name == name for name in names]  # type: ignore[misc]


def special(stage: Stage, step: int) -> Pick:
    """Picks what only this service has, deep JSON, and every `step`-th of the others."""
    own = {it.name for it in of_one_service(stage.provider, stage.secure)}
    return lambda number, script: (
        fast(number, script) and (script.name in own or "levels" in script.name or number % step == 0)
    )


def sliced(bench: Bench) -> Iterator[Batch]:
    """Every script over TCP at one provider, some of them inside TLS, at the others, and in a row."""
    first = Stage(bench, "etherfax", False, 64, heap="160k")
    plays = [functools.partial(first.play, pick) for pick in (fast, slow)]
    plays.append(functools.partial(first.play, nth(60, 0, fast), 3 * SETTLED, "attempts"))
    large = Stage(bench, "etherfax", False, 64)  # a collection takes longest in a large heap
    plays.append(functools.partial(large.play, lambda number, script: "each in a packet" in script.name))
    yield Batch(str(first), functools.partial(together, *plays))
    for provider in SECTIONS:
        if provider != first.provider:
            plain = Stage(bench, provider, False, min(bench.widths), heap="160k")
            yield Batch(str(plain), functools.partial(plain.play, special(plain, 40)))
        secure = Stage(bench, provider, True, 64, heap="160k")
        yield Batch(str(secure), functools.partial(secure.play, nth(40, 1, fast)))


def batches(full: bool, bench: Bench) -> Iterable[Batch]:
    """Every script for every provider, over TCP and inside TLS, on both widths; then many attempts in a row."""
    if not full:
        yield from sliced(bench)
        return
    for width in bench.widths:
        stages = [Stage(bench, provider, secure, width) for secure in (False, True) for provider in SECTIONS]
        for number, stage in enumerate(stages):
            yield Batch(str(stage), functools.partial(stage.play, every))
            pick = nth(len(stages), number)
            yield Batch(f"{stage}, processes", functools.partial(stage.processes, pick))
        yield Batch(f"a byte a second, {width} bits", functools.partial(together, *(it.crawl for it in stages)))
        for stage, pick in ((stages[0], fast), (stages[4], nth(28, 0, fast))):
            play = functools.partial(stage.play, pick, TIMES, "attempts")
            yield Batch(f"{stage}, {TIMES} times", play)
        silent = Stage(bench, "etherfax", False, width)
        plays = [functools.partial(silent.play, pick, TIMES, "attempts") for pick in slow_ones(silent)]
        yield Batch(f"{silent}, {TIMES} times, slow", functools.partial(together, *plays))
