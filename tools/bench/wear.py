"""What is written to flash, on real littlefs and FAT in memory, beside a script that writes its file at each boot."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import click
from devices import ROOT
from figures import number
from runtimes import micropython

from . import Row, Work
from .boots import runtimes

TITLE = "Flash wear"
SCRIPT = Path(__file__).parent / "device" / "wear.py"
PATHS = ("lib", "boards/unix", "firmware", "host_tests/torture/scripts", "host_tests/fakes")
KINDS = {"lfs2-4096": "littlefs", "fat-4096": "FAT"}
YEAR = 365  # days
SECONDS = YEAR * 86_400
DAYS, QUICK = YEAR, 40  # in fewer, littlefs erases nothing for the script
PATIENCE = 120  # seconds
LASTS = 100_000  # erases that a block of NOR flash is specified for
SLOTS = {"registration": 3, "retry": 0, "restart": 0, "boot": 0}  # slot writes of each, which DESIGN.md bounds
WORDS = {
    "registration": "registration",
    "retry": "ten retries after a lost answer",
    "restart": "restart after a lost answer, and retry",
    "boot": "boot with a credential",
}

Counts = dict[str, dict[str, int]]


def measure(work: Work) -> list[Row]:
    """Count on each file system."""
    days = DAYS if work.most is None else QUICK
    return [row for kind in work.each(KINDS, "flash") for row in rows(KINDS[kind], counted(kind, days), days)]


def counted(kind: str, days: int) -> Counts:
    """What device/wear.py prints. Raises ClickException."""
    command = [str(micropython(runtimes()[0])), "-X", "heapsize=4m", str(SCRIPT), kind, str(days)]
    path = ":".join([*(str(ROOT / it) for it in PATHS), ".frozen"])
    environment = {"MICROPYPATH": path}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise click.ClickException(f"flash wear: no end after {PATIENCE} s") from error
    if done.returncode:
        raise click.ClickException(done.stdout + done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def rows(system: str, found: Counts, days: int) -> list[Row]:
    """Rows for a file system."""
    table = []
    for name, words in WORDS.items():
        beside = f"file: {told(found['file'])}" if name in ("registration", "boot") else ""
        table.append(judged(f"{system}.{name}", f"{system}, {words}", found[name], SLOTS[name], beside))
    ours, theirs, restart = (found[name]["most"] / days for name in ("renewals", "files", "restarts"))
    erases = {"renewal": ours * YEAR, "file": theirs * YEAR}  # a year, of the most worn block
    pause = found["restarts"]["pause"]
    lasts = LASTS / restart * pause / SECONDS
    until = f"until {number(LASTS)} erases of a block"
    return [
        *table,
        Row(
            f"{system}.years",
            f"{system}, years {until}, at one renewal a day",
            LASTS / erases["renewal"],
            unit="years",
            digits=0,
            ours=f"{number(erases['renewal'])} erases a year",
            beside=f"file: {number(erases['file'])} erases a year, {number(LASTS / erases['file'])} years",
            points=erases,
        ),
        Row(
            f"{system}.restarts",
            f"{system}, restarts and retries after a lost answer {until}",
            LASTS / restart,
            unit="",
            digits=0,
            ours=f"{number(restart, 2)} erases each; one in {number(pause)} s: {number(lasts, 1)} years",
        ),
    ]


def judged(name: str, what: str, found: dict[str, int], most: int, beside: str) -> Row:
    """The row of a number of slot writes, which must be at most `most`."""
    return Row(name, what, found["slots"], "<=", most, "slot writes", 0, told(found), beside)


def told(found: dict[str, int]) -> str:
    """What was `found`, for readers: '1 erase, 2 programs'."""
    return ", ".join(f"{found[it]} {it[:-1] if found[it] == 1 else it}" for it in ("erases", "programs"))


def draw(rows: list[Row]) -> dict[str, tuple[Any, str]]:
    """Erases of the most worn block in a year."""
    from figures.plots import COLOURS
    from matplotlib.figure import Figure

    words = {"renewal": "enroll, a renewal a day", "file": "a file written at each boot, a boot a day"}
    bars = {f"{row.name.partition('.')[0]}: {words[it]}": row.points[it] for row in rows for it in row.points}
    figure = Figure(figsize=(8, 2.5))
    axes = figure.subplots()
    drawn = axes.barh(range(len(bars)), list(bars.values()), color=[COLOURS[0], COLOURS[1]] * (len(bars) // 2))
    axes.bar_label(drawn, fmt="%d", padding=3)
    axes.set_yticks(range(len(bars)), list(bars))
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.margins(x=0.1)
    axes.set_xlabel("erases of the most worn block in a year")
    told = "; ".join(f"{name}: {erases:.0f}" for name, erases in bars.items())
    return {"wear.svg": (figure, f"Erases of the most worn block of flash in a year. {told}")}
