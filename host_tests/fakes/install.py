"""Installs the fakes in place of the modules that the library uses."""

import enroll.connection as connection
import enroll.tasks as tasks
from helpers import patched
from wire import Ready


class installed:
    """Context in which the library has `wire` in place of the module `socket`, `clock` in place of `time`, and `select`
    in place of the module of that name: with a wire, all its streams are ready unless this says otherwise. A Flash is
    such a context itself, as each boot has one.
    """

    def __init__(self, wire=None, clock=None, select=None):
        self._changes = []
        if wire:
            self._changes.append(patched(connection, socket=wire))
            self._changes.append(patched(tasks, select=select or Ready()))
        if clock:
            self._time(clock)

    def _time(self, clock):
        from enroll import calendar, renew, requests, sleep

        ticks = {name: getattr(clock, name) for name in ("ticks_ms", "ticks_add", "ticks_diff")}
        self._changes.append(patched((connection, requests, renew, sleep), **ticks))
        self._changes.append(patched(requests, time=clock.time))
        self._changes.append(patched(calendar, time=clock))

    def __enter__(self):
        for change in self._changes:
            change.__enter__()

    def __exit__(self, *_):
        for change in self._changes[::-1]:
            change.__exit__()
