"""First boots over TLS on loopback: enroll, which verifies, beside the plain script, which does not."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from . import Row, Work
from .boots import FORMS, Boot, Sides, Starter, device, pair, runtimes, served, starter

TITLE = "First boot over TLS"
TARGET = 1.05
RUNS = 50
SIDES = ("enroll", "plain")
APART = "mpy"  # the form, as most boards have it, whose verdicts are taken apart
IMPORTS = {  # all that a first boot imports
    "code": (
        "enroll",
        "import main, port, enroll.reader, enroll.schema, enroll.url, enroll.journal, enroll.enroller, enroll.clock\n"
        "import enroll.http1, enroll.connection, enroll.credential, enroll.providers.etherfax.md5",
    ),
    "their code": ("plain", "import plain, requests"),
}
KINDS = {"seconds": "time", "cpu": "processor"}
HANDSHAKES = 10
HANDSHAKE = """
import socket, tls
def handshake():
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    if {verified}:
        with open("ca.der", "rb") as file:
            context.load_verify_locations(file.read())
    else:
        context.verify_mode = tls.CERT_NONE
    sock = socket.socket()
    sock.connect(socket.getaddrinfo("{host}", {port})[0][-1])
    sock.setsockopt(6, 1, 1)
    stream = context.wrap_socket(sock, server_hostname="{host}")
    stream.close()
    sock.close()
for _ in range({number}):
    handshake()
"""

Found = dict[str, list[Boot]]  # by side


def measure(work: Work) -> list[Row]:
    """Boot devices that have not registered: those of enroll and of the plain script in turns."""
    runs = work.runs(RUNS)
    sides = Sides(work.folder / "code")
    rows = []
    with served(runs * (len(SIDES) * len(FORMS) + 1) * len(runtimes()) + 1) as configs:
        fresh = iter(configs)
        place = device(work.folder / "handshakes", next(fresh))
        folders = (device(work.folder / str(number), config) for number, config in enumerate(fresh))
        for runtime in runtimes():
            with starter(runtime) as start:
                costs = handshakes(start, place, configs[0]["url"], runs)
                for form, words in FORMS.items():
                    turns = work.each(range(runs), f"{runtime}, {words}")
                    found = boots(turns, start, sides, form, folders)
                    name, what = f"{runtime}.{form}", f"{runtime}, {words}"
                    rows += [compared(name, what, found, kind, TARGET) for kind in KINDS]
                    if form == APART:
                        found |= imports(range(runs), start, sides, form, place)
                        rows += apart(name, what, found, costs)
    return rows


def boots(turns: Iterable[int], start: Starter, sides: Sides, form: str, folders: Iterator[Path]) -> Found:
    """A boot of each side in each of `turns`, in `folders` of new devices."""
    names = (*SIDES, "prompt") if form == APART else SIDES
    found: Found = {side: [] for side in names}
    for turn in turns:
        for side in names if turn % 2 else reversed(names):
            found[side].append(start(next(folders), *sides.start(side, form)))
    return found


def imports(turns: Iterable[int], start: Starter, sides: Sides, form: str, place: Path) -> Found:
    """Starts that end once all code is imported, by IMPORTS, in the folder `place`."""
    found: Found = {name: [] for name in IMPORTS}
    for _ in turns:
        for name, (side, program) in IMPORTS.items():
            found[name].append(start(place, *sides.program(side, form, program)))
    return found


def handshakes(start: Starter, place: Path, url: str, runs: int) -> dict[bool, float]:
    """Milliseconds of the processor that a handshake takes {verified: ...}, in the device's folder `place`."""
    host, port = url.split("/")[2].split(":")
    found: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(max(1, runs // 10)):
        for verified, costs in found.items():
            took = [
                start(place, HANDSHAKE.format(verified=verified, host=host, port=port, number=number), ".frozen").cpu
                for number in (HANDSHAKES, 0)
            ]
            costs.append((took[0] - took[1]) * 1000 / HANDSHAKES)
    return {verified: statistics.median(costs) for verified, costs in found.items()}


def series(found: Found, kind: str) -> dict[str, list[float]]:
    """Milliseconds by side."""
    return {side: [getattr(boot, kind) * 1000 for boot in boots] for side, boots in found.items()}


def compared(name: str, what: str, found: Found, kind: str, target: float | None, digits: int = 1) -> Row:
    """The row for one of KINDS: enroll beside the plain script."""
    times = series(found, kind)
    both = pair(times["enroll"], times["plain"], digits)
    return Row(f"{name}.{kind}", f"{what}, {KINDS[kind]}", target=target, **both)


def apart(name: str, what: str, found: Found, costs: dict[bool, float]) -> list[Row]:
    """Rows that say what the verdicts consist of: waiting for ACKs, importing, verifying the certificate."""
    times, cpu = series(found, "seconds"), series(found, "cpu")
    rows = [
        Row(
            f"{name}.prompt",
            f"{what}, time beside `requests` with TCP_NODELAY",
            **pair(times["enroll"], times["prompt"]),
        )
    ]
    rows.append(
        Row(f"{name}.code", f"{what}, processor until all code is imported", **pair(cpu["code"], cpu["their code"]))
    )
    verifying = costs[True] - costs[False]
    unverified = [it - verifying for it in cpu["enroll"]]
    rows.append(
        Row(
            f"{name}.unverified",
            f"{what}, processor less {verifying:.1f} ms for verifying",
            **pair(unverified, cpu["plain"]),
        )
    )
    return rows


def draw(rows: list[Row]) -> dict[str, tuple[Any, str]]:
    """The ratios beside the target."""
    from .plots import bars

    return {"first.svg": bars(rows, TARGET, "first boot, enroll / plain script")}
