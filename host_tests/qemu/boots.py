"""First and second boots of the firmware on the emulated board, against the sandbox."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import time
from pathlib import Path

import devices
from enroll_tools.sandbox import Sandbox

from .machine import Machine
from .result import Result
from .toolchain import ROOT

OUTCOME = re.compile(r"^enroll: (registered \S+ \S+)\r?$", re.M)
MAIN = ROOT / "firmware" / "main.py"
BOARD = ROOT / "boards" / "unix" / "port.py"  # its link is up and its clock is right, as here
MOUNT = ("exec", "import target; target.mount({})", "+")
BOOT = ("exec", "target.boot()")


def outcome(done: tuple[int | None, str], service: str) -> str:
    """What the firmware says that it has registered. Raises AssertionError."""
    status, output = done
    found = OUTCOME.findall(output)
    assert status == 0 and len(found) == 1 and found[0].split()[1] == service, f"status {status}: {output[-1000:]}"
    return str(found[0])


def first_and_second(machine: Machine, sandbox: Sandbox, service: str, folder: Path) -> None:
    """Put the firmware on an empty disk and boot it; then reset the board and boot again. Raises AssertionError."""
    config = devices.configuration(sandbox, service, devices.create(sandbox, service), "http")
    del config["ca"]
    path = folder / "enroll.json"
    path.write_text(json.dumps(config))
    copy = ("cp", str(MAIN), ":main.py", "+", "cp", str(BOARD), ":port.py", "+", "cp", str(path), ":enroll.json", "+")
    mount = [it.format(True) for it in MOUNT]
    sandbox.clear_log()
    done = machine.mpremote(*mount, *copy, "sha256sum", ":main.py", "+", *BOOT)
    first = outcome(done, service)
    assert hashlib.sha256(MAIN.read_bytes()).hexdigest() in done[1], "main.py was not copied as it is"
    asked = [entry.service for entry in sandbox.log()]
    assert asked == ["ntp", service], f"a first boot asks {asked}"
    opened = machine.modem.opened
    second = outcome(machine.mpremote(*[it.format(False) for it in MOUNT], *BOOT), service)
    assert second == first, f"{second} after {first}"
    assert machine.modem.opened == opened, "a second boot opens a connection"


def run(machine: Machine) -> Result:
    """All services, each with a first and a second boot."""
    result = Result()
    with tempfile.TemporaryDirectory() as folder, Sandbox(Path(folder) / "sandbox") as sandbox:
        for service in devices.FIRST:
            start = time.monotonic()
            failures = []
            try:
                first_and_second(machine, sandbox, service, Path(folder))
            except AssertionError as error:
                failures.append(f"{service}: {error}")
            result += Result(1, not failures, time.monotonic() - start, failures)
    return result
