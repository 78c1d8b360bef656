"""What measures found: docs/benchmarks.json, what differs from the run before, and the page made from it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import fcntl
import json
import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from devices import ROOT
from figures import PLACE, filled, number, places, ready, replace, table
from packages import version
from runtimes import Unavailable, micropython, probe

from . import MEASURES, SHOWN, Row
from .boots import runtimes

PAGE = ROOT / "docs" / "benchmarks.md"
DATA = ROOT / "docs" / "benchmarks.json"
PLOTS = ROOT / "docs" / "benchmarks"
HEAD = ("what", "enroll", "beside it", "figure", "must reach", "verdict")
HEAPS_ON = ("chip", "oldest-32")  # whatever MICROPYTHON says
APART = HEAD[:4]  # of figures that nothing is required of

Results = dict[str, dict[str, Any]]  # by measure: when and where it was made, its rows, and verdicts that changed


def conditions() -> dict[str, Any]:
    """When, on which machine and with what is measured now."""
    names = re.findall(r"^model name\s*: (.*)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {names[0] if names else platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
        "versions": {
            "enroll": version(),
            "python": platform.python_version(),
            **releases(),
        },
    }


def releases() -> dict[str, str]:
    """The versions of the runtimes that boots are measured on, heaps among them: '1.29.0-preview' is not 1.29.0."""
    found = {}
    for name in (*runtimes(), *HEAPS_ON):
        with contextlib.suppress(Unavailable):
            version, _ = probe(micropython(name)) or ((), 0)
            found[name] = "-".join(filter(None, (".".join(map(str, version[:3])), *version[3:])))
    return found


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def load(path: Path = DATA) -> Results:
    """The results of the last run, of the measures that there still are. Raises ClickException if they do not fit."""
    if not path.exists():
        return {}
    try:
        kept = json.loads(path.read_text())
        found = {name: kept[name] for name in MEASURES if name in kept}
        values(found)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        told = f"{path.name} is damaged, or of another version ({type(error).__name__}: {error})"
        raise click.ClickException(f"{told}: `git checkout docs`, or delete it to measure all again") from error
    return found


def rows_of(result: Mapping[str, Any]) -> list[Row]:
    """The Rows of a measure's result."""
    return [Row(**it) for it in result["rows"]]


def changed(before: Sequence[Row], now: Sequence[Row]) -> list[str]:
    """A sentence for each verdict that differs from the run before, or is gone; a row that is new has none."""
    old = {row.name: row for row in before}
    new = {row.name for row in now}
    gone = [row for row in before if row.verdict and row.name not in new]
    return [
        f"{row.what}: {old[row.name].verdict or 'not judged'} before ({shown(old[row.name])}), now "
        f"{row.verdict or 'not judged'} ({shown(row)})"
        for row in now
        if row.name in old and old[row.name].verdict != row.verdict
    ] + [f"{row.what}: {row.verdict} before ({shown(row)}), now not measured" for row in gone]


def add(results: Results, name: str, title: str, rows: Sequence[Row], where: Mapping[str, Any]) -> list[str]:
    """Put the `rows` of the measure `name` in place of those in `results`; returns the verdicts that `changed`."""
    before = results.get(name)
    different = changed(rows_of(before), rows) if before else []
    results[name] = {
        "title": title,
        **where,
        "before": before["date"] if before else None,
        "changed": different,
        "rows": [dataclasses.asdict(row) for row in rows],
    }
    return different


def write(results: Results, path: Path = DATA) -> None:
    """Keep `results`, for the page and for the next run."""
    replace(path, json.dumps(results, indent=1) + "\n")


def shown(row: Row) -> str:
    """The figure of `row` with its unit and, where there are any, the quartiles."""
    text = _amount(row.figure, row)
    if row.low is not None and row.high is not None:
        text += f" ({number(row.low, row.digits)} to {number(row.high, row.digits)})"
    return text


def _amount(value: float, row: Row) -> str:
    text = number(value, row.digits)
    return f"{text} {row.unit}".strip()


def must(row: Row) -> str:
    """What `row` must reach, in words."""
    if row.target is None:
        return ""
    text = f"{row.target:g}" if row.target % 1 else number(row.target)
    return f"{SHOWN[row.sense]}{text} {row.unit}".strip()


def cells(row: Row) -> list[str]:
    """A line of the table, see HEAD."""
    verdict = f"**{row.verdict}**" if row.verdict == "missed" else row.verdict
    return [row.what, row.ours, row.beside, shown(row), must(row), verdict]


def sentence(result: Mapping[str, Any]) -> str:
    """When and where `result` was made, and whether it agrees with the run before."""
    versions = ", ".join(f"{name} {it}" for name, it in result["versions"].items())
    text = f"Made on {result['date']}: {result['machine']}; load {result['load']} before; {versions}."
    if not result["before"]:
        return text
    if not result["changed"]:
        return f"{text} No verdict differs from the run before, of {result['before']}."
    return f"{text} Different from the run before, of {result['before']}: {'; '.join(result['changed'])}."


def counts(results: Results) -> dict[str, tuple[int, int]]:
    """How many targets were reached, of how many, by the measure's title, in the order of the page."""
    found = {}
    for result in (results[name] for name in MEASURES if name in results):
        verdicts = [row.verdict for row in rows_of(result) if row.verdict]
        found[result["title"]] = verdicts.count("reached"), len(verdicts)
    return found


def reached(results: Results) -> str:
    """How many targets were reached, of how many."""
    return " of ".join(str(sum(column)) for column in zip(*counts(results).values(), strict=True))


def summary(results: Results) -> str:
    """The same in all and by measure, a sentence."""
    told = [f"{title[0].lower()}{title[1:]} {done} of {number}" for title, (done, number) in counts(results).items()]
    return f"{reached(results)} targets are reached: {', '.join(told)}."


def values(results: Results) -> dict[str, str]:
    """What stands at the places of the page."""
    found = {"bench.summary": summary(results)}
    for name, result in results.items():
        rows = rows_of(result)
        judged = [cells(row) for row in rows if row.verdict]
        apart = [cells(row)[: len(APART)] for row in rows if not row.verdict]
        if judged:
            found[f"bench.{name}"] = table(HEAD, judged)
        if apart:
            found[f"bench.{name}.apart"] = table(APART, apart)
        found[f"bench.{name}.run"] = sentence(result)
    return found


def single(results: Results) -> dict[str, str]:
    """Each figure that another page may quote, at a place `bench.<measure>.<name of the row>`."""
    return {
        f"bench.{name}.{row.name}": _amount(row.figure, row)
        for name, result in results.items()
        for row in rows_of(result)
    }


def pages() -> list[Path]:
    """All pages that may quote a figure."""
    return [ROOT / "README.md", *sorted(PAGE.parent.rglob("*.md"))]


def writable(names: Sequence[str], found: Results, plots: bool) -> None:
    """Make sure that `publish` can write all once the measures `names` are made, `plots` too. Raises ClickException."""
    missing = [name for name in MEASURES if name not in (*names, *found)]
    if missing:
        told = f"{DATA.name} has no results of {', '.join(missing)}, and the page counts all"
        raise click.ClickException(f"{told}: leave out --only")
    ready(DATA, PAGE, PLOTS, *pages(), plots=plots)
    places(PAGE, {f"bench.{name}{end}" for name in names for end in ("", ".run")} | set(values(found)))


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Measure in one run at a time: two slow each other down, and the later one undoes what the other has written."""
    with PAGE.open() as page:
        try:
            fcntl.flock(page, fcntl.LOCK_EX | fcntl.LOCK_NB)  # let go by the system, however the process ends
        except BlockingIOError as error:
            raise click.ClickException("another make bench is measuring: wait until it ends") from error
        yield


def quoted(page: Path, results: Results) -> dict[str, str]:
    """What stands at those places of `page` that are ours and have a figure."""
    known = single(results) | values(results) | {"bench.reached": reached(results)}
    names = {found["name"] for found in PLACE.finditer(page.read_text())}
    return {name: known[name] for name in sorted(names & set(known))}


def publish(results: Results, plots: Mapping[str, tuple[Any, str]]) -> None:
    """Write `results`, the page, what other pages quote, and `plots` {file: (figure, description)}."""
    places(PAGE, values(results))
    before = {page: page.read_text() for page in pages()}
    now = {page: filled(text, quoted(page, results)) for page, text in before.items()}
    now[PAGE] = filled(now[PAGE], values(results))
    write(results)
    for page, text in now.items():
        if text != before[page]:
            replace(page, text)
    if plots:
        from figures.plots import save

        PLOTS.mkdir(exist_ok=True)
        for name, (figure, description) in plots.items():
            save(figure, PLOTS / name, description)
