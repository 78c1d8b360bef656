"""Faults that one click sets: what goes wrong in the field most often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Preset(NamedTuple):
    """A fault's name for people, what a board meets, and the arguments of the operation `fault`."""

    label: str
    text: str
    arguments: Mapping[str, Any]


PRESETS = (
    Preset(
        "Lose the answer",
        "The service does its work, and the connection ends without an answer: after a registration, the board is "
        "registered and does not know it.",
        {"drop": "after"},
    ),
    Preset("Refuse before the work", "The connection ends before the service sees the request.", {"drop": "before"}),
    Preset(
        "Be busy",
        "503 with Retry-After: 5, and the service does not see the request.",
        {"status": 503, "headers": {"Retry-After": "5"}},
    ),
    Preset("Answer late", "The answer comes 20 seconds after the work.", {"delay": 20}),
    Preset("Answer 401", "Whatever the board shows is refused, and the service does not see it.", {"status": 401}),
    Preset("Show a portal", "The sign-in page of a guest network comes in place of the answer.", {"shape": "portal"}),
    Preset("Spoil the JSON", "The answer lacks its last brace.", {"shape": "no-brace"}),
    Preset("Cut the answer", "The connection ends after 10 bytes of the body.", {"truncate": 10}),
)
BASIC = ("service", "times", "path")  # what each of them takes besides
