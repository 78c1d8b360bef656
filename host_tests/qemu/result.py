"""What a part of the run comes to."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Result:
    """How many tests there were, how many passed, how long they took, and what went wrong."""

    tests: int = 0
    passed: int = 0
    seconds: float = 0
    failures: list[str] = field(default_factory=list)

    def __add__(self, other: Result) -> Result:
        failures = self.failures + other.failures
        return Result(self.tests + other.tests, self.passed + other.passed, self.seconds + other.seconds, failures)
