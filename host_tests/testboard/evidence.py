"""`make evidence`: docs/boards.md's table of what was shown on which board, from the suite and from evidence/*.json."""

from __future__ import annotations

import json
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from enroll_tools.provision.errors import CONFIGURATION, Failure
from enroll_tools.provision.library import ROOT
from enroll_tools.provision.untrusted import clean

from .bench import HARDWARE
from .row import FAILED, NOT_TRIED, PASSED
from .suite import GROUPS, LETTERS, LINES, Line

PAGE = ROOT / "docs" / "boards.md"
FOLDER = ROOT / "evidence"
BEGIN, END = "<!-- evidence: made by `make evidence` -->\n", "<!-- evidence: end -->\n"


@dataclass(frozen=True)
class Found:
    """What a file in evidence/ says."""

    board: str
    firmware: str
    date: str
    results: dict[str, str]  # by the name of a row

    def shows(self, line: Line) -> bool:
        """Whether all that `line` asks for has passed on this board."""
        return bool(line.hardware) and all(self.results.get(name) == PASSED for name in line.hardware)

    def count(self, result: str) -> int:
        """How many rows ended so."""
        return list(self.results.values()).count(result)


def read(path: Path) -> Found:
    """Read a file that `make test-board` has written. Raises Failure."""
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        results = {str(row["name"]): str(row["result"]) for row in data["rows"]}
        board, firmware, date = (clean(data[name], 60) for name in ("board", "firmware", "date"))
        platform = data["platform"]
    except (OSError, ValueError, KeyError, TypeError):
        raise Failure(CONFIGURATION, f"{path} is not evidence of test-board: remove it") from None
    if platform not in HARDWARE:
        raise Failure(CONFIGURATION, f"{path} was played by a computer, and is not evidence: remove it")
    return Found(board, firmware, date[:10], results)


def letters(line: Line) -> list[str]:
    """What the suite shows for `line`. Raises Failure where what shows it is not there."""
    for letter, path in line.shown.items():
        if not (ROOT / path).exists():
            raise Failure(
                CONFIGURATION, f"{path} is not there, which shows {letter} of `{line.what}`: correct suite.py"
            )
    return list(line.shown)


def table(found: list[Found]) -> str:
    """The part of the page between its marks."""
    hardware = "as the table names it" if found else "none yet"
    words = ", ".join(f"**{letter}** {words}" for letter, words in LETTERS.items())
    rows = [["", *GROUPS], ["---"] * (len(GROUPS) + 1)]
    for line in LINES:
        cells = [line.what]
        for group, boards in GROUPS.items():
            shown = [f"H ({it.board} {it.firmware})" for it in found if it.board in boards and it.shows(line)]
            cells.append(" ".join(letters(line) + shown) if group in line.groups else "-")
        rows.append(cells)
    text = "".join(f"| {' | '.join(cells)} |\n" for cells in rows)
    words = textwrap.fill(f"{words}: {hardware}. A dash: the board does not have it.", 120)
    return f"{words}\n\n{text}{runs(found)}"


def runs(found: list[Found]) -> str:
    """A table of the boards that were tried, if there are any."""
    if not found:
        return ""
    head = ["board", "MicroPython", "tried on", "passed", "failed", "not tried"]
    rows = [head, ["---"] * len(head)]
    rows += [
        [it.board, it.firmware, it.date, *(str(it.count(result)) for result in (PASSED, FAILED, NOT_TRIED))]
        for it in found
    ]
    return "\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def replaced(text: str, folder: Path = FOLDER) -> str:
    """`text`, the page, with the table that `folder` gives. Raises Failure."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise Failure(CONFIGURATION, f"{PAGE.name} lacks its marks: it wants {BEGIN.strip()} and {END.strip()}")
    found = sorted((read(path) for path in folder.glob("*.json")), key=lambda it: (it.board, it.firmware))
    return f"{before}{begin}\n{table(found)}\n{end}{after}"


@click.command()
@click.option("--check", is_flag=True, help="Only say whether docs/boards.md agrees.")
def main(check: bool) -> None:
    """Write the table of evidence in docs/boards.md."""
    text = PAGE.read_text(encoding="utf-8")
    new = replaced(text)
    if check:
        sys.exit(text != new)
    PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main(prog_name="evidence")
