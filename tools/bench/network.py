"""What boots send and receive: enroll, which verifies, beside the plain script, which does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from devices import configuration, create
from enroll_tools.sandbox import Sandbox
from figures import number

from . import Row, Work
from .boots import Sides, device, runtimes, starter
from .relay import Counts, relay

TITLE = "Network"
FORM = "mpy"
WANTED = {  # of a first boot
    "asked": "NTP queries",
    "connections": "TCP connections",
    "hellos": "TLS handshakes",
    "requests": "HTTP requests",
}
SHOWN = {"packets": "packets with data", "bytes": "bytes"}


@dataclass
class Boot:
    """What a boot has sent and received, and its requests in the sandbox's log."""

    counts: Counts
    requests: int

    def __getitem__(self, name: str) -> int:
        found: int = self.requests if name == "requests" else getattr(self.counts, name)
        return found


def measure(work: Work) -> list[Row]:
    """Boot a device of each side twice."""
    sides = Sides(work.folder / "code")
    found: dict[str, list[Boot]] = {}
    with Sandbox() as sandbox, starter(runtimes()[0]) as start:
        tcp, udp = urlsplit(sandbox.url("etherfax")).port, int(sandbox.ntp.rpartition(":")[2])
        assert tcp
        with relay(tcp, udp) as between:
            for number, side in enumerate(("enroll", "plain")):
                config = through(
                    configuration(sandbox, "etherfax", create(sandbox, "etherfax", str(number))), between.ports
                )
                folder = device(work.folder / side, config)
                for boot in work.each(("first", "second"), side):
                    before = len(sandbox.log("etherfax"))
                    start(folder, *sides.start(side, FORM))
                    found.setdefault(boot, []).append(Boot(between.taken(), len(sandbox.log("etherfax")) - before))
    return rows(found)


def through(config: dict[str, Any], ports: dict[str, int]) -> dict[str, Any]:
    """`config` for a device whose traffic passes the relay with these `ports`."""
    port = str(urlsplit(config["url"]).port)
    return {**config, "url": config["url"].replace(port, str(ports["tcp"])), "ntp": [f"127.0.0.1:{ports['udp']}"]}


def rows(found: dict[str, list[Boot]]) -> list[Row]:
    """The rows for the boots {"first": [enroll's, the script's], "second": ...}."""
    ours, theirs = found["first"]
    table = [
        judged(f"first.{name}", f"first boot, {words}", ours[name], theirs[name], 1) for name, words in WANTED.items()
    ]
    table += [
        judged(f"first.{name}", f"first boot, {words}", ours[name], theirs[name]) for name, words in SHOWN.items()
    ]
    ours, theirs = found["second"]
    return [*table, judged("second.packets", "second boot, packets with data", ours["packets"], theirs["packets"], 0)]


def judged(name: str, what: str, ours: int, theirs: int, target: int | None = None) -> Row:
    """The row of a number of both sides; that of enroll must be `target`."""
    return Row(name, what, ours, "=", target, "", 0, number(ours), number(theirs))
