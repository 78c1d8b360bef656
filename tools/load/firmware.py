"""lib/enroll under CPython, for many devices in one process that wait for each other's sockets, not for a watchdog."""

from __future__ import annotations

import contextlib
import copy
import functools
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import cpython

Task = Generator[Any, Any, Any]
Watch = Callable[[str, float, "int | None", "Exception | None"], None]

MOST = 32  # of each worker

# Told of each request of this greenlet: its method, seconds until the answer's head, its status, and why there is none.
WATCH: ContextVar[Watch] = ContextVar("WATCH", default=lambda *_: None)


def install() -> None:
    """Make the library importable. Call this before anything imports it, and `adapt` afterwards."""
    # It collects before each request, as a small heap needs it; in a large one that takes longer than the request.
    cpython.install(gc=SimpleNamespace(collect=lambda: None, mem_free=lambda: 1 << 30))


def adapt(turns: Turns, put: Callable[[Any, str, Any], None] = setattr) -> None:
    """Give the library this computer's clock, undivided pauses, and a client that is watched and takes turns.

    `put`: sets a name of a module.
    """
    from enroll_tools.provision.library import enroll_config

    enroll_config()  # from here on it unloads nothing
    from enroll import calendar, clock, connection, http1, requests, tasks

    earliest = clock.BUILD

    def ask(config: Any, _log: Any) -> Task:
        """Thousands of devices at one address must not ask a public time server."""
        yield from ()
        return clock.check(calendar.now(), earliest if config.earliest is None else config.earliest)

    def pause(seconds: float) -> Task:
        turns.leave()
        if seconds > 0:
            yield seconds

    load = functools.cache(connection.trust)

    def trust(ca: str | None, log: Any = None) -> Any:
        """The CA is read once, not for each device; a connection has its own callback."""
        return copy.copy(load(ca))

    watched = turns.watched(http1.exchange)
    for module, name, value in (
        (clock, "ask", ask),
        (connection, "trust", trust),
        (tasks, "pause", pause),
        (http1, "exchange", watched),
        (requests, "exchange", watched),
    ):
        put(module, name, value)


class Turns:
    """Lets `most` devices at a time begin an attempt and make a connection. Else their deadlines would pass, and
    registrations be lost, only because this computer is busy with others. A device that waits has no turn.

    `lock`: a semaphore, of gevent where that runs.
    """

    def __init__(self, lock: Any = None) -> None:
        self._lock = lock or threading.Semaphore(MOST)
        self._taken: ContextVar[contextlib.ExitStack | None] = ContextVar("taken", default=None)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, which ends with the block, or before that once a connection has been made in it."""
        with contextlib.ExitStack() as taken:
            taken.enter_context(self._lock)
            before = self._taken.set(taken)
            try:
                yield
            finally:
                self._taken.reset(before)

    def leave(self) -> None:
        """End the turn of this greenlet, if it has one."""
        if taken := self._taken.get():
            taken.close()
            self._taken.set(None)

    def watched(self, exchange: Callable[..., Task]) -> Callable[..., Task]:
        """The firmware's `exchange`, told to WATCH. Its deadline begins when its turn comes."""

        def watched(
            method: str,
            url: str,
            body: Any = b"",
            headers: Any = None,
            timeout: float = 20,
            ca: Any = None,
            ready: Callable[[], None] = lambda: None,
            *more: Any,
            **named: Any,
        ) -> Task:
            taken = self._taken.get() or contextlib.ExitStack()
            if not self._taken.get():
                taken.enter_context(self._lock)
            self._taken.set(None)

            def connected() -> None:
                taken.close()
                ready()

            began = time.perf_counter()
            status = failure = None
            try:
                it = yield from exchange(method, url, body, headers, timeout, ca, connected, *more, **named)
                status = it.status_code
                return it
            except Exception as error:
                failure = error
                raise
            finally:
                taken.close()
                if status or failure:  # else it was cancelled
                    WATCH.get()(method, time.perf_counter() - began, status, failure)

        return watched
