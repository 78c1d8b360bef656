"""Tries mutants, several at a time, and counts which of them the tests notice."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.progress import Progress

from .mutations import Mutant
from .trial import ALIVE, BROKEN, Baseline, Copies, Problem, Suite, measured


@dataclass
class Result:
    """The results. `killed`: number of killed mutants by module."""

    killed: Counter[str] = field(default_factory=Counter)
    alive: list[Mutant] = field(default_factory=list)
    equivalent: list[tuple[Mutant, str]] = field(default_factory=list)

    def figures(self, module: str) -> dict[str, Any]:
        """The score of the mutants of `module`; "" means all."""
        killed = self.killed[module] if module else self.killed.total()
        alive = sum(it.module == module or not module for it in self.alive)
        equivalent = sum(it.module == module or not module for it, _ in self.equivalent)
        score = 100 * killed / (killed + alive) if killed + alive else 100.0
        return {"killed": killed, "alive": alive, "equivalent": equivalent, "score": round(score, 1)}

    def modules(self) -> list[str]:
        """The modules that have mutants."""
        return sorted({*self.killed, *(it.module for it in self.alive), *(it.module for it, _ in self.equivalent)})


@contextmanager
def _copies(suite: Suite) -> Iterator[Copies]:
    """Copies of this process; at the end they are killed and their files removed, whatever happens."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        copies = Copies(suite, Path(folder))
        try:
            yield copies
        finally:
            copies.end()
            tempfile.tempdir = None
            del os.environ["TMPDIR"]


def judge(suite: Suite, mutants: list[Mutant], result: Result, jobs: int, cache: Path, progress: Progress) -> None:
    """Try `mutants` and add the outcome to `result`. Raises Problem if the tests cannot judge them."""
    task = progress.add_task("tests without a mutant", total=None)
    progress.refresh()
    with _copies(suite) as copies:
        baseline = measured(copies, suite, cache)
        progress.update(task, description="mutants", total=len(mutants), refresh=True)
        killers = set()
        for mutant, killer in _try(copies, baseline, mutants, jobs):
            progress.update(task, advance=1, refresh=True)
            if killer:
                result.killed[mutant.module] += 1
                killers.add(killer)
            else:
                result.alive.append(mutant)
        result.alive.sort(key=lambda it: (it.path, it.line))
        _confirm(copies, baseline, killers)


def _try(copies: Copies, baseline: Baseline, mutants: list[Mutant], jobs: int) -> Iterator[tuple[Mutant, str]]:
    """Yield (mutant, the test that killed it or "") as each ends. Raises Problem."""
    todo = [(mutant, baseline.stages(mutant)) for mutant in reversed(mutants)]
    while todo or len(copies):
        while todo and len(copies) < jobs:
            mutant, stages = todo.pop()
            if stages:
                copies.start((mutant, stages[1:]), stages[0], baseline.took(stages[0]), mutant)
            else:
                yield mutant, ""
        for (mutant, stages), code, killer in copies.finished():
            if code == BROKEN:
                raise Problem(f"pytest does not run: see what it says.\n{killer}")
            if code == ALIVE and stages:
                todo.append((mutant, stages))
            else:
                yield mutant, "" if code == ALIVE else killer


def _confirm(copies: Copies, baseline: Baseline, killers: set[str]) -> None:
    """Raise Problem if a test that killed a mutant fails without one too."""
    tests = [test for test in baseline.seconds if test in killers]
    if tests:
        copies.start(None, tests, baseline.took(tests))
    for _, code, killer in copies.finished():
        if code != ALIVE:
            raise Problem(f"A test that killed a mutant fails without one too: correct it.\n{killer}")
