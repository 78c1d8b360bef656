"""An exception is raised at everything that is done once the answer has arrived."""

from collections.abc import Iterator
from functools import partial

from devices import SERVICES

from torture.faults import SCRIPTS, Batch, Bench, on_cpython, on_micropython

TITLE = "exception after the answer has arrived"


def batches(full: bool, bench: Bench) -> Iterator[Batch]:
    if not full:
        for way, service in (("request", "ickstream"), ("wire", "etherfax")):
            yield calls(way, service, 64)
        return
    for way in ("request", "wire"):
        for service in SERVICES:
            for width in bench.widths:
                yield calls(way, service, width)
            lines = partial(on_cpython, str(SCRIPTS / "exceptions_lines.py"), way, service)
            yield Batch(f"every line, {way}, {service}, CPython", lines)


def calls(way: str, service: str, width: int) -> Batch:
    """Every call of the enroller to its parts; `way` is as in scripts/exceptions.py."""
    run = partial(on_micropython, "exceptions.py", way, service, width=width, heap="8m")
    return Batch(f"every call, {way}, {service}, {width} bits", run)
