"""A profile for Locust: each user is a device, which registers once and then calls its service. See docs/load.md."""

from __future__ import annotations

import logging
import signal
import sys
import time
from pathlib import Path
from typing import Any

import gevent
from enroll_tools.provision.errors import Failure
from gevent.lock import BoundedSemaphore
from locust import User, constant, events, runners, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopUser

from load import firmware, fleet

firmware.install()
TURNS = firmware.Turns(BoundedSemaphore(firmware.MOST))
firmware.adapt(TURNS)

from enroll.errors import EnrollError  # noqa: E402

from load.dealing import Dealer, Hand  # noqa: E402
from load.device import Device, Report  # noqa: E402

LOG = logging.getLogger("load")

# Seconds without a sign of life after which Locust takes a worker's users away, whose devices then wait for the next
# run. On a busy computer, Locust's own 3 are too few.
runners.HEARTBEAT_LIVENESS = 30


@events.init_command_line_parser.add_listener
def options(parser: LocustArgumentParser) -> None:
    """The options of the profile."""
    more: dict[str, Any] = {"include_in_web_ui": False}
    parser.add_argument(
        "--fleet",
        nargs=2,
        action="append",
        metavar=("ENROLL.JSON", "DEVICES.CSV"),
        help="The devices, as `enroll-provision fleet` reads them. May be repeated.",
        **more,
    )
    parser.add_argument(
        "--journals",
        default=".cache/load/journals",
        help="Folder with each device's journal: a device that is registered is never registered again.",
        **more,
    )
    parser.add_argument(
        "--calls",
        type=float,
        default=0,
        metavar="SECONDS",
        help="How long each device calls its service once it is registered. [default: 0]",
        **more,
    )
    parser.add_argument("--every", type=float, default=10, metavar="SECONDS", help="A call so often.", **more)
    parser.add_argument(
        "--yes-register-for-real",
        action="store_true",
        help="Needed if a service is not on this computer: the registrations are real, and most cannot be repeated.",
        **more,
    )


@events.init.add_listener
def begin(environment: Environment, **_: Any) -> None:
    """Read the tables; in each process, since rows hold secrets."""
    asked = environment.parsed_options
    try:
        members = fleet.read([(Path(one), Path(other)) for one, other in asked.fleet or ()], Path(asked.journals))
        fleet.check(members, asked.yes_register_for_real)
    except Failure as failure:
        print(f"load: {failure.message}", file=sys.stderr)
        sys.exit(failure.exit_code)
    Path(asked.journals).mkdir(parents=True, exist_ok=True)
    runner = environment.runner
    if not isinstance(runner, runners.WorkerRunner):
        environment.dealer = Dealer(environment, members, Path(asked.journals))
    if not isinstance(runner, runners.MasterRunner):
        environment.hand = Hand(environment, members, Path(asked.journals))
        # Python raises KeyboardInterrupt wherever it is, such as in a device whose registration is under way.
        gevent.signal_handler(signal.SIGINT, gevent.spawn, runner.quit)


@events.test_start.add_listener
def start(environment: Environment, **_: Any) -> None:
    """Each worker asks for its devices."""
    if hasattr(environment, "dealer"):
        environment.dealer.begin()
    if hasattr(environment, "hand"):
        environment.hand.ask()


@events.quitting.add_listener
def end(environment: Environment, **_: Any) -> None:
    """Say how many are registered: the exit status is 75 where some are not yet, as it is for a single device."""
    if hasattr(environment, "dealer"):
        environment.dealer.conclude()


class Board(User):
    """One device at a time; once it is done, the next one of this worker."""

    wait_time = constant(0)

    @task
    def live(self) -> None:
        """Register, and call the service for as long as was asked for."""
        hand = self.environment.hand
        member = hand.take()
        if member is None:
            raise StopUser
        device = Device(member, self._report, TURNS)
        try:
            device.register()
            self._call(device)
        except EnrollError as error:  # no later attempt can put it right
            LOG.error("%s: %s", member.provider, error)
        finally:
            device.close()
        hand.finish()

    def _call(self, device: Device) -> None:
        options = self.environment.parsed_options
        end = time.monotonic() + options.calls
        while time.monotonic() < end and device.call():
            time.sleep(options.every)

    def _report(self, it: Report) -> None:
        """To Locust, whose failures are by name and text."""
        self.environment.events.request.fire(
            request_type=it.what,
            name=it.name,
            response_time=it.seconds * 1000,
            response_length=0,
            exception=None if not it.outcome else Failed(it.outcome),
            context={},
        )


class Failed(Exception):
    """An outcome, as Locust wants it."""
