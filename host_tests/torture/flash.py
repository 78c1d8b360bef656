"""Flash is full, read-only or worn."""

from collections.abc import Iterator
from functools import partial

from devices import FIRST

from torture.faults import Batch, Bench, on_micropython

TITLE = "flash full, read-only or worn"
WAYS = (
    "failing",
    "full",
    "filled",
    "read-only",
    "worn",
)  # as in scripts/flash_faults.py, with "disk", which needs no KIND
KINDS = ("fat", "lfs2")


def batches(full: bool, bench: Bench) -> Iterator[Batch]:
    coarse = () if full else ("coarse",)
    for runtime in bench.runtimes if full else (bench.wide,):
        for service in FIRST if full else ("etherfax", "ickstream"):
            for how, kind in [("disk", "fat"), *((how, kind) for how in WAYS for kind in KINDS)]:
                if full or kind == "fat" or service == "etherfax":
                    run = partial(
                        on_micropython, "flash_faults.py", how, kind, service, *coarse, runtime=runtime, heap="8m"
                    )
                    yield Batch(f"{how}, {service}, {kind}, {runtime}", run)
