"""Lost answers: connections that are cut, processes that are killed while the answer is on its way, then a refusal."""

import functools
import itertools
import socket
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import devices
from answers import ONCE
from enroll_tools.sandbox import Sandbox

from torture.faults import Batch, Bench, Result
from torture.trial import CAP, PATIENCE, TIMEOUT, Lost, Trial

TITLE = "lost answer"

Play = Callable[[Trial], None]


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
    """29008 does not mean success to a device that has never tried: somebody else has bound a token to this user."""
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
        yield Batch(f"https, {bench.wide}", functools.partial(run, bench, bench.wide, devices.FIRST, "https", full))
        return
    for runtime, service, listener in itertools.product(bench.runtimes, devices.FIRST, ("https", "http")):
        name = f"{service}, {listener}, {runtime}"
        yield Batch(name, functools.partial(run, bench, runtime, [service], listener, full))
