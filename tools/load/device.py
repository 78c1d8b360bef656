"""One device: the firmware's own enroller, session and calls, from a row of a table to calls with its credential."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import enroll
from enroll import calls, tasks
from enroll.config import Config, provider
from enroll.enroller import Enroller
from enroll.session import Session

from .firmware import WATCH, Turns
from .fleet import Member

REGISTRATION, BEFORE, ATTEMPT, CALL = "registration", "registered before", "attempt", "call"


@dataclass(frozen=True)
class Report:
    """Something that a device did. `what`: a request's method, or one of the words above. `outcome`: "", or in
    a word why it failed. `seconds`: how long it took.
    """

    what: str
    name: str  # the provider's
    outcome: str
    seconds: float


class Port:
    """What a board's port.py is to the firmware, for a computer that is in the network and has the time."""

    sleep = staticmethod(time.sleep)

    def connect(self, _networks: Any) -> tuple[()]:
        """There is nothing to wait for."""
        return ()

    def set_clock(self, _now: int) -> None:
        """The computer's clock is right."""

    def identity(self) -> dict[str, str]:
        """Nothing: the table says it."""
        return {}

    def feed(self) -> None:
        """There is no watchdog."""


class Device:
    """A device of the fleet. `tell` gets each Report."""

    known = False  # whether an earlier run has registered it
    config: Config

    def __init__(self, member: Member, tell: Callable[[Report], None], turns: Turns) -> None:
        self.provider = member.provider
        self.port = Port()
        self._member = member
        self._turns = turns
        self._tell = tell
        self._session: Any = None
        self._calls = 0

    def register(self) -> None:
        """Make attempts until it is registered, as far apart as the firmware makes them, and do what the firmware does
        right after that. Sends nothing if an earlier run has registered it.

        Raises EnrollError if no later attempt can succeed: its configuration or its record is wrong.
        """
        began = time.perf_counter()
        enroller = None
        try:
            while True:
                with self._turns.turn():
                    enroller = enroller or self._boot()
                    action = self._attempt(enroller)
                if action.credential:
                    break
                self.port.sleep(action.at)
        finally:
            if enroller:
                enroller.close()
        self._session = Session(self.config, self.port, action.credential)
        if not self.known:
            self._say(REGISTRATION, "", began)
            if outcome := self._run(calls.settle(self._session, True)):
                self._say(CALL, outcome, began)

    def _boot(self) -> Enroller:
        """Read configuration and journal."""
        self.config = Config(self._member.data())
        self.known = enroll.stored(self.config, self.port) is not None
        if self.known:
            self._say(BEFORE, "", time.perf_counter())
        return Enroller(self.config, self.port)

    def _attempt(self, enroller: Enroller) -> Any:
        began = time.perf_counter()
        token = WATCH.set(self._requested)
        try:
            action = tasks.run(enroller.attempt(), self.port.feed, self.port.sleep, enroller)
        except enroll.EnrollError as error:
            self._say(ATTEMPT, error.kind, began)
            raise
        finally:
            WATCH.reset(token)
        if not self.known:
            self._say(ATTEMPT, action.error.kind if action.error else "", began)
        return action

    def call(self) -> bool:
        """Make a call with the credential: telemetry if the service takes it, else a harmless one. False if there is
        none. After two 401s the firmware registers the device again.
        """
        began = time.perf_counter()
        task = self._harmless()
        if task is None:
            return False
        self._say(CALL, self._run(task), began)
        return True

    def _harmless(self) -> Any:
        session = self._session
        self._calls += 1
        try:
            module = provider(f"{self.provider}.device")
        except ImportError:
            return None
        if hasattr(module, "telemetry"):
            return module.telemetry(session, {"calls": self._calls})
        found = module.example(session.credential)
        return found and session.task(*found[:2], repeat=True, json=found[2])

    def _run(self, task: Any) -> str:
        """Run a task of the session; returns "" or why it failed."""
        token = WATCH.set(self._requested)
        try:
            response = self._session.run(task)
        except enroll.EnrollError as error:
            return str(error.kind)
        except OSError as error:
            return _word(error)
        finally:
            WATCH.reset(token)
        status = getattr(response, "status_code", 200)
        return "" if status < 400 else f"HTTP {status}"

    def _requested(self, method: str, seconds: float, status: int | None, failure: Exception | None) -> None:
        """A status is the service's own word, such as "not yet": the attempt's outcome says what it meant."""
        self._tell(Report(method, f"{self.provider}" + (f" HTTP {status}" if status else ""), _word(failure), seconds))

    def _say(self, what: str, outcome: str, began: float) -> None:
        self._tell(Report(what, self.provider, outcome, time.perf_counter() - began))

    def close(self) -> None:
        """Close its connection."""
        if self._session:
            self._session.close()


def _word(failure: Exception | None) -> str:
    """A word for why no answer came, the same one for each device."""
    if failure is None:
        return ""
    return str(getattr(failure, "kind", "")) or errno.errorcode.get(getattr(failure, "errno", None) or 0, "network")
