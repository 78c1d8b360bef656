"""The figures of docs/testing.md and README, how many cases of each fault class were tried and when; and of
docs/design.md, what a power cut can cost.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path

from answers import ONCE
from figures import PLACE, fill, number, table

from torture import CLASSES
from torture.faults import ROOT

PAGE = ROOT / "docs" / "testing.md"
DESIGN = ROOT / "docs" / "design.md"
README = ROOT / "README.md"
PLACES = [f"torture.{name}{end}" for name in CLASSES for end in ("", ".date")]
ONE_ANSWER = (*ONCE, "ickstream")  # services that give an answer once; ickStream, once a token
WINDOW = "window of operations"  # what scripts/power_cuts.py calls it
SYSTEMS = {  # as in power.KINDS
    "lfs2-4096": "littlefs 2, blocks of 4 096 bytes",
    "lfs2": "littlefs 2, blocks of 512 bytes",
    "lfs1": "littlefs 1, blocks of 512 bytes",
    "fat-4096": "FAT, blocks of 4 096 bytes",
    "fat": "FAT, blocks of 512 bytes",
    "NVS of ESP32": "NVS (operations of NVS)",
}


def windows(notes: Mapping[str, str]) -> str:
    """The table of the operations in which a power cut costs the answer, of services that give it once.

    `notes`: what the batches of torture/power.py have said, by the batch's name and what it is.
    """
    found: dict[str, list[int]] = {kind: [] for kind in SYSTEMS}
    for key, value in notes.items():
        name, _, what = key.partition(": ")
        action, service, kind = name.split(", ")[:3]
        if (action, what) == ("boot", WINDOW) and service in ONE_ANSWER:
            found[kind].append(int(value))
    rows = [[SYSTEMS[kind], number(min(it)), number(max(it))] for kind, it in found.items() if it]
    return table(["file system", "fewest operations", "most"], rows)


def write_windows(notes: Mapping[str, str], design: Path = DESIGN) -> None:
    """Put the table of `windows` into `design`."""
    fill(design, {"torture.windows": windows(notes)})


def write(cases: Mapping[str, int], page: Path = PAGE, readme: Path = README) -> None:
    """Put the `cases` {fault class: how many} of a run that lost nothing into `page`, and the sum of all into `readme`.

    Classes that were not run keep their figures and their dates.
    """
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    fill(page, {f"torture.{name}": number(count) for name, count in cases.items()})
    fill(page, {f"torture.{name}.date": today for name in cases})
    fill(readme, {"torture.cases": number(total(page))})


def total(page: Path = PAGE) -> int:
    """The sum of the cases in `page`."""
    shown = {it["name"]: it["value"] for it in PLACE.finditer(page.read_text())}
    return sum(int(shown[f"torture.{name}"].replace(" ", "")) for name in CLASSES)
