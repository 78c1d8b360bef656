"""The parts of a run, in their order; each makes rows of the table."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import devices
from enroll_tools.provision.library import library
from enroll_tools.provision.untrusted import clean
from enroll_tools.sandbox import Sandbox

from . import cloud, hardware, unit
from .bench import LOST, Bench, lost
from .row import FAILED, NOT_TRIED, PASSED, Broken, NotTried, Row

Action = Callable[[], dict[str, Any]]


def measured(bench: Bench, name: str, action: Action) -> Row:
    """The row of what `action` shows by its figures, or by what it raises. A board that has gone is waited for."""
    bench.tell(name)
    start = time.monotonic()
    figures: dict[str, Any] = {}
    try:
        figures = action()
        result, text = PASSED, ", ".join(f"{key} {value}" for key, value in figures.items())
    except NotTried as error:
        result, text = NOT_TRIED, str(error)
    except Broken as error:
        result, text = FAILED, str(error)
    except LOST as error:
        result, text = FAILED, lost(error)
        bench.again()
    return Row(name, result, clean(text), round(time.monotonic() - start, 1), figures)


def tests(bench: Bench, name: str, action: Callable[[Bench], dict[str, str]]) -> Row:
    """The row of tests that run on the board."""
    bench.tell(name)
    start = time.monotonic()
    return unit.summary(name, action(bench), round(time.monotonic() - start, 1))


def unit_tests(bench: Bench) -> Iterator[Row]:
    """The library's own tests."""
    yield tests(bench, "unit tests", unit.tests)
    yield unit.left_out()


def flash(bench: Bench) -> Iterator[Row]:
    """Records on flash, power cuts, and resets while one is saved."""
    unit.install(bench)
    yield tests(bench, "power cuts in memory", unit.power_cuts)
    yield measured(bench, "records on flash", lambda: hardware.records(bench))
    yield measured(bench, "resets while saving", lambda: hardware.resets(bench))
    yield Row("records in NVS", NOT_TRIED, "NVS is the whole board's, and no folder of a test")


def network(bench: Bench) -> Iterator[Row]:
    """All that needs the sandbox."""
    names = ["TLS, certificates good and bad", *(f"two boots, {it}" for it in devices.FIRST), "link down and up"]
    try:
        cloud.reachable(bench)
        with cloud.sandbox(bench) as it:
            cloud.install(bench, it)
            yield from _network(bench, it, names)
    except NotTried as error:
        for name in names:
            yield Row(name, NOT_TRIED, str(error))


def _network(bench: Bench, it: Sandbox, names: list[str]) -> Iterator[Row]:
    yield measured(bench, names[0], lambda: cloud.tls(bench, it))
    for service, name in zip(devices.FIRST, names[1:], strict=False):
        yield measured(bench, name, lambda service=service: cloud.boots(bench, it, service))  # type: ignore[misc]
    yield measured(bench, names[-1], lambda: cloud.link(bench, it))


def board(bench: Bench) -> Iterator[Row]:
    """Heap, flash, watchdog and sleep."""
    yield measured(bench, "heap and flash", lambda: hardware.figures(bench))
    yield measured(bench, "watchdog", lambda: hardware.watchdog(bench))
    yield measured(bench, "deep sleep", lambda: hardware.sleep(bench))
    yield measured(bench, "memory through deep sleep", lambda: hardware.memory(bench))


STAGES = {"unit": unit_tests, "flash": flash, "network": network, "board": board}


def everything(bench: Bench, only: tuple[str, ...]) -> Iterator[Row]:
    """The rows of all stages, or of those in `only`; the others are rows that say so."""
    bench.write({path.removeprefix("/"): data for path, data in library(False).items()})
    for name, stage in STAGES.items():
        if only and name not in only:
            yield Row(name, NOT_TRIED, "it was not asked for")
            continue
        with contextlib.closing(stage(bench)) as rows:  # type: ignore[type-var]
            yield from rows
