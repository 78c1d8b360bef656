"""An application for Xyte; copy it to app.py. It reports that the device is online and runs commands from the cloud."""

import gc
import os

from enroll import backoff, tasks
from enroll.errors import EnrollError
from enroll.providers.xyte import device

PERIOD = 60  # seconds between two reports


def measure() -> dict:
    """The values to report. Put your product's own here."""
    return {"free_heap": gc.mem_free()}


def collect(parameters: dict) -> str:
    """Handle the command "collect": takes its parameters, and returns the message for the cloud, or raises."""
    gc.collect()
    return "%d bytes free" % gc.mem_free()


HANDLERS = {"collect": collect}


class App:
    """Reports, and runs commands. `config`: the last configuration that came from the cloud."""

    def __init__(self, session) -> None:
        self.session = session
        self.config: dict = {}
        self._version = None
        self._failures = 0

    def once(self) -> None:
        """Send one report and do what the cloud asks for in its answer. Raises OSError and EnrollError."""
        run = self.session.run
        answer = run(device.telemetry(self.session, measure()))
        if answer.get("command"):
            run(device.obey(self.session, HANDLERS))
        if answer.get("config_version") != self._version:
            self.config = run(device.get_config(self.session)).get("config") or {}
            self._version = answer.get("config_version")

    def round(self) -> float:
        """Try to send one report. Returns the seconds to wait until the next."""
        try:
            self.once()
            self._failures = 0
            return PERIOD
        except (OSError, EnrollError) as error:
            print("app: %s" % error)
            self._failures += 1
            config = self.session.config
            chance = int.from_bytes(os.urandom(2), "big") / 65536
            after = getattr(error, "retry_after", None)
            return backoff.delay(self._failures, config.first, config.cap, chance, False, after)


def main(session, rounds: int = -1) -> None:
    """Report without end, or `rounds` times."""
    app = App(session)
    while rounds:
        rounds -= 1
        pause = app.round()
        session.run(tasks.pause(pause))  # feeds the watchdog
