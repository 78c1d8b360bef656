"""A sandbox with realistic content for pictures: devices of all services, in several states, and what went wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from enroll_tools.sandbox import Sandbox, samples
from enroll_tools.sandbox.clock import parse_time
from enroll_tools.unix_device import UnixDevice

START = parse_time("2026-12-01T09:00:00Z")
DAY = 86_400
TIMELINE = "MT204100017"  # the device that meets one trouble after another
SECTION = "etherfax"


class Showcase:
    """A running sandbox whose clock stands still between two steps, so that each run shows the same times."""

    def __init__(self, folder: Path, sandbox: Sandbox, micropython: Path) -> None:
        self.sandbox = sandbox
        self._folder = folder
        self._micropython = micropython
        self._moment = START

    def now(self) -> float:
        """The sandbox's time."""
        return self._moment

    def after(self, seconds: float) -> None:
        """Let so much time pass."""
        self._moment += seconds

    def device(self, service: str, section: dict[str, Any]) -> UnixDevice:
        """A board with genuine firmware."""
        config = samples.configuration(self.sandbox, service, section)
        count = len(list(self._folder.glob("flash*")))
        return UnixDevice(self._folder / f"flash{count}", self._micropython, config)

    def fill(self) -> None:
        """Make all that the pictures show."""
        self._fleet()
        self._waiting()
        self._troubled()
        self.sandbox.fault("xyte", kind="busy", expires=600)
        self.sandbox.fault("rest", kind="lost-answer", device="SN-0002", expires=300)

    def _fleet(self) -> None:
        for name in ("azure", "thingsboard", "xyte", "centagate", "ickstream", "rest"):
            self.after(61)
            device = self.device(name, samples.create(self.sandbox, name))
            assert device.boot().registered, device.outcomes
        samples.create(self.sandbox, "rest", "2")
        samples.create(self.sandbox, "azure", "2")
        self.sandbox.azure.disable("sensor-0002")
        for serial in ("MT204100018", "MT204100019", "MT204100020"):
            self.after(47)
            self.sandbox.etherfax.create(serial)
        self.sandbox.etherfax.enable("MT204100018")
        self.sandbox.etherfax.enable("MT204100019")
        assert self.device(SECTION, {"serial": "MT204100019"}).boot().registered

    def _waiting(self) -> None:
        """A board at Cumulocity that waits for a person."""
        self.after(75)
        samples.create(self.sandbox, "cumulocity")
        section = samples.create(self.sandbox, "cumulocity", "2", by_hand=True)
        self.device("cumulocity", section).boot(once=True, timeout=2)

    def _troubled(self) -> None:
        """A board with a wrong clock, which then meets another CA and a busy service before it registers."""
        self.after(80)
        self.sandbox.etherfax.create(TIMELINE, enabled=True)
        device = self.device(SECTION, {"serial": TIMELINE})
        for spoil in (self._day_behind, self._other_ca, self._busy, lambda: None):
            self.after(60)
            spoil()
            device.boot(once=True)
            self.sandbox.clear_faults()
            self.sandbox.ntp_offset(0)

    def _other_ca(self) -> None:
        self.sandbox.fault("*", kind="certificate-other-ca", times=1)

    def _day_behind(self) -> None:
        self.sandbox.ntp_offset(-DAY)

    def _busy(self) -> None:
        self.sandbox.fault(SECTION, kind="busy", times=1)


@contextlib.contextmanager
def showcase(folder: Path, micropython: Path) -> Iterator[Showcase]:
    """A sandbox with all of it."""
    with Sandbox(folder / "state") as sandbox:
        shown = Showcase(folder, sandbox, micropython)
        with mock.patch.object(sandbox.clock, "now", shown.now):
            shown.fill()
            yield shown
