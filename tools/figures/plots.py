"""How the plots of the documentation look: SVG, equal bytes for equal figures. `.venv/figures` has matplotlib."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import matplotlib
from cycler import cycler

from . import replace

matplotlib.use("svg")
matplotlib.rcParams.update(
    {
        "axes.grid": True,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "figure.constrained_layout.use": True,
        "figure.figsize": (8, 4),  # inches of 72 points
        "font.family": "sans-serif",
        "font.size": 11,
        "grid.alpha": 0.3,
        "svg.fonttype": "none",  # letters stay letters, for a screen reader and for small files
        "svg.hashsalt": "enroll",
    }
)
# Told apart by those who see few colours (Okabe and Ito, "Color Universal Design", 2008).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
matplotlib.rcParams["axes.prop_cycle"] = cycler(color=COLOURS)


def save(figure: Any, path: Path, description: str) -> None:
    """Write `figure` as SVG, without a date; `description` is read to people who do not see it."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Title": description})
    lines = re.sub(r"[ \t]+\n", "\n", text.getvalue())
    replace(path, lines)
