"""docs/storm.md: tables and verdicts, from what cases.py has found."""

from __future__ import annotations

from pathlib import Path

from bench import SHOWN, Row
from devices import ROOT
from figures import fill, number, table

from .cases import CAPACITIES, Found
from .fleet import Storm

PAGE = ROOT / "docs" / "storm.md"
PLOTS = ROOT / "docs" / "storm"
PEAK, TIME = 3, 1.3  # what must be reached: multiples of the capacity, and of the ideal time
OURS = "ours"
PLACES = [f"storm.{it}" for it in ("summary", "verdicts", "situations", "variants", *(f"at-{it}" for it in CAPACITIES))]


def span(seconds: float) -> str:
    """`seconds` for a reader."""
    return f"{number(seconds)} s" if seconds < 36_000 else f"{number(seconds / 86_400, 1)} days"


def times(value: float) -> str:
    """A multiple for a reader."""
    if 0 < value < 0.01:
        return "below 0.01 x"
    return number(value, 1 if value >= 10 else 2) + " x" if value else "0"


def line(storm: Storm) -> list[str]:
    """A schedule's line in the table of a capacity."""
    shares = [span(storm.seconds(share)) for share in (0.5, 0.99, 1)]
    ratio = storm.seconds(1) / storm.ideal
    name = f"**{storm.schedule.title}**" if storm.schedule.name == OURS else storm.schedule.title
    return [name, times(storm.peak(60)), times(storm.peak(600)), *shares, times(ratio), number(storm.each(), 1)]


HEAD = (
    "schedule",
    "peak after 1 min",
    "after 10 min",
    "50 %",
    "99 %",
    "100 %",
    "of the ideal time",
    "requests a device",
)


def judged(found: Found) -> list[Row]:
    """The targets, for a boot of all and for the end of an outage."""
    rows = []
    for name in ("all boot at once", "the service was away for an hour"):
        it = found.situations[name][1]
        rows.append(Row(f"{name}, peak", f"{name}: peak after the first minute", it.peak(60), target=PEAK))
        ratio = it.seconds(1) / it.ideal
        rows.append(Row(f"{name}, time", f"{name}: 100 %, of the ideal time", ratio, target=TIME))
    return rows


def verdicts(rows: list[Row]) -> str:
    """Their table."""
    lines = []
    for it in rows:
        verdict = it.verdict if it.verdict == "reached" else f"**{it.verdict}**"
        lines.append([it.what, f"{it.figure:.2f} x", f"{SHOWN[it.sense]}{it.target} x", verdict])
    return table(["at 1 000 registrations a second", "figure", "must reach", "verdict"], lines)


def changed(rows: list[Row], text: str) -> list[str]:
    """A sentence for each verdict of `rows` that differs from that in `text`, the page before."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.count("|") == 5]
    before = {what.strip(): verdict.strip(" *") for what, _, _, verdict in lines}
    return [
        f"{it.what}: {before[it.what]} before, now {it.verdict}"
        for it in rows
        if before.get(it.what, it.verdict) != it.verdict
    ]


def pair(storm: Storm) -> list[str]:
    """Peak and time of a storm, in short."""
    return [times(storm.peak(60)), span(storm.seconds(1)), number(storm.each(), 1)]


def values(found: Found) -> dict[str, str]:
    """All that the page has a place for."""
    rows = judged(found)
    good = sum(it.verdict == "reached" for it in rows)
    three = ("peak", "100 %", "requests")
    cases = ["situation", *(f"before: {it}" for it in three), *(f"enroll: {it}" for it in three)]
    others = ["", *(f"{it}: {what}" for it in ("at once", "an hour away", "routers") for what in three[:2])]
    texts = {
        "storm.summary": f"{good} of {len(rows)} targets are reached.",
        "storm.verdicts": verdicts(rows),
        "storm.situations": table(cases, [[name, *pair(a), *pair(b)] for name, (a, b) in found.situations.items()]),
        "storm.variants": table(
            others, [[row[0].schedule.title, *(it for one in row for it in pair(one)[:2])] for row in found.variants]
        ),
    }
    for capacity in CAPACITIES:
        texts[f"storm.at-{capacity}"] = table(HEAD, map(line, found.compared[capacity]))
    return texts


def write(found: Found, page: Path = PAGE, plots: Path = PLOTS) -> None:
    """Write the figures into `page` and the plots into the folder `plots`."""
    from .plots import draw

    fill(page, values(found))
    draw(found, plots)
