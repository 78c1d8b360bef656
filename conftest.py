"""What every test needs: the library importable under CPython, and the unit tests on every runtime."""

import gc
import importlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import cpython
import hypothesis
import pytest

pytest_plugins = ["leaks", "long", "on_micropython"]

# Files that take longest, longest first: no process is left alone with one of them at the end.
LONG = (
    "test_slices.py",
    "test_upgrade.py",
    "test_outcomes.py",
    "test_testboard.py",
    "test_screen.py",
    "test_one.py",
    "test_year.py",
    "test_year_xyte.py",
    "test_station.py",
    "test_errors.py",
    "test_slow.py",
    "test_registration.py",
    "test_fleet.py",
    "test_hostile.py",
    "test_twenty.py",
    "test_release.py",
    "test_demo_board.py",
    "test_properties.py",
    "test_size.py",
)

_begun: set[Path] = set()  # files

cpython.install()
UNLOAD = importlib.import_module("enroll.config").unload
EXAMPLES = 200 if os.environ.get("RUNTIMES") else 50  # see long.py
hypothesis.settings.register_profile("enroll", derandomize=True, deadline=None, max_examples=EXAMPLES)
hypothesis.settings.load_profile("enroll")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more process than there are processors: many tests wait."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda it: LONG.index(it.path.name) if it.path.name in LONG else len(LONG))


@pytest.fixture(autouse=True)
def real_parts(request: pytest.FixtureRequest) -> Iterator[None]:
    """Under CPython all unit tests share one process: what one of them has left in a module is taken back.

    fake_device.Port replaces `clock.ask` until it is called, which not every test does, and the library's Journal. The
    tool that provisions boards keeps what the library unloads, in the same process.
    """
    from enroll import clock, commit
    from on_micropython import ROOMS

    if request.path.parent not in ROOMS:
        yield
        return

    before = commit.Journal
    for name, module in list(sys.modules.items()):
        if name.startswith("enroll.") and hasattr(module, "unload") and name != "enroll.providers.etherfax":
            module.unload = UNLOAD  # type: ignore[attr-defined]
    yield
    clock.ask = getattr(clock, "real", clock.ask)
    commit.Journal = before


def settle() -> None:
    """The library collects before each request: what pytest holds by now need not be gone through every time."""
    gc.collect()
    gc.freeze()


def pytest_collection_finish() -> None:
    settle()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Once more after the first test of each file, which has imported what the others need."""
    yield
    if item.path not in _begun:
        _begun.add(item.path)
        settle()


def pytest_sessionstart() -> None:
    """One folder for all that the run writes, keys included, whichever runtime or program writes it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it, with all that it starts
    os.environ["TEST_FOLDER"] = os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="enroll-")


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ.pop("TEST_FOLDER", ""), ignore_errors=True)
