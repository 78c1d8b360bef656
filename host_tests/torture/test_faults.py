"""Late cases are excused on a busy machine, and nothing else is."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from torture import faults

SAYS = {
    "late": "took 1200 ms",
    "starved": "the watchdog was not fed for 1500 ms; the ticker was 1400 ms late",
    "cut off": "wanted answer: network",
    "tells": "took 1100 ms; told a secret: x",
    "leaks": "1, 2, 3, 4, 5 bytes of the heap",
    "open": "2 connections were not closed",
    "wrong": "wanted registered: response",
}
LATE = ["late", "starved", "cut off"]
REST = ["tells", "leaks", "open", "wrong"]


@dataclass(frozen=True)
class Case:
    name: str


CASES = [Case(name) for name in SAYS]


def play(monkeypatch: pytest.MonkeyPatch, away: float, always: list[str]) -> tuple[list[list[str]], list[str]]:
    """(the cases of each run, the cases lost) if all are lost once, and `always` every time."""
    clock: Iterator[float] = itertools.count(0, away)
    monkeypatch.setattr(faults, "stolen", lambda: next(clock))
    plays: list[list[str]] = []

    def once(cases: list[Case]) -> faults.Result:
        plays.append([it.name for it in cases])
        lost = [it.name for it in cases if len(plays) == 1 or it.name in always]
        return faults.Result(len(cases), [f"{name}: {SAYS[name]}" for name in lost])

    result = faults.steadily(CASES, once)
    return plays, sorted(sentence.partition(":")[0] for sentence in result.lost)


def test_only_late_cases_are_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    plays, lost = play(monkeypatch, 1, [])
    assert plays == [list(SAYS), LATE] and lost == sorted(REST)


def test_what_is_late_every_time_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    plays, lost = play(monkeypatch, 1, ["late"])
    assert plays == [list(SAYS), LATE, ["late"], ["late"]] and lost == sorted([*REST, "late"])


def test_nothing_is_run_again_on_an_idle_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert play(monkeypatch, 0, []) == ([list(SAYS)], sorted(SAYS))
