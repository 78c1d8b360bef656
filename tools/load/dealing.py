"""Deals the devices to the workers: each to one of them, and in later runs to the same folder of journals.

Between machines go numbers of rows, never what is in them: Locust's messages are not encrypted.
"""

from __future__ import annotations

import fcntl
import json
import logging
from collections import deque
from pathlib import Path
from typing import Any

import gevent
from enroll_tools.provision.errors import CONFIGURATION, TRY_AGAIN
from gevent.event import Event
from locust.env import Environment
from locust.runners import WORKER_REPORT_INTERVAL

from .device import BEFORE, REGISTRATION
from .fleet import Member, digest, name_of, share

HERE, DEAL, DONE = "enroll-here", "enroll-deal", "enroll-done"  # messages
LOG = logging.getLogger("load")


class Hand:
    """The devices of this worker. `take` waits until they are dealt."""

    def __init__(self, environment: Environment, members: list[Member], journals: Path) -> None:
        self._runner = environment.runner
        self._members = members
        self._journals = journals
        self._rows: deque[int] = deque()
        self._left = 0  # devices that are not finished
        self._dealt = Event()
        self._lock: Any = None
        self._runner.register_message(DEAL, lambda msg, **_: self._give(msg.data["rows"]))

    def ask(self) -> None:
        """Ask the master for devices, once the test begins."""
        hello = {"folder": name_of(self._journals), "digest": digest(self._members)}
        self._runner.send_message(HERE, hello)

    def _give(self, rows: list[int]) -> None:
        self._lock = (self._journals / f"worker-{getattr(self._runner, 'worker_index', 0)}.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            LOG.error("another run uses %s: wait for its end, or name another --journals", self._journals)
            rows = []
        self._rows.extend(rows)
        self._left = len(rows)
        self._dealt.set()
        self._tell_if_done()

    def take(self) -> Member | None:
        """The next device, None if there is no other."""
        self._dealt.wait()
        return self._members[self._rows.popleft()] if self._rows else None

    def finish(self) -> None:
        """A device that was taken needs no more."""
        self._left -= 1
        self._tell_if_done()

    def _tell_if_done(self) -> None:
        if not self._left:
            self._runner.send_message(DONE, {})


class Dealer:
    """Waits at the master until each worker has said that it is here, deals, and ends the test when all are done."""

    def __init__(self, environment: Environment, members: list[Member], journals: Path) -> None:
        self._environment = environment
        self._runner = environment.runner
        self._members = members
        self._record = journals / "dealt.json"
        self._expected: set[str] = set()
        self._here: dict[str, str] = {}  # the folder of each worker, by its name
        self._done: set[str] = set()
        self._dealt = False
        self._runner.register_message(HERE, self._on_here)
        self._runner.register_message(DONE, self._on_done)

    def begin(self) -> None:
        """The test begins, with the workers that are there by now."""
        clients = getattr(self._runner, "clients", None)  # of a master
        self._expected = {it.id for it in clients.ready} if clients else set()

    def _on_here(self, msg: Any, **_: Any) -> None:
        if msg.data["digest"] != digest(self._members):
            return self._fail(f"{msg.node_id} has read other tables: copy the same files to each machine")
        if self._dealt:
            return LOG.warning("%s came late and gets no devices: start the test again", msg.node_id)
        self._here[msg.node_id] = msg.data["folder"]
        if self._expected <= set(self._here):
            self._dealt = True  # once: a device that two workers have would be registered twice
            self._deal()

    def _deal(self) -> None:
        known = json.loads(self._record.read_text()) if self._record.exists() else {}
        names = list(self._here)
        rows, absent = share(self._members, [self._here[it] for it in names], known)
        partial = self._record.with_suffix(".partial")
        partial.write_text(json.dumps(known))
        partial.replace(self._record)  # before any of them is sent
        if absent:
            LOG.warning("%d devices belong to a machine that is not here: start a worker there", absent)
        for name, numbers in zip(names, rows, strict=True):
            self._runner.send_message(DEAL, {"rows": numbers}, name)

    def _on_done(self, msg: Any, **_: Any) -> None:
        self._done.add(msg.node_id)
        if self._done == set(self._here):
            gevent.spawn_later(WORKER_REPORT_INTERVAL + 0.5, self._runner.quit)  # once the last statistics have come

    def conclude(self) -> None:
        """Say how many devices are registered, by the statistics that have come from the workers."""
        entries = self._environment.stats.entries
        counts = dict.fromkeys((REGISTRATION, BEFORE), 0)
        for (_, what), entry in entries.items():
            if what in counts:
                counts[what] += entry.num_requests - entry.num_failures
        total, registered = len(self._members), sum(counts.values())
        said = "%d of %d devices are registered, %d of them by earlier runs, as far as the workers have told"
        LOG.info(said, registered, total, counts[BEFORE])
        if self._environment.process_exit_code is None:
            self._environment.process_exit_code = 0 if registered == total else TRY_AGAIN

    def _fail(self, why: str) -> None:
        LOG.error(why)
        self._environment.process_exit_code = CONFIGURATION
        gevent.spawn(self._runner.quit)
