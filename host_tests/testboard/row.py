"""What one part of the run shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PASSED, FAILED, NOT_TRIED = "passed", "failed", "not tried"


@dataclass
class Row:
    """A line of the table: `result` is PASSED, FAILED or NOT_TRIED, `text` says what was shown, or why not."""

    name: str
    result: str
    text: str
    seconds: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)


class NotTried(Exception):
    """This board, or this run, cannot show it; the text says why."""


class Broken(Exception):
    """It was tried and failed; the text says how."""
