"""Makes the site of README and docs/: fails for a link that leads nowhere, and for a page that needs a network."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import click
from devices import ROOT
from emptied import empty

SITE = ROOT / ".cache" / "site"
ELSEWHERE = re.compile(r"(?:https?:)?//")
FETCHED_BY_CSS = re.compile(r"(?:url\(|@import)\s*[\"']?\s*(?:https?:)?//")


class Fetched(HTMLParser):
    """Collects what a browser would fetch from other servers to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = ("src", "srcset", "data", "poster") if tag != "link" else ("href",)
        for name, value in attrs:
            if tag != "a" and name in names and value and ELSEWHERE.match(value):
                self.found.append(f"<{tag} {name}={value}>")


def fetched(file: Path) -> list[str]:
    """What `file` of a site lets a browser fetch from another server."""
    text = file.read_text(encoding="utf-8", errors="replace")
    found = FETCHED_BY_CSS.findall(text)
    if file.suffix == ".html":
        page = Fetched()
        page.feed(text)
        found += page.found
    return found


def build(out: Path) -> None:
    """Build the site in `out`."""
    empty(out, SITE, "objects.inv", "a site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", "docs", "-d", f"{out}.doctrees"]
    done = subprocess.run([*command, ".", str(out)], cwd=ROOT, check=False)
    if done.returncode:
        raise click.ClickException("the site is not complete: correct what is named above")
    shutil.copyfile(out / "README.html", out / "index.html")


@click.command()
@click.argument("out", type=click.Path(path_type=Path), default=SITE)
def main(out: Path) -> None:
    """Build the site in OUT, and check that it can be viewed without a network."""
    build(out.absolute())
    files = [path for path in out.rglob("*") if path.suffix in (".html", ".css", ".svg")]
    for path in files:
        for what in fetched(path):
            raise click.ClickException(f"{path} needs a network, because of {what}: take it out of the page")
    pages = len([path for path in files if path.suffix == ".html"])
    click.echo(f"{pages} pages in {out}, all links checked: open {out / 'index.html'}")


if __name__ == "__main__":
    main()
