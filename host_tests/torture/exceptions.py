"""An exception is raised at everything that is done once the answer has arrived."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from devices import SERVICES

from torture.faults import ROOT, SCRIPTS, Batch, Bench, Result, on_micropython, read

TITLE = "exception after the answer has arrived"


def on_cpython(script: str, *arguments: str, patience: float = 300) -> Result:
    """Run a script of `scripts/` on CPython, with the library on its path, and read what it prints."""
    folders = (ROOT / "lib", ROOT / "firmware", SCRIPTS, ROOT / "host_tests/pure", ROOT / "host_tests")
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / script), *arguments],
        env={**os.environ, "PYTHONPATH": ":".join(map(str, folders))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=patience,
        check=False,
    )
    return read(done.stdout.decode().splitlines(), f"exit status {done.returncode}" if done.returncode else "")


def batches(full: bool, bench: Bench) -> Iterator[Batch]:
    if not full:
        for way, service in (("request", "ickstream"), ("wire", "etherfax")):
            yield calls(way, service, 64)
        return
    for way in ("request", "wire"):
        for service in SERVICES:
            for width in bench.widths:
                yield calls(way, service, width)
            lines = partial(on_cpython, "exceptions_lines.py", way, service)
            yield Batch(f"every line, {way}, {service}, CPython", lines)


def calls(way: str, service: str, width: int) -> Batch:
    """Every call of the enroller to its parts; `way` is as in scripts/exceptions.py."""
    run = partial(on_micropython, "exceptions.py", way, service, width=width, heap="8m")
    return Batch(f"every call, {way}, {service}, {width} bits", run)
