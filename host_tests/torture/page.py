"""The figures of docs/testing.md and README: how many cases of each fault class were tried, and when."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path

from figures import PLACE, fill, number

from torture import CLASSES
from torture.faults import ROOT

PAGE = ROOT / "docs" / "testing.md"
README = ROOT / "README.md"


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
