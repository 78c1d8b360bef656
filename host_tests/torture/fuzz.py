"""Odd input to everything that reads input: only documented exceptions may be raised."""

import importlib.util
from collections.abc import Iterator

from torture.faults import Batch, Bench, Result, on_cpython, on_micropython

TITLE = "odd input"
TARGETS = ("config", "file", "http", "attempt", "answer", "packet", "text", "slots")
PROPERTIES = ("answer", "attempt", "slots", "text")  # what host_tests/test_properties.py does not have
MANY, FEW = 5000, 250  # inputs of each target on each runtime
SLOW = {"attempt": 60}  # a few of those that take long
SEARCHED = 2000  # inputs that hypothesis makes, which takes long
FIRST = 1  # seed of the first input; another one gives other inputs
PATIENCE = 900  # seconds for the inputs of one target


def on_host(bench: Bench, name: str, how: str, count: int) -> Result:
    """Give `count` inputs to the target `name` on CPython; `how` they are made: see fuzz_cpython.py."""
    arguments = ("-m", "torture.fuzz_cpython", str(bench.folder()), name, how, str(FIRST), str(count))
    return on_cpython(*arguments, patience=PATIENCE)


def on_runtime(bench: Bench, names: tuple[str, ...], runtime: str, counts: dict[str, int]) -> Result:
    """Give as many inputs to the targets `names` as `counts` says, on MicroPython."""
    arguments = (word for name in names for word in (name, str(counts[name])))
    folder = str(bench.folder())
    return on_micropython("fuzz.py", folder, str(FIRST), *arguments, runtime=runtime, patience=PATIENCE, heap="2m")


def batches(full: bool, bench: Bench) -> Iterator[Batch]:
    """Every target on every runtime; guided by coverage where atheris is installed: it has no wheels for the others."""
    counts = {name: MANY if full else SLOW.get(name, FEW) for name in TARGETS}
    for runtime in bench.runtimes:
        for names in [(name,) for name in TARGETS] if full else [TARGETS]:
            what = names[0] if full else "all"
            yield Batch(
                f"{what}, MicroPython, {runtime}",
                lambda names=names, runtime=runtime: on_runtime(bench, names, runtime, counts),
            )
    for how, names in (("seeds", TARGETS), ("properties", PROPERTIES), ("coverage", TARGETS[1:])):
        if how == "coverage" and not (full and importlib.util.find_spec("atheris")):
            continue
        for name in names if full else names[:1]:
            count = min(counts[name], SEARCHED) if how == "properties" else counts[name]
            yield Batch(
                f"{name}, CPython, {how}",
                lambda name=name, how=how, count=count: on_host(bench, name, how, count),
            )
