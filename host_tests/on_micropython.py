"""Runs the tests of host_tests/pure unchanged on CPython and on each MicroPython.

Every `test_*` function there is one item per runtime. A file is run once in each MicroPython, with the tests that are
selected, by host_tests/pure/run.py; the items of that runtime then report what it said about them. Files named
test_micropython_* need what CPython has not.
"""

import functools
import json
import os
import subprocess
from pathlib import Path

import leaks
import pytest
from runtime import Unavailable, micropython

PURE = Path(__file__).resolve().parent / "pure"
ROOT = PURE.parent.parent
WIDTHS = {"micropython-64": 64, "micropython-32": 32}
MARK = "@result "  # before what run.py prints for a test
PATIENCE = 50  # seconds for one file


@functools.cache
def interpreter(runtime: str) -> Path | Unavailable:
    """Path of the MicroPython, or why it cannot be had; only the 32-bit one may be left out."""
    try:
        return micropython(WIDTHS[runtime])
    except Unavailable as error:
        if WIDTHS[runtime] == 64:
            raise pytest.UsageError(error.message) from error
        return error


def pytest_report_header() -> list[str]:
    found = {runtime: interpreter(runtime) for runtime in WIDTHS}
    return [f"{name}: {'left out: ' + it.message if isinstance(it, Unavailable) else it}" for name, it in found.items()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make each pure test an item per runtime, as if it had a parameter `runtime`."""
    path = metafunc.definition.path
    if path.parent == PURE:
        runtimes = [name for name in WIDTHS if isinstance(interpreter(name), Path)]
        if not path.name.startswith("test_micropython_"):
            runtimes.insert(0, "cpython")
        metafunc.fixturenames.append("runtime")
        metafunc.parametrize("runtime", runtimes)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Report what MicroPython said about this item; items of CPython are called as ever."""
    runtime = pyfuncitem.callspec.params.get("runtime") if hasattr(pyfuncitem, "callspec") else None
    if runtime not in WIDTHS:
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
def run(runtime: str, path: Path, *names: str) -> tuple[dict[str, str], str]:
    """Run tests of one file: ({name: traceback, empty if it passed}, what else was printed)."""
    folders = [ROOT / "lib", ROOT / "boards" / "unix", ".frozen"]
    command = [str(interpreter(runtime)), str(PURE / "run.py"), str(path), *names]
    environment = {**os.environ, "MICROPYPATH": ":".join(map(str, folders))}
    try:
        done = subprocess.run(
            command,
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        output, end = done.stdout, f"exit status {done.returncode}"
    except subprocess.TimeoutExpired as error:
        output, end = error.output or b"", f"no end after {PATIENCE} s"
    lines = output.decode(errors="replace").splitlines()
    results = dict(json.loads(line.removeprefix(MARK)) for line in lines if line.startswith(MARK))
    rest = [line for line in lines if not line.startswith(MARK)]
    leaks.hear(f"{path.name} on {runtime}", "\n".join(rest))
    return results, "\n".join([*rest, end])
