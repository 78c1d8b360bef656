"""Runs hostile servers against a device, and observes the device from outside."""

import contextlib
import functools
import json
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
from devices import Device
from enroll_tools.provision.library import statuses

from torture.faults import Bench, Result, on_micropython, steadily
from torture.hostile import Hostile
from torture.misbehaviour import SECTIONS, TOKEN, Script, slowly
from torture.misinformation import scripts

DEADLINE = 2  # seconds for a request
START = 1  # seconds that a process may take besides, to start and to end
TIMES = 200  # attempts in a row
SETTLED = 20  # of them, after which nothing must grow any more
STRANGERS = 3  # connections by someone else on this machine who has mistaken the port
SECRETS = [TOKEN, *(value for section in SECTIONS.values() for value in section.values() if "canary" in value)]
STATUS = {"registered": 0, **statuses()}

AUTHORITY = trustme.CA()  # now, not when it is first needed: batches run beside each other

Pick = Callable[[int, Script], bool]


@functools.cache
def context() -> ssl.SSLContext:
    """What the server shows: a certificate that is right, because this is about what comes after it."""
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(found)
    return found


def write_plan(folder: Path, provider: str, cases: list[dict[str, Any]]) -> Path:
    """A plan in `folder` for server_boots.py and server_attempts.py, where it is described."""
    top = {"secrets": SECRETS, "serial": SECTIONS[provider].get("serial")}
    path = folder / "plan"
    path.write_text("".join(json.dumps(line) + "\n" for line in (top, *cases)))
    return path


@dataclass(frozen=True)
class Stage:
    """Where scripts run: at which provider, inside TLS or not, on MicroPython of which runtime.

    `brief`: seconds for a request that only its deadline ends, `pause`: seconds between two slow bytes, of which each
    comes in time and all never do; `heap` as MicroPython's -X heapsize takes it.
    """

    bench: Bench
    provider: str
    secure: bool
    runtime: str
    brief: float = 1
    pause: float = 0.05
    heap: str = "2m"

    def __str__(self) -> str:
        return f"{self.provider}, {'TLS' if self.secure else 'TCP'}, {self.runtime}"

    @property
    def context(self) -> ssl.SSLContext | None:
        return context() if self.secure else None

    def scripts(self, elsewhere: socket.socket) -> list[Script]:
        return scripts(self.provider, self.secure, elsewhere.getsockname()[1], self.pause)

    def timeout(self, script: Script) -> float:
        return self.brief if script.slow else DEADLINE

    def device(self, server: Hostile, script: Script) -> Device:
        """A new device with the enroll.json that leads it to `script`."""
        device = Device(self.bench.folder(), self.runtime)
        ca = device.folder / "ca.pem"
        AUTHORITY.cert_pem.write_to_path(ca)
        url = f"{'https' if self.secure else 'http'}://127.0.0.1:{server.ports[script.name]}/api"
        config = {"provider": self.provider, "url": url, "ca": str(ca), "ntp": [f"127.0.0.1:{server.ntp}"]}
        device.write({**config, "timeout": self.timeout(script), self.provider: SECTIONS[self.provider]})
        return device

    def kinds(self, script: Script) -> list[str]:
        """What may come of `script`."""
        return script.kinds

    def plan(self, server: Hostile, chosen: list[Script]) -> Path:
        """The plan that leads a device to each of `chosen`."""
        return write_plan(
            self.bench.folder(),
            self.provider,
            [
                {
                    "name": it.name,
                    "path": str(self.device(server, it).path),
                    "kinds": self.kinds(it),
                    "wait": it.wait,
                    "most": self.timeout(it) + 1 + it.uncut,
                    "gap": 1 + it.uncut,
                    "slow": it.slow,
                    "held": it.held,
                    "method": it.method,
                    "requests": it.requests,
                }
                for it in chosen
            ],
        )

    def play(self, pick: Pick, times: int = 1, program: str = "server_boots.py", *words: str) -> Result:
        """Play the scripts that `pick` chooses, `times` each, against a program of `scripts/`."""

        def play(chosen: list[Script]) -> Result:
            with Hostile({it.name: it.moves for it in chosen}, self.context) as server:
                arguments = (program, str(self.plan(server, chosen)), str(times), str(SETTLED), *words)
                patience = 30 + times * sum(self.timeout(it) + it.uncut + 0.5 for it in chosen)
                result = on_micropython(*arguments, runtime=self.runtime, patience=patience, heap=self.heap)
            result.lost += unclosed(server)
            result.lost += unseen(server, elsewhere, {it.name: connections(it, times) for it in chosen})
            return result

        with socket.create_server(("127.0.0.1", 0)) as elsewhere:
            return steadily(self.chosen(pick, elsewhere), play)

    def chosen(self, pick: Pick, elsewhere: socket.socket) -> list[Script]:
        """The scripts that `pick` chooses, of which some lead `elsewhere`."""
        names = self.bench.names
        found = enumerate(self.scripts(elsewhere))
        return [it for number, it in found if pick(number, it) and (not names or it.name in names)]

    def attempts(self, pick: Pick, times: int = TIMES) -> Result:
        """Many attempts in a row by one enroller, of which nothing may stay."""
        return self.play(pick, times, "server_attempts.py")

    def crawl(self) -> Result:
        """A byte a second."""
        stage = Stage(self.bench, self.provider, self.secure, self.runtime, DEADLINE)

        def play(chosen: list[Script]) -> Result:
            with Hostile({it.name: it.moves for it in chosen}, self.context) as server:
                return on_micropython("server_boots.py", str(stage.plan(server, chosen)), runtime=self.runtime)

        return steadily(list(slowly(self.provider, 1)), play)

    def processes(self, pick: Pick) -> Result:
        """The same as `play` with a process of the firmware for each script."""

        def play(chosen: list[Script]) -> Result:
            with Hostile({it.name: it.moves for it in chosen}, self.context) as server:
                lost = [f"{it.name}: {wrong}" for it in chosen for wrong in self.process(server, it)]
            lost += unclosed(server)
            lost += unseen(server, elsewhere, dict.fromkeys(server.visits, 1))
            return Result(len(chosen), lost)

        with socket.create_server(("127.0.0.1", 0)) as elsewhere:
            return steadily(self.chosen(pick, elsewhere), play)

    def process(self, server: Hostile, it: Script) -> Iterator[str]:
        """Boot a new device in a process of its own; what is wrong with that."""
        start = time.monotonic()
        done = self.device(server, it).boot()
        seconds = time.monotonic() - start
        yield from misbehaved(done, it.expected)
        if seconds > it.uncut + self.timeout(it) + 1 + START:
            yield f"took {seconds:.1f} s"


def connections(script: Script, times: int) -> int:
    """How many `script` has after that many `times` in a row."""
    return script.connections + (times - 1) * (1 if script.held else script.connections)


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


def unclosed(server: Hostile) -> Iterator[str]:
    """What only the server can tell: connections that were left open."""
    for name, visits in server.visits.items():
        if visits.left_open:
            yield f"{name}: {visits.left_open} connections were not closed"
        yield from visits.errors


def unseen(server: Hostile, elsewhere: socket.socket, wanted: dict[str, int]) -> Iterator[str]:
    """The same of connections that were not made, made too often, or made to somewhere else."""
    for name, visits in server.visits.items():
        if not visits.closed and visits.made < wanted[name]:
            yield f"{name}: {visits.made} connections, wanted {wanted[name]}"
    more = {name: visits.made - wanted[name] for name, visits in server.visits.items() if visits.made > wanted[name]}
    if sum(more.values()) > STRANGERS:
        yield f"connections that nobody wanted: {more}"
    elsewhere.setblocking(False)
    with contextlib.suppress(BlockingIOError), elsewhere.accept()[0]:
        yield "a redirect was followed"


def every(number: int, script: Script) -> bool:
    return True


def fast(number: int, script: Script) -> bool:
    return not script.slow


def slow(number: int, script: Script) -> bool:
    return script.slow


def nth(step: int, rest: int, also: Pick = every) -> Pick:
    """Picks every `step`-th script."""
    return lambda number, script: number % step == rest and also(number, script)
