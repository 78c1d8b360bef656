"""Draws the diagrams of docs/: what is sent from a text each, the journal's states from the table in journal.py."""

from __future__ import annotations

import ast
import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import click
from devices import ROOT

FOLDER = ROOT / "docs" / "diagrams"
JOURNAL = ROOT / "lib" / "enroll" / "journal.py"
STYLE = """
svg { font: 14px system-ui, sans-serif; }
.page { fill: #ffffff; stroke: #d5dae1; }
.box { fill: #eaf1fb; stroke: #3565ad; stroke-width: 1.5; }
.frame { fill: none; stroke: #9aa5b1; stroke-dasharray: 2 4; }
.line { fill: none; stroke: #4a5563; stroke-width: 1.5; }
.beside { stroke-dasharray: 6 4; }
.tip { fill: #4a5563; }
.loss { fill: #fdecea; stroke: #b3261e; }
text { fill: #1c2733; }
.name { font-weight: 600; }
.under { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
.page { fill: #171b21; stroke: #3a424d; }
.box { fill: #1d2b40; stroke: #7aa7e8; }
.line { stroke: #b6c0cc; }
.tip { fill: #b6c0cc; }
.loss { fill: #4a1f1c; stroke: #f2a59f; }
text { fill: #e4e8ee; }
.under { fill: #171b21; }
}"""


LETTER = 6.9  # pixels of a letter, on average


class Picture:
    """An SVG file under construction, which looks right on a light and on a dark page."""

    def __init__(self, width: int, height: int, title: str) -> None:
        tip = '<marker id="tip" viewBox="0 0 12 10" refX="11" refY="5" markerWidth="12" markerHeight="10" '
        tip += 'markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 0 12 5 0 10z"/></marker>'
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            f"<title>{escape(title)}</title><style>{STYLE}</style>",
            tip,
            f'<rect class="page" x="1" y="1" width="{width - 2}" height="{height - 2}" rx="8"/>',
        ]

    def text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "middle") -> None:
        self.parts.append(f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>')

    def label(self, x: float, y: float, text: str, anchor: str = "middle") -> None:
        """A text over lines, which do not show behind it."""
        width = len(text) * LETTER
        left = {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        self.parts.append(f'<rect class="under" x="{x - left:g}" y="{y - 12:g}" width="{width:g}" height="16"/>')
        self.text(x, y, text, anchor=anchor)

    def box(self, x: float, y: float, width: float, height: float, kind: str = "box") -> None:
        """A rectangle around its centre."""
        at = f'x="{x - width / 2:g}" y="{y - height / 2:g}"'
        self.parts.append(f'<rect class="{kind}" {at} width="{width:g}" height="{height:g}" rx="6"/>')

    def path(self, d: str, kind: str = "", arrow: bool = True) -> None:
        tip = ' marker-end="url(#tip)"' if arrow else ""
        self.parts.append(f'<path class="line {kind}" d="{d}"{tip}/>')

    def svg(self) -> str:
        return "\n".join([*self.parts, "</svg>", ""])


def sequence(source: str) -> str:
    """The SVG of a sequence: a title, who takes part, then `A -> B: what` or `! what` for a risk, each in its line."""
    title, heads, *steps = source.splitlines()
    names = heads.split(" | ")
    gap, top, row = 264, 72, 46
    width, height = gap * len(names), top + row * (len(steps) + 1)
    middle = {name: gap * (index + 0.5) for index, name in enumerate(names)}
    picture = Picture(width, height, title)
    for name, x in middle.items():
        picture.path(f"M{x:g} 40V{height - 16}", "beside", arrow=False)
        picture.box(x, 30, 128, 32)
        picture.text(x, 35, name, "name")
    for index, step in enumerate(steps):
        y = top + row * (index + 0.6)
        match = re.fullmatch(r"(.+?) -> (.+?): (.+)", step)
        if not match:
            picture.box(width / 2, y - 8, width - 48, 28, "loss")
            picture.text(width / 2, y - 3, step.removeprefix("! "))
            continue
        start, end = middle[match[1]], middle[match[2]]
        picture.path(f"M{start:g} {y:g}H{end:g}")
        picture.label((start + end) / 2, y - 8, match[3])
    return picture.svg()


@dataclass(frozen=True)
class Step:
    """What may follow a state of the journal."""

    before: str
    after: str
    event: str


NOTHING = "nothing"
STATES = (NOTHING, "TRIED", "REFUSED", "RAW", "KEPT")
ELSE = ("anything", "anything else")


def steps(table: str) -> list[Step]:
    """What the table of journal.py says; a state that stays is left out, and nothing but `arm` begins with nothing."""
    head, *rows = table.splitlines()
    columns = [head.index(name) for name in ("event", "holds", "written", "must")]
    found: list[Step] = []
    event, named = "", set[str]()
    for row in rows:
        said, holds, written = (row[a:b].strip() for a, b in itertools.pairwise(columns))
        if said:
            event, named = said, set()
        states = set(STATES) - named if holds in ELSE else set(holds.split(", "))
        named |= states
        after = NOTHING if written == "zeros" else written
        for state in STATES:
            begins = state != NOTHING or event.startswith("arm")
            if state in states and begins and after in STATES and after != state and written != NOTHING:
                found.append(Step(state, after, event.partition(" ")[2].strip()))
    return found


def journal_table() -> str:
    """The table in the docstring of journal.py."""
    text = ast.get_docstring(ast.parse(JOURNAL.read_text(encoding="utf-8"))) or ""
    [table] = [part for part in text.split("\n\n") if part.lstrip().startswith("event ")]
    return table


PLACES = {NOTHING: (80, 180), "TRIED": (430, 180), "REFUSED": (430, 400), "RAW": (700, 290), "KEPT": (1010, 290)}
# How far an arrow bends from a straight line, to its right, in pixels; and where its label begins or ends.
BENDS = {
    ("TRIED", "REFUSED"): (36, "end"),
    ("REFUSED", "TRIED"): (36, "start"),
    ("TRIED", "KEPT"): (-70, "middle"),
    ("REFUSED", "KEPT"): (70, "middle"),
    ("KEPT", "TRIED"): (140, "middle"),
    ("KEPT", "REFUSED"): (-140, "middle"),
    ("RAW", "KEPT"): (-22, "middle"),
    ("KEPT", "RAW"): (-22, "middle"),
}
WIDTH, HEIGHT = 100, 44


def edge(x: float, y: float, towards: tuple[float, float], room: float = 4) -> tuple[float, float]:
    """Where a line from the centre of the box at x, y to a point leaves the box."""
    dx, dy = towards[0] - x, towards[1] - y
    scale = min((WIDTH / 2 + room) / abs(dx) if dx else 9, (HEIGHT / 2 + room) / abs(dy) if dy else 9)
    return x + dx * scale, y + dy * scale


def arrow(picture: Picture, step: Step) -> None:
    """An arrow from state to state; dashed where the credential stays beside what is written."""
    (x1, y1), (x2, y2) = PLACES[step.before], PLACES[step.after]
    bend, anchor = BENDS.get((step.before, step.after), (0, "middle"))
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    control = ((x1 + x2) / 2 - (y2 - y1) / length * bend * 2, (y1 + y2) / 2 + (x2 - x1) / length * bend * 2)
    a, b = edge(x1, y1, control), edge(x2, y2, control)
    picture.path(
        f"M{a[0]:.0f} {a[1]:.0f}Q{control[0]:.0f} {control[1]:.0f} {b[0]:.0f} {b[1]:.0f}",
        "beside" if step.before == "KEPT" else "",
    )
    x, y = ((a[i] + 2 * control[i] + b[i]) / 4 for i in (0, 1))
    beside = {"start": 8, "middle": 0, "end": -8}[anchor]
    picture.label(x + beside, y + 5, step.event, anchor)


def states(table: str) -> str:
    """The SVG of the journal's states. An event that leads from all of them to nothing is drawn once."""
    picture = Picture(1100, 580, "The states of the journal, and what leads from one to another")
    found = steps(table)
    all_away = [step for step in found if step.after == NOTHING]
    for step in found:
        if step not in all_away:
            arrow(picture, step)
    if {step.before for step in all_away} == set(STATES) - {NOTHING}:
        picture.box(613, 290, 934, 460, "frame")
        picture.path(f"M146 460H80V{180 + HEIGHT / 2 + 4:g}")
        picture.label(80, 440, all_away[0].event)
    for name, (x, y) in PLACES.items():
        picture.box(x, y, WIDTH, HEIGHT)
        picture.text(x, y + 5, name, "name")
    picture.text(620, 556, "dashed: the credential stays in the other slot until a new one is kept")
    return picture.svg()


def drawn() -> dict[Path, str]:
    """Each diagram, by its file."""
    sequences = {path: sequence(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.txt"))}
    return {path.with_suffix(".svg"): svg for path, svg in sequences.items()} | {
        FOLDER / "journal.svg": states(journal_table())
    }


@click.command()
def main() -> None:
    """Write the diagrams."""
    for path, svg in drawn().items():
        path.write_text(svg, encoding="utf-8")
        click.echo(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
