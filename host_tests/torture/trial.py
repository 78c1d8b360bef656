"""A device whose service's answers are lost, see orphans.py."""

import contextlib
import itertools
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

import devices
from enroll_tools.sandbox import Sandbox

from torture.faults import Bench, on_micropython
from torture.stage import STATUS, write_plan

TIMEOUT = 1  # seconds for a request
CAP = 1  # seconds between two attempts of a process that goes on; an orphan asks every CAP / 2 to CAP
PATIENCE = 20  # seconds for what has to happen at all

_names = itertools.count(1)


class Lost(Exception):
    """A trial ended differently than it must."""


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
