"""The board against a sandbox on this computer: certificates good and bad, first and second boots, the link."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import time
from collections.abc import Iterator
from typing import Any

import devices
from enroll_tools.provision.answers import OneOf
from enroll_tools.provision.library import ROOT
from enroll_tools.provision.snippets import Program
from enroll_tools.sandbox import Sandbox

from .bench import Bench
from .row import Broken, NotTried

CASES = {  # listener of the sandbox, what the library has to say of it
    "https": 404,  # the service answers: it does not know this path
    "https-wrong-host": "certificate",
    "https-expired": "certificate",
    "https-not-yet-valid": "certificate",
    "https-other-ca": "certificate",
}
ELSEWHERE = "192.0.2.1"  # an address for documentation: a route to it shows which of ours leads out

_ASK = """
import enroll, port, time
from enroll import requests, tasks
from enroll.errors import EnrollError
def ask(url, ca):
    try:
        return requests.request("GET", url, ca=ca, timeout=20).status_code
    except EnrollError as error:
        return error.kind
def join():
    start = time.ticks_ms()
    config = enroll.Config.load(CONFIG)
    def up():
        yield from port.connect(config.network)
    tasks.run(up(), port.feed, port.sleep)
    return config, time.ticks_diff(time.ticks_ms(), start)
"""

_TLS = Program(
    _ASK
    + """
def main(path, now, urls, ca):
    global CONFIG
    CONFIG = path
    join()
    port.set_clock(now)
    return [ask(url, ca) for url in urls]
""",
    [OneOf((int, str))],
    once=True,
)

_LINK = Program(
    _ASK
    + """
def main(path, url):
    global CONFIG
    CONFIG = path
    _, first = join()
    found = [ask(url, None)]
    port.drop()
    found.append(ask(url, None))
    _, again = join()
    found.append(ask(url, None))
    return [found, first, again]
""",
    ([OneOf((int, str))], int, int),
    once=True,
)

_BOOT = Program(
    """
def main(path):
    import gc, time
    start = time.ticks_ms()
    import main as firmware
    status = firmware.main([path, "--once"])
    taken = time.ticks_diff(time.ticks_ms(), start)
    gc.collect()
    return [status, taken, gc.mem_alloc(), gc.mem_free()]
""",
    (int, int, int, int),
    once=True,
)


@contextlib.contextmanager
def sandbox(bench: Bench) -> Iterator[Sandbox]:
    """A sandbox that the board reaches: on loopback for a board that this computer simulates, otherwise on this
    computer's address."""
    host = bench.settings.host or (outward() if bench.real else "127.0.0.1")
    options: dict[str, Any] = {"host": host}
    if not host.startswith("127."):
        options["listen_anywhere"] = True
    bench.tell(f"the sandbox listens on {host}")
    with Sandbox(**options) as it:
        yield it


def outward() -> str:
    """This computer's address as others see it. Raises NotTried."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:
        try:
            it.connect((ELSEWHERE, 9))
        except OSError:
            raise NotTried("this computer has no network: join the board's, or say --host") from None
        return str(it.getsockname()[0])


def reachable(bench: Bench) -> None:
    """Raises NotTried where the board has no TLS, or nobody said how it gets to the network."""
    if not bench.facts.tls:
        raise NotTried("this MicroPython has no tls")
    if bench.real and bench.settings.network is None:
        raise NotTried("no network was given: --wifi NAME, or --cable")


def install(bench: Bench, it: Sandbox) -> None:
    """Put the firmware into the folder, but for the library, which is there. Raises NotTried."""
    bench.install_port()
    main = (ROOT / "firmware" / "main.py").read_bytes()
    bench.write({"device/main.py": main, "device/ca.der": it.ca_der.read_bytes()})
    configure(bench, it, "etherfax")


def configure(bench: Bench, it: Sandbox, service: str) -> None:
    """Write the enroll.json of a new device of `service`, which has no record."""
    made = devices.create(it, service, str(secrets.randbelow(10**6)))
    network = {"network": bench.settings.network} if bench.settings.network else {}
    config = devices.configuration(it, service, made) | {"ca": "ca.der"} | network
    bench.remove("device/state")
    bench.write({"device/enroll.json": json.dumps(config).encode()})


def tls(bench: Bench, it: Sandbox) -> dict[str, Any]:
    """A good certificate is taken, and each bad one is refused. Returns what was said of each. Raises Broken."""
    urls = [f"{it.url('etherfax', listener)}/none" for listener in CASES]
    found = bench.call(_TLS, bench.config, int(time.time()), urls, bench.ca)
    said = dict(zip(CASES, found, strict=True))
    wrong = [f"{name}: {said[name]}, not {CASES[name]}" for name in CASES if said[name] != CASES[name]]
    if wrong:
        raise Broken("; ".join(wrong))
    return said


def boots(bench: Bench, it: Sandbox, service: str) -> dict[str, Any]:
    """A first boot registers once, a second one sends nothing. Returns figures. Raises Broken."""
    configure(bench, it, service)
    it.clear_log()
    status, first, used, free = bench.call(_BOOT, bench.config)
    asked = sorted(entry.service for entry in it.log())
    if status or asked != sorted(["ntp", service]):
        raise Broken(f"{service}: the first boot ended with {status} and asked {', '.join(asked) or 'nobody'}")
    before = it.counts()
    it.clear_log()
    status, second, *_ = bench.call(_BOOT, bench.config)
    opened = [name for name, count in it.counts().items() if count["connections"] > before[name]["connections"]]
    if status or opened or it.log():
        raise Broken(f"{service}: the second boot ended with {status} and asked {', '.join(opened) or 'for the time'}")
    return {"first boot ms": first, "second boot ms": second, "heap used": used, "heap free": free}


def link(bench: Bench, it: Sandbox) -> dict[str, Any]:
    """The link goes down and comes back. Returns figures. Raises Broken or NotTried."""
    if not bench.real:
        raise NotTried("a computer plays this board: its link is the computer's")
    found, first, again = bench.call(_LINK, bench.config, f"{it.url('etherfax', 'http')}/none")
    if found != [404, "network", 404]:
        raise Broken(f"up, down and up again: the service said {found}")
    return {"join ms": first, "join again ms": again}
