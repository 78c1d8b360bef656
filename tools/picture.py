"""Writes docs/demo.svg: what `make demo` shows on a terminal, from a run of it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import click
from devices import ROOT
from rich.console import Console
from rich.text import Text

PICTURE = ROOT / "docs" / "demo.svg"
WIDTH = 100
SHOWN, TABLE = ("etherfax:", "All boot"), "1st ms"
FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # a browser would fetch these from a server


def demo() -> str:
    """What the demonstration prints on a terminal, with its colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, WIDTH, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    with subprocess.Popen(
        [sys.executable, ROOT / "tools" / "demo.py", "--short"], stdout=theirs, env=environment
    ) as process:
        os.close(theirs)
        pieces = []
        try:
            while piece := os.read(ours, 4096):
                pieces.append(piece)
        except OSError:  # how Linux says that the other end has closed
            pass
    os.close(ours)
    if process.returncode:
        raise click.ClickException("make demo has failed: run it alone, and correct what it names")
    return b"".join(pieces).decode().replace("\r\n", "\n")


def excerpt(text: Text) -> Text:
    """One service's first boot, all second boots and the table: the rest is too long for a page."""
    parts = [part for part in text.split("\n\n") if part.plain.startswith(SHOWN) or TABLE in part.plain]
    if len(parts) != len(SHOWN) + 1:
        raise click.ClickException(
            "make demo prints other sections than the picture shows: correct SHOWN in picture.py"
        )
    first, *rest = parts
    return Text("\n\n").join([Text("$ make demo", "bold"), first, Text("...", "dim"), *rest])


@click.command()
@click.argument("out", type=click.Path(path_type=Path), default=PICTURE)
def main(out: Path) -> None:
    """Run the demonstration and write its picture to OUT."""
    text = excerpt(Text.from_ansi(demo()))
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, highlight=False)
        console.print(text)
    picture = FONT_FACE.sub("", console.export_svg(title="enroll", unique_id="demo"))
    out.write_text(picture.replace("Fira Code", "Menlo, Consolas"), encoding="utf-8")


if __name__ == "__main__":
    main()
