"""A device's records may hold anything."""

from collections.abc import Iterator
from functools import partial

from devices import FIRST

from torture.faults import Batch, Bench, on_micropython

TITLE = "stored records damaged or of others"


def batches(full: bool, bench: Bench) -> Iterator[Batch]:
    coarse = () if full else ("coarse",)
    for runtime in bench.runtimes if full else (bench.wide,):
        for service in FIRST if full else ("etherfax", "ickstream"):
            run = partial(on_micropython, "records_damage.py", service, *coarse, runtime=runtime, heap="8m")
            yield Batch(f"damage, {service}, {runtime}", run)
        for service in FIRST if full else ("etherfax",):
            run = partial(on_micropython, "records_pairs.py", service, *coarse, runtime=runtime, heap="8m")
            yield Batch(f"pairs, {service}, {runtime}", run)
