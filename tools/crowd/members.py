"""Devices of the unix port that boot at once: each a process with a folder for its flash, as in tools/devices.py."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devices import Device, configuration, create
from enroll_tools.sandbox import Sandbox

SERVICES = ("etherfax", "ickstream", "xyte")  # one request registers a device, and only once
RETRY = {"first": 1, "cap": 180}  # seconds: a fifth of the firmware's, so that a run ends within minutes
FAILED = re.compile(r"^enroll: (\w+): .*; next attempt in \d+ s$", re.MULTILINE)
DOUBTFUL = ("orphaned", "refused")  # it asks for what a person does in the portal


@dataclass
class Member:
    """A device of the crowd. `name`: what it is called at its service; `config`: its enroll.json."""

    number: int
    service: str
    name: str
    config: dict[str, Any]
    device: Device
    resets: int = 0
    process: subprocess.Popen[bytes] | None = None
    started: list[float] = field(default_factory=list)  # Unix seconds of each boot

    @property
    def section(self) -> dict[str, Any]:
        """Its service's part of enroll.json."""
        found: dict[str, Any] = self.config[self.service]
        return found

    @property
    def said(self) -> Path:
        """The file of what it has printed."""
        return self.device.folder / "said"

    def failures(self) -> list[str]:
        """The kinds of its attempts that failed, in order."""
        return FAILED.findall(self.said.read_text()) if self.said.exists() else []

    def registered(self) -> bool:
        """Whether its process has ended, and it is registered as far as its firmware knows."""
        return self.process is not None and self.process.poll() == 0

    def doubtful(self) -> bool:
        """Whether its last attempt asked for a person."""
        return self.failures()[-1:] != [] and self.failures()[-1] in DOUBTFUL

    def boot(self) -> None:
        """Power on."""
        with self.said.open("ab") as said:
            self.started.append(time.time())
            self.process = subprocess.Popen(
                self.device.command(),
                env=self.device.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def power_off(self) -> None:
        """End its process, if one runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def named(section: dict[str, Any]) -> str:
    """What a device is called in the records of its service."""
    return str(section.get("serial") or section.get("sn") or section["hardware_id"])


def make(
    sandbox: Sandbox, number: int, folder: Path, runtime: str, library: Path, retry: dict[str, int]
) -> list[Member]:
    """Create `number` devices, the services in turn, and write their enroll.json."""
    found = []
    for at in range(number):
        service = SERVICES[at % len(SERVICES)]
        section = create(sandbox, service, str(at + 1))
        config = configuration(sandbox, service, section) | {"retry": retry}
        device = Device(folder / f"device-{at + 1}", runtime, library)
        device.write(config)
        found.append(Member(at + 1, service, named(section), config, device))
    return found


@contextlib.contextmanager
def running(members: list[Member]) -> Iterator[None]:
    """Boot all, one right after the other; whatever happens, their processes end with this."""
    try:
        for it in members:
            it.boot()
        yield
    finally:
        for it in members:
            if it.process is not None:
                it.process.kill()
        for it in members:
            it.power_off()
