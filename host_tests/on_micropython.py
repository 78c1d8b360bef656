"""Gives tests the runtimes they run on; runs those of ROOMS unchanged on CPython and each MicroPython.

A test with the argument `runtime` is an item for each MicroPython that RUNTIMES asks for (see tools/runtimes). So is
every `test_*` function of ROOMS, which is one for CPython too. A file is run once in each MicroPython, with
the tests that are selected, by host_tests/fakes/run.py; the items of that runtime then report what it said about them.
The library is bytecode there: host_tests/system shows that each runtime compiles its sources.
Files named test_micropython_* need what CPython has not.
"""

import collections
import functools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import leaks
import packages
import pytest
import runtimes

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
FAKES = HERE / "fakes"  # what the tests of ROOMS import
ROOMS = [HERE / name for name in ("unit", "scenarios", "ports")]
HOST = "the host"  # where a test runs that needs no MicroPython
MARK = "@result "  # before what run.py prints for a test
PATIENCE = 50  # seconds for one file
AGES = 150  # seconds for one of YEARS, which takes half of a minute where nothing else runs
# What runs on the oldest MicroPython too where RUNTIMES does not say: what differs most between versions.
SLICE = {"test_config_file.py", "test_http1.py", "test_calendar.py", "test_micropython_littlefs.py", "test_session.py"}
SLICE |= {"test_first_boot.py", "test_trust.py"}
# A device over a year: where RUNTIMES does not say, it runs on one MicroPython alone, or on none.
YEARS = {"test_year.py": True, "test_year_xyte.py": False}


def selected(file: str) -> tuple[str, ...]:
    """The MicroPythons that the tests of `file` run on. Raises pytest.UsageError where there is none."""
    try:
        return runtimes.available() + (runtimes.partly() if file in SLICE else ())
    except runtimes.Unavailable as error:
        raise pytest.UsageError(error.message) from error


def pytest_report_header() -> list[str]:
    """Which runtimes there are, and where."""
    found = selected(next(iter(SLICE)))
    left_out = [f"{name} is left out" for name in runtimes.wanted() if name not in found]
    return [f"{name}: {'.'.join(map(str, runtimes.probe(runtimes.place(name))[0]))}" for name in found] + left_out


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note the runtime of a test in its report."""
    if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
        item.user_properties.append(("runtime", item.callspec.params.get("runtime", HOST)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many tests passed on which runtime."""
    reports = terminalreporter.stats.get("passed", [])
    counts = collections.Counter(dict(report.user_properties).get("runtime", HOST) for report in reports)
    terminalreporter.write_line("passed on " + ", ".join(f"{name}: {count}" for name, count in sorted(counts.items())))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make each test that needs a MicroPython an item per runtime."""
    path = metafunc.definition.path
    if path.parent in ROOMS:
        metafunc.fixturenames.append("runtime")
        also = () if path.name.startswith("test_micropython_") else ("cpython",)
        names = (*also, *selected(path.name))
        metafunc.parametrize("runtime", years(names, YEARS[path.name]) if path.name in YEARS else names)
    elif "runtime" in metafunc.fixturenames:
        metafunc.parametrize("runtime", selected(path.name))


def years(names: tuple[str, ...], by_default: bool) -> list[Any]:
    """Parameters for `names`, of which all are long but, `by_default`, the MicroPython with the shortest words."""
    one = min(runtimes.available(), key=runtimes.bits) if by_default else ""
    ages = pytest.mark.timeout(AGES + 10)
    return [pytest.param(name, marks=[ages] if name == one else [ages, pytest.mark.long]) for name in names]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Report what MicroPython said about this item; items of CPython are called as usual."""
    runtime = pyfuncitem.callspec.params.get("runtime") if hasattr(pyfuncitem, "callspec") else None
    if pyfuncitem.path.parent not in ROOMS or runtime == "cpython":
        return None
    chosen = [
        item.originalname
        for item in pyfuncitem.session.items
        if isinstance(item, pytest.Function)
        and item.path == pyfuncitem.path
        and item.callspec.params["runtime"] == runtime
    ]
    results, rest = run(runtime, pyfuncitem.path, *chosen)
    if pyfuncitem.originalname == chosen[0]:
        print(rest)  # what the whole file has printed
    failure = results.get(pyfuncitem.originalname, f"{runtime} ended before this test did.\n{rest}")
    if failure:
        pytest.fail(failure, pytrace=False)
    return True


@functools.cache
def library() -> Path:
    """The library as bytecode, as most boards have it: tests load modules again and again that it unloads."""
    folder = Path(os.environ["TEST_FOLDER"]) / "library"
    packages.write_files(folder, bytecode=True)
    return folder


@functools.cache
def run(runtime: str, path: Path, *names: str) -> tuple[dict[str, str], str]:
    """Run tests of one file: ({name: traceback, empty if it passed}, what else was printed)."""
    folders = [library(), ROOT / "boards" / "unix", ".frozen"]
    command = [str(runtimes.micropython(runtime)), str(FAKES / "run.py"), str(path), *names]
    environment = {**os.environ, "MICROPYPATH": ":".join(map(str, folders))}
    patience = AGES if path.name in YEARS else PATIENCE
    try:
        done = subprocess.run(
            command,
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=patience,
            check=False,
        )
        output, end = done.stdout, f"exit status {done.returncode}"
    except subprocess.TimeoutExpired as error:
        output, end = error.output or b"", f"no end after {patience} s"
    lines = output.decode(errors="replace").splitlines()
    results = dict(json.loads(line.removeprefix(MARK)) for line in lines if line.startswith(MARK))
    rest = [line for line in lines if not line.startswith(MARK)]
    leaks.hear(f"{path.name} on {runtime}", "\n".join(rest))
    return results, "\n".join([*rest, end])
