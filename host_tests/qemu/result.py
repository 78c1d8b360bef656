"""The result of a part of the run."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Result:
    """How many tests there were, how many passed, how long they took, what went wrong, what else a person wants."""

    tests: int = 0
    passed: int = 0
    seconds: float = 0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __add__(self, other: Result) -> Result:
        counts = (self.tests + other.tests, self.passed + other.passed, self.seconds + other.seconds)
        return Result(*counts, self.failures + other.failures, self.notes + other.notes)
