"""Measures enroll beside what it is compared with, and writes docs/benchmarks.md: `make bench`.

Each measure is a module of this package, named in MEASURES. It has

    TITLE               its heading in the page
    measure(work)       measures, and returns its Rows in the order of the table
    prepare()           if it needs a network: fetches what it can, before anything is measured
    draw(rows)          if it has plots: {file name in docs/benchmarks: (figure, what it shows, for people who do not
                        see it)}; only this function imports matplotlib

and the page has a heading for it and the places `bench.<module>` (the rows with a verdict), `bench.<module>.apart` (the
others, if there are any) and `bench.<module>.run` (when and where). A figure that changes with
the speed of the machine is quoted as a ratio to what was measured beside it, in turns.
"""

from __future__ import annotations

import dataclasses
import operator
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

Item = TypeVar("Item")

MEASURES = ("first", "second", "session", "footprint", "network", "wear", "life")  # modules, in the order of the page
SENSES = {"<=": operator.le, ">=": operator.ge, "=": operator.eq}
SHOWN = {"<=": "at most ", ">=": "at least ", "=": ""}


@dataclasses.dataclass(frozen=True)
class Row:
    """One figure and its verdict.

    `name`: what later runs know it by. `what`: the same for readers. `figure`: what is judged, in `unit` ("x" for a
    ratio), rounded to `digits`, since what a reader sees is judged. `target` and `sense`: "<=", ">=" or "=", what it
    must reach; without a target it is only shown. `ours`, `beside`: what enroll was measured at, and what was measured
    beside it, with units. `low`, `high`: quartiles of the figure. `points`: what the measure's plots need.
    """

    name: str
    what: str
    figure: float
    sense: str = "<="
    target: float | None = None
    unit: str = "x"
    digits: int = 2
    ours: str = ""
    beside: str = ""
    low: float | None = None
    high: float | None = None
    points: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("figure", "low", "high"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else round(value, self.digits))

    @property
    def verdict(self) -> str:
        """ "reached", "missed", or "" without a target."""
        if self.target is None:
            return ""
        return "reached" if SENSES[self.sense](self.figure, self.target) else "missed"


@dataclasses.dataclass
class Work:
    """What a measure works with.

    `folder`: an empty one of its own. `most`: runs of a figure at most, None for as many as the page shows. `step`: is
    called with a few words at each run.
    """

    folder: Path
    most: int | None = None
    step: Callable[[str], None] = lambda _: None

    def runs(self, full: int) -> int:
        """How often to measure what the page shows with `full` runs."""
        return full if self.most is None else min(full, self.most)

    def each(self, items: Iterable[Item], words: str) -> Iterable[Item]:
        """`items`, with progress said before each."""
        for item in items:
            self.step(words)
            yield item


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """(lower quartile, median, upper quartile) of `values`."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, median, high


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """What `spread` returns, of the quotients of two series that were measured in turns.

    A burst of other work hits both halves of a pair, or one pair of many.
    """
    return spread([our / their for our, their in zip(ours, theirs, strict=True)])
