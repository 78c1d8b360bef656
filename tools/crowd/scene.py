"""Devices that boot at once at a sandbox which takes few of them a second, and is killed in the middle: for real.

Each is a process of MicroPython that runs the firmware over TLS. The sandbox runs in a process of its own.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import packages
from enroll_tools.sandbox import Sandbox
from runtimes import preferred

from . import members, records
from .members import Member
from .served import Served

SECONDS = 200  # for all to be registered
LOOK = 0.1  # seconds between two looks at the processes

Say = Callable[[int], object]


class Scene:
    """A crowd and its sandbox, in `folder`; `retry` are the devices' waits, in seconds."""

    def __init__(self, folder: Path, number: int, most: int, retry: dict[str, int] | None = None) -> None:
        library = folder / "library"
        packages.write_files(library, bytecode=True)  # as most boards have it
        self.served = Served(folder / "sandbox", most)
        with Sandbox(self.served.state, ports=self.served.ports) as sandbox:
            self.members = members.make(sandbox, number, folder, preferred(), library, retry or members.RETRY)
        self.run = records.Run(number, most)

    def play(self, away: float, seconds: float = SECONDS, say: Say = lambda _: None) -> records.Run:
        """Boot all; kill the sandbox once a third is registered, for `away` seconds; wait until all are registered, or
        for so many `seconds`. `say` is told how many are.
        """
        with contextlib.ExitStack() as ending:
            ending.enter_context(self.served.serving())
            self._hold()
            ending.enter_context(members.running(self.members))
            began = self.members[0].started[0]
            self.run.booted = time.time() - began
            end = began + seconds
            self._wait(len(self.members) // 3, end, say)
            self._wait_for_held(end)
            self.served.kill()
            killed = time.time() - began
            time.sleep(away)
            self.served.start()
            self.run.away = killed, time.time() - began
            self._wait(len(self.members), end, say)
        with Sandbox(self.served.state, ports=self.served.ports) as sandbox:
            return records.read(self.run, self.members, sandbox)

    def _wait(self, number: int, end: float, say: Say) -> None:
        """Until so many are registered; meanwhile help those that ask for a person."""
        while time.time() < end:
            done = sum(it.registered() for it in self.members)
            say(done)
            if done >= number:
                return
            for it in self.members:
                if not it.resets and it.doubtful():
                    self._help(it)
            time.sleep(LOOK)

    def _hold(self) -> None:
        """Let the first answer of each service with a credential be late, so that the kill loses it for certain."""
        for service in members.SERVICES:
            self.served.ask("fault", service=service, kind="slow", delay=60, registration=True, times=1)

    def _wait_for_held(self, end: float) -> None:
        """Until each service has registered the device whose answer is late."""
        while time.time() < end and any(it["kind"] == "slow" for it in self.served.ask("faults")):
            time.sleep(LOOK)

    def _help(self, it: Member) -> None:
        """What a person does about a device that says it may be registered already: reset it in the portal, and switch
        it off and on again, so that it need not wait.
        """
        it.power_off()
        it.resets += 1
        if it.service == "etherfax":
            self.served.ask("etherfax/reset", serial=it.name)
        elif it.service == "xyte":
            for row in self.served.ask("xyte/devices"):
                if row["sn"] == it.name and not row["deleted"]:
                    self.served.ask("xyte/delete", device_id=row["id"])
        else:
            it.section["registration_token"] = self.served.ask("ickstream/create-token", user=f"user-{it.number}")
            it.device.write(it.config)
        it.boot()
