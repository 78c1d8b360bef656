"""The power is cut at every block operation, under a device's real file systems."""

import subprocess
from collections.abc import Iterator
from functools import partial

import trustme
from devices import FIRST
from runtimes import micropython

from torture.faults import Batch, Bench, on_micropython

TITLE = "power cut at every block operation"
KINDS = ("fat", "lfs2", "fat-4096", "lfs2-4096", "lfs1")  # as in fakes/blocks.py
STEPWISE = ("azure", "thingsboard", "cumulocity", "rest", "oauth-client", "oauth")  # the models of stepwise.py
REFRESHED = STEPWISE[4:]  # the last one only in full: the one before it does all that it does
ACTIONS = ("boot", "boot once more", "replace", "forget", "move")


def cases(full: bool, bench: Bench) -> Iterator[tuple[str, str, str, str]]:
    """(runtime, action, file system, service) for everything that is cut."""
    if not full:
        for kind in KINDS[:2]:
            for service in ("etherfax", "ickstream"):
                yield from ((bench.wide, action, kind, service) for action in ACTIONS)
            yield bench.wide, "erase", kind, "ickstream"
        return
    for runtime in bench.runtimes:
        kinds = on_all(runtime) if runtime == bench.wide else KINDS[:2]
        for kind in kinds:
            yield from ((runtime, action, kind, service) for service in FIRST for action in ACTIONS)
            yield runtime, "erase", kind, "ickstream"
    yield from ((bench.wide, "boot worn", "fat", service) for service in FIRST)
    for kind in ("fat", "lfs2-4096"):
        yield from ((bench.wide, "boot twice", kind, service) for service in ("etherfax", "ickstream"))


def on_all(runtime: str) -> tuple[str, ...]:
    """The file systems that the MicroPython `runtime` has."""
    return (*KINDS[:4], *KINDS[4:] * built(runtime, "VfsLfs1"))


def built(runtime: str, name: str) -> bool:
    """Whether the MicroPython `runtime` has the file system `name`."""
    command = [str(micropython(runtime)), "-c", f"import vfs; vfs.{name}"]
    return not subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode


def batches(full: bool, bench: Bench) -> Iterator[Batch]:
    coarse = () if full else ("coarse",)
    for runtime, action, kind, service in cases(full, bench):
        run = partial(on_micropython, "power_cuts.py", action, kind, service, *coarse, runtime=runtime, heap="8m")
        yield Batch(f"{action}, {service}, {kind}, {runtime}", run)
    for kind in KINDS[:4] if full else KINDS[1:2]:
        for service in ("etherfax", "xyte") if full else ("xyte",):
            run = partial(on_micropython, "power_renewal.py", kind, service, *coarse, runtime=bench.wide, heap="8m")
            yield Batch(f"renewal, {service}, {kind}", run)
    for kind in on_all(bench.wide) if full else KINDS[:1]:
        for service in STEPWISE[: None if full else -1]:
            run = partial(on_micropython, "power_steps.py", kind, service, *coarse, runtime=bench.wide, heap="8m")
            yield Batch(f"several steps, {service}, {kind}", run)
        for service in REFRESHED[: None if full else -1]:
            run = partial(on_micropython, "power_refresh.py", kind, service, *coarse, runtime=bench.wide, heap="8m")
            yield Batch(f"refresh, {service}, {kind}", run)
    for service in FIRST if full else ("xyte",):
        for action in ACTIONS[:4]:
            run = partial(on_micropython, "power_nvs.py", action, service, runtime=bench.small)
            yield Batch(f"{action}, {service}, NVS of ESP32", run)
    ca = bench.folder() / "ca.pem"
    trustme.CA(key_type=trustme.KeyType.ECDSA).cert_pem.write_to_path(ca)
    for kind in KINDS[:2]:
        run = partial(on_micropython, "power_ca.py", kind, "ickstream", str(ca), *coarse, runtime=bench.wide, heap="8m")
        yield Batch(f"a CA on the same flash, ickstream, {kind}", run)
    for kind in KINDS[:4] if full else KINDS[:2]:
        for service in ("etherfax", "ickstream"):
            run = partial(on_micropython, "power_costs.py", kind, service, runtime=bench.wide, heap="8m")
            yield Batch(f"costs, {service}, {kind}", run)
