"""An exception is raised at each thing that is done once the answer has arrived."""

from collections.abc import Iterator
from functools import partial

from devices import FIRST

from torture.faults import SCRIPTS, Batch, Bench, on_cpython, on_micropython

TITLE = "exception after the answer has arrived"


def batches(full: bool, bench: Bench) -> Iterator[Batch]:
    if not full:
        for way, service in (("request", "ickstream"), ("wire", "etherfax")):
            yield calls(way, service, bench.wide)
        return
    for way in ("request", "wire"):
        for service in FIRST:
            for runtime in bench.runtimes:
                yield calls(way, service, runtime)
            lines = partial(on_cpython, str(SCRIPTS / "exceptions_lines.py"), way, service)
            yield Batch(f"every line, {way}, {service}, CPython", lines)


def calls(way: str, service: str, runtime: str) -> Batch:
    """Every call of the enroller to its parts; `way` is as in scripts/exceptions.py."""
    run = partial(on_micropython, "exceptions.py", way, service, runtime=runtime, heap="8m")
    return Batch(f"every call, {way}, {service}, {runtime}", run)
