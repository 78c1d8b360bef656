"""Lost answers: connections that are cut, processes that are killed while the answer is on its way, then a refusal."""

import contextlib
import functools
import itertools
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Self

import devices
from sandbox import Sandbox

from torture.faults import Batch, Bench, Result, on_micropython
from torture.stage import STATUS, write_plan

TITLE = "lost answer"

TIMEOUT = 1  # seconds for a request
CAP = 1  # seconds between two attempts of a process that goes on; an orphan asks every CAP / 2 to CAP
PATIENCE = 20  # seconds for what has to happen at all
ONCE = ("etherfax", "xyte")  # they register once and never tell again

Play = Callable[["Trial"], None]

_names = itertools.count(1)


class Lost(Exception):
    """A trial came to something else than it has to."""


class Trial:
    """A device at one service of the sandbox, over one of its listeners."""

    def __init__(self, bench: Bench, sandbox: Sandbox, service: str, listener: str, runtime: str) -> None:
        self.bench = bench
        self.sandbox = sandbox
        self.service = service
        self.portal: Any = getattr(sandbox, service)
        self.name = str(next(_names))
        self.section = devices.create(sandbox, service, self.name)
        self.device = devices.Device(bench.folder(), runtime)
        self.config = devices.configuration(sandbox, service, self.section, listener)
        self.config |= {"timeout": TIMEOUT, "retry": {"first": 1, "cap": CAP}}
        self.device.write(self.config)
        self.before = len(sandbox.log(service))

    def requests(self) -> list[Any]:
        """What the service has been asked by this device."""
        return self.sandbox.log(self.service)[self.before :]

    def boot(self, expected: str, *words: str) -> Self:
        """Boot once; what it says has to be of that kind and hold these words."""
        asked = len(self.requests())
        done = self.device.boot()
        kind = (done.stdout.split() or ["", ""])[1].rstrip(":")
        told = [word for word in words if word not in done.stdout]
        if (
            kind not in expected.split(" or ")
            or done.returncode != STATUS.get(kind, 75)
            or told
            or "Trace" in done.stderr
        ):
            raise Lost(f"wanted {expected} {words}, status {done.returncode}: {done.stdout!r} {done.stderr[-300:]!r}")
        if len(self.requests()) > asked + 1:
            raise Lost(f"asked {len(self.requests()) - asked} times in one attempt")
        return self

    def killed(self) -> None:
        """Boot, and kill the process once its request has come in and been done."""
        self.sandbox.fault(self.service, delay=TIMEOUT / 2)
        asked = len(self.requests())
        with self.start("--once") as started:
            self.wait(lambda: len(self.requests()) > asked)
            started.kill()

    @contextlib.contextmanager
    def start(self, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
        """A process of the firmware, ended on the way out."""
        command = self.device.command(*arguments)
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=self.device.environment, stdout=pipe, stderr=pipe, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    def wait(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise Lost("what should happen does not")
            time.sleep(0.01)

    def reset(self) -> None:
        """What a person does in the portal."""
        if self.service == "etherfax":
            self.portal.reset(self.section["serial"])
        elif self.service == "xyte":
            living = [it for it in self.portal.devices() if it["registration"]["sn"] == self.section["sn"]]
            self.portal.delete(living[-1]["id"])
        elif self.service == "ickstream":
            token = self.portal.create_token(f"user-{self.name}")
            self.device.write({**self.config, "ickstream": {**self.section, "registration_token": token}})

    def step(self, expected: str) -> None:
        """One attempt inside a process, which also tells when the next one is due."""
        case = {"name": expected, "path": str(self.device.path), "kinds": [expected]}
        path = write_plan(self.bench.folder(), self.service, [{**case, "wait": None, "most": TIMEOUT + 1, "gap": 1}])
        result = on_micropython("server_boots.py", str(path), runtime=self.device.runtime)
        if result.lost:
            raise Lost("; ".join(result.lost))


def drop(trial: Trial) -> None:
    """The service has done its work, the connection is closed without an answer."""
    trial.sandbox.fault(trial.service, drop="after")
    trial.boot("network")


def cut(trial: Trial) -> None:
    """The answer ends after a few bytes."""
    trial.sandbox.fault(trial.service, truncate=9)
    trial.boot("network")


def empty(trial: Trial) -> None:
    """The answer ends before its body."""
    trial.sandbox.fault(trial.service, truncate=0)
    trial.boot("network")


def late(trial: Trial) -> None:
    """The answer comes after the deadline."""
    trial.sandbox.fault(trial.service, delay=TIMEOUT + 0.7)
    trial.boot("network")


def kill(trial: Trial) -> None:
    """The power fails while the answer is on its way."""
    trial.killed()


def twice(trial: Trial) -> None:
    """The first request is lost on its way, the second one's answer on its way back, in a cut of power."""
    trial.sandbox.fault(trial.service, drop="before")
    trial.boot("network").killed()


WAYS = (drop, cut, empty, late, kill, twice)


def orphan(trial: Trial, way: Play) -> None:
    """Refused after an outcome that is unknown: it says so, asks slowly, and registers once the portal is reset."""
    way(trial)
    trial.boot("orphaned", "this device in the portal").boot("orphaned", "this device in the portal")
    trial.step("orphaned")
    trial.killed()
    trial.boot("orphaned", "this device in the portal")
    trial.reset()
    trial.boot("registered")
    asked = len(trial.requests())
    trial.boot("registered")
    if len(trial.requests()) > asked:
        raise Lost("a registered device has asked again")


def goes_on(trial: Trial) -> None:
    """The same in one process, which is not told about the reset."""
    trial.sandbox.fault(trial.service, drop="after")
    with trial.start() as process:
        trial.wait(lambda: len(trial.requests()) > 2)
        trial.reset()
        out, err = process.communicate(timeout=PATIENCE)
    if process.returncode or not out.startswith("enroll: registered ") or "orphaned: " not in err:
        raise Lost(f"status {process.returncode}: {out!r} {err!r}")
    times = [datetime.fromisoformat(it.time).timestamp() for it in trial.requests()]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times[1:])]  # the first wait is a network's
    if not all(CAP / 2 - 0.05 <= gap <= CAP + 1 for gap in gaps):
        raise Lost(f"asked after {gaps} s")


def asks_again(trial: Trial, way: Play) -> None:
    """ickStream and Centagate: nothing is ever orphaned, and a repeated registration is the same one."""
    way(trial)
    if trial.service == "ickstream":  # the token that works once has worked
        trial.boot("refused", "registration token").boot("refused", "registration token")
        trial.reset()
    trial.boot("registered").boot("registered")
    if trial.service == "centagate" and not any("29008" in it.answer for it in trial.requests()):
        raise Lost("the service did not say 29008")
    if trial.service == "ickstream":
        found = [it for it in trial.portal.devices() if trial.section["hardware_id"] in it.values()]
        if len(found) != 1:
            raise Lost(f"{len(found)} devices of one hardwareId")


def lost_request(trial: Trial) -> None:
    """The service has never seen the first request; the second registers."""
    trial.sandbox.fault(trial.service, drop="before")
    trial.boot("network").boot("registered")


def never_enabled(trial: Trial) -> None:
    """A definite refusal stays one, through reboots and attempts that reach nobody, until it is enabled."""
    trial.portal.disable(trial.section["serial"])
    trial.boot("refused", "portal").boot("refused", "portal")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        trial.device.write({**trial.config, "url": f"http://127.0.0.1:{nobody.getsockname()[1]}/api"})
        trial.boot("network")
    trial.device.write(trial.config)
    trial.boot("refused", "portal").step("refused")
    trial.portal.enable(trial.section["serial"])
    trial.boot("registered")


def mistyped(trial: Trial) -> None:
    """A serial number that is refused, with an answer lost in between, says nothing of the right one, nor does another
    address.
    """
    trial.portal.disable(trial.section["serial"])
    trial.device.write({**trial.config, "etherfax": {"serial": "MISTYPED"}})
    trial.boot("refused", "portal").boot("refused", "portal").boot("refused", "portal")
    trial.device.write({**trial.config, "url": trial.config["url"] + "/elsewhere"})
    trial.sandbox.fault("etherfax", drop="after")
    trial.boot("network")
    trial.device.write(trial.config)
    trial.boot("refused", "portal").boot("refused", "portal")
    trial.portal.enable(trial.section["serial"])
    trial.boot("registered")
    trial.device.write({**trial.config, "url": trial.config["url"] + "/elsewhere"})
    asked = len(trial.requests())
    trial.boot("configuration", trial.config["url"], "moved_from")
    if len(trial.requests()) > asked:
        raise Lost("it has asked at another address")


def never_known(trial: Trial) -> None:
    """The same at Xyte, where a device is not known by its hardware key."""
    trial.device.write({**trial.config, "xyte": {**trial.section, "hardware_key": "wrong"}})
    trial.boot("refused", "portal").boot("refused", "portal").step("refused")
    trial.device.write(trial.config)
    trial.boot("registered")


def bound_before(trial: Trial) -> None:
    """29008 to a device that has never tried is no success: somebody else has bound a token to this user."""
    other = f"OTHER{trial.name}"
    trial.portal.create_token(other)
    mine = trial.section["token_sn"]
    trial.device.write({**trial.config, "centagate": {**trial.section, "token_sn": other}})
    trial.boot("registered")
    trial.device.write(trial.config)
    trial.boot("refused", "29008").boot("refused", "29008").step("refused")
    if any(mine in it.answer for it in trial.requests()):
        raise Lost("the token was bound")


def refused_then(trial: Trial, way: Play) -> None:
    """Refused before it was enabled, then an outcome that is unknown, then refused: it is an orphan.

    After a power cut it cannot know, for a later attempt writes nothing before it is sent; the remedy is the same.
    """
    serial = trial.section["serial"]
    trial.portal.disable(serial)
    trial.boot("refused", "portal")
    trial.portal.enable(serial)
    way(trial)
    trial.boot("refused" if way is kill else "orphaned", "reset", "portal")
    trial.reset()
    trial.boot("registered")


def refused_then_bound(trial: Trial, way: Play) -> None:
    """Refused before its token was active, then an outcome that is unknown: 29008 says that it is done.

    After a power cut it cannot know, and asks for a person.
    """
    token = trial.section["token_sn"]
    trial.portal.set_token(token, "new")
    trial.boot("refused", "29002")
    trial.portal.set_token(token, "deactivated")
    way(trial)
    expected = ("refused", "29008", "unbind") if way is kill else ("registered",)
    trial.boot(*expected)


AFTER_REFUSAL = {"etherfax": refused_then, "centagate": refused_then_bound}
SINGLE: dict[str, tuple[Play, ...]] = {
    "etherfax": (mistyped, goes_on, never_enabled, lost_request),
    "xyte": (never_known, lost_request, goes_on),
    "centagate": (bound_before, lost_request),
    "ickstream": (lost_request,),
}


def plays(service: str, full: bool) -> Iterator[tuple[str, Play]]:
    """What happens to a device of `service`: (name, what to do)."""
    for way in WAYS if full else (drop, kill) if service == "etherfax" else (kill,):
        name = " ".join((way.__doc__ or "").split())
        yield name, functools.partial(orphan if service in ONCE else asks_again, way=way)
        if service in AFTER_REFUSAL:
            yield f"Refused first. {name}", functools.partial(AFTER_REFUSAL[service], way=way)
    for play in SINGLE[service] if full else SINGLE[service][:2]:
        yield " ".join((play.__doc__ or "").split()), play


def run(bench: Bench, runtime: str, services: Iterable[str], listener: str, full: bool) -> Result:
    """Play everything at some services, one after another."""
    result = Result(0)
    with Sandbox(bench.folder()) as sandbox:
        for service in services:
            for name, play in plays(service, full):
                result.cases += 1
                try:
                    play(Trial(bench, sandbox, service, listener, runtime))
                except Exception as error:
                    result.lost.append(f"{service}: {name} {error}")
                sandbox.clear_faults()
    return result


def batches(full: bool, bench: Bench) -> Iterable[Batch]:
    """Every way to lose an answer at every service, in the clear and inside TLS, on each runtime."""
    if not full:
        yield Batch(f"https, {bench.wide}", functools.partial(run, bench, bench.wide, devices.SERVICES, "https", full))
        return
    for runtime, service, listener in itertools.product(bench.runtimes, devices.SERVICES, ("https", "http")):
        name = f"{service}, {listener}, {runtime}"
        yield Batch(name, functools.partial(run, bench, runtime, [service], listener, full))
