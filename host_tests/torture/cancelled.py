"""A registration is cancelled at every await."""

from collections.abc import Iterator
from functools import partial

from devices import FIRST

from torture.faults import Batch, Bench, on_micropython

TITLE = "cancellation at every await"


def batches(full: bool, bench: Bench) -> Iterator[Batch]:
    for runtime in bench.runtimes if full else (bench.small,):
        for service in FIRST if full else ("etherfax", "ickstream"):
            run = partial(on_micropython, "cancelled.py", service, runtime=runtime, heap="8m")
            yield Batch(f"{service}, {runtime}", run)
