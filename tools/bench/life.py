"""Registrations and requests without end in one process, on a small heap that TLS shares."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
from devices import ROOT
from figures import number
from packages import LIBRARY, build_romfs, compiled
from runtimes import micropython
from size import MOUNT, needed

from . import Row, Work
from .boots import served

TITLE = "Long life"
RUNTIME = "chip"  # TLS takes its memory from MicroPython's heap
SERVICE = "etherfax"
HEAP = 65536  # bytes
REGISTRATIONS = 1000
EVERY, REQUESTS = 10, 100  # of so many devices one makes so many requests
PATIENCE = 900  # seconds
LATER = {"session.py", "requests.py", "calls.py", "basic.py", "reset.py", "extra_secrets.py"}  # after a registration
LATER |= {"failed.py", "backoff.py", "tlserror.py", f"providers/{SERVICE}/device.py"}  # and what tells a failure
START = "import sys\n{mount}\nimport life\nsys.exit(life.main({every}, {requests}))"
REPORT = re.compile(
    r"@devices (\d+)\n(?:.*\n)*?GC: total: \d+, used: (\d+), free: (\d+)\n.* max free sz: (\d+)", re.MULTILINE
)
BLOCK = 16  # bytes of a block of the collector, of which 32-bit MicroPython counts its sizes


def measure(work: Work) -> list[Row]:
    """Register, and make requests, until all is done or something fails."""
    count = work.runs(REGISTRATIONS)
    image = romfs(work.folder)
    with served(count, SERVICE) as configs:
        folder = work.folder / "device"
        folder.mkdir()
        shutil.copy(configs[0]["ca"], folder / "ca.der")
        (folder / "fleet").write_text("".join(json.dumps(it | {"ca": "ca.der"}) + "\n" for it in configs))
        work.step(f"{count} registrations")
        return rows(run(folder, image), count)


def romfs(folder: Path) -> Path:
    """The image with what such a device has. The heap holds it here, so a larger one would slow the collector down."""
    tree = folder / "tree"
    for name in needed(SERVICE) | LATER:
        compiled(LIBRARY / name, tree / "enroll" / Path(name).with_suffix(".mpy"))
    compiled(ROOT / "boards/unix/port.py", tree / "port.mpy")
    compiled(Path(__file__).parent / "device" / "life.py", tree / "life.mpy")
    image = folder / "rom"
    build_romfs(image, tree)
    return image


def run(folder: Path, image: Path, heap: int = HEAP) -> str:
    """What the process in `folder` has printed. Its heap is `heap`, and the image with its share of the tables."""
    size = image.stat().st_size
    script = START.format(mount=MOUNT.format(size=size), every=EVERY, requests=REQUESTS)
    command = [str(micropython(RUNTIME)), "-X", f"heapsize={heap + size * 524 // 512}", "-c", script]
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env={"MICROPYPATH": ".frozen"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired as error:
        raise click.ClickException(f"no end after {PATIENCE} s: {error.output!r}") from error


def rows(printed: str, count: int) -> list[Row]:
    """Rows for what a process has printed that was to register `count` devices. Raises ClickException."""
    found = [tuple(map(int, it.groups())) for it in REPORT.finditer(printed)]
    failure = re.search(r"^@failed (\d+) (.*)$", printed, re.MULTILINE)
    if not found or not (failure or found[-1][0] == count):
        raise click.ClickException(printed)
    done = found[-1][0]
    requests = done // EVERY * REQUESTS
    points = {
        "devices": [it[0] for it in found],
        "used": [it[1] for it in found],
        "free": [it[2] for it in found],
        "largest": [it[3] * BLOCK for it in found],
    }
    used, largest = points["used"], points["largest"]
    told = f"{number(done)} registrations, {number(requests)} requests"
    early = min(1, len(found) - 1)  # once all modules are loaded
    return [
        Row(
            "failures",
            f"failures in one process with a heap of {HEAP // 1024} KiB",
            int(bool(failure)),
            "<=",
            0,
            unit="",
            digits=0,
            ours=told + (f", then: {failure[2]}" if failure else ""),
            points=points,
        ),
        shown("largest", "largest free block after the last", largest[-1], largest[0], largest[early]),
        shown("growth", "heap that is taken after the last", used[-1] - used[0], 0, used[early] - used[0]),
    ]


def shown(name: str, what: str, last: int, first: int, early: int) -> Row:
    """The row of a figure of bytes without a target: before the first device, after EVERY and after the `last`."""
    told = f"{number(first)} bytes before the first, {number(early)} after {EVERY}"
    return Row(name, what, last, unit="bytes", digits=0, ours=told)


def draw(rows: list[Row]) -> dict[str, tuple[Any, str]]:
    """What is free, and the largest block of it, over the registrations."""
    from figures.plots import COLOURS
    from matplotlib.figure import Figure

    [points] = [row.points for row in rows if row.points]
    figure = Figure()
    axes = figure.subplots()
    for (name, words), colour in zip({"free": "free", "largest": "largest free block"}.items(), COLOURS, strict=False):
        axes.plot(points["devices"], [it / 1024 for it in points[name]], "o-", color=colour, label=words)
    axes.set_xlabel("registrations in one process")
    axes.set_ylabel(f"KiB, of a heap of {HEAP // 1024} KiB")
    axes.set_ylim(bottom=0)
    axes.legend()
    told = f"{points['largest'][-1]} bytes in one piece after {points['devices'][-1]}"
    return {"life.svg": (figure, f"Free heap and its largest block over the registrations of one process: {told}.")}
