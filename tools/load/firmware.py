"""lib/enroll under CPython, for many devices in one process that wait for each other's sockets, not for a watchdog."""

from __future__ import annotations

import contextlib
import copy
import functools
import threading
import time
from collections.abc import Callable, Generator
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import cpython

Task = Generator[Any, Any, Any]
Watch = Callable[[str, float, "int | None", "Exception | None"], None]

TURNS = 32  # of each worker

# Told of each request of this greenlet: its method, seconds until the answer's head, its status, and why there is none.
WATCH: ContextVar[Watch] = ContextVar("WATCH", default=lambda *_: None)


def install() -> None:
    """Make the library importable. Call this before anything imports it, and `adapt` afterwards."""
    # It collects before each request, as a small heap needs it; in a large one that takes longer than the request.
    cpython.install(gc=SimpleNamespace(collect=lambda: None, mem_free=lambda: 1 << 30))


def adapt(turns: int = TURNS, put: Callable[[Any, str, Any], None] = setattr) -> None:
    """Give the library this computer's clock, undivided pauses, and a client that is watched.

    `turns`: see Turn. `put`: sets a name of a module.
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
        if seconds > 0:
            yield seconds

    load = functools.cache(connection.trust)

    def trust(ca: str | None, log: Any = None) -> Any:
        """The CA is read once, not for each device; a connection has its own callback."""
        return copy.copy(load(ca))

    watched = Turn(turns).watched(http1.exchange)
    for module, name, value in (
        (clock, "ask", ask),
        (connection, "trust", trust),
        (tasks, "pause", pause),
        (http1, "exchange", watched),
        (requests, "exchange", watched),
    ):
        put(module, name, value)


class Turn:
    """Lets `most` devices at a time make a connection. Else their deadlines would pass, and registrations be lost, only
    because this computer is busy with the handshakes of others. Devices that wait for an answer take no turn.
    """

    def __init__(self, most: int) -> None:
        self._turns = threading.Semaphore(most)

    def watched(self, exchange: Callable[..., Task]) -> Callable[..., Task]:
        """The firmware's `exchange`, whose deadline begins when its turn comes, told to WATCH."""

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
            turn = contextlib.ExitStack()
            turn.enter_context(self._turns)

            def connected() -> None:
                turn.close()
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
                turn.close()
                if status or failure:  # else it was cancelled
                    WATCH.get()(method, time.perf_counter() - began, status, failure)

        return watched
