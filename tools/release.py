"""Makes all that a release has, and installs each part once to prove it. `make release`."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import click
import packages
import web
import wheel
from devices import ROOT, SERVICES
from emptied import empty
from enroll_tools.sandbox import Sandbox
from proof import Proof
from rich.console import Console
from rich.table import Table
from runtimes import preferred

SUMS, NOTES = "SHA256SUMS", "NOTES.md"


@dataclass(frozen=True)
class Part:
    """A part of a release: what it is called, its bytes, how it is installed, and what installs and tries it."""

    name: str
    size: int
    how: str
    prove: Callable[[], str]


def notes(changelog: str, version: str) -> str:
    """The section of `changelog` about `version`, which is the newest."""
    title, _, rest = changelog.partition("\n## ")[2].partition("\n")
    if not re.match(rf"{re.escape(version)}\b(?![.\d])", title):
        found = title or "nothing"
        raise click.ClickException(
            f"the newest section of CHANGELOG.md is about {found!r}, and package.json says {version}: "
            f"write there what {version} changes"
        )
    return f"# enroll {title}\n\n{rest.partition(chr(10) + '## ')[0].strip()}\n"


def sums(out: Path) -> str:
    """The SHA-256 of every file below `out`, as `sha256sum --check` reads it."""
    paths = sorted(path for path in out.rglob("*") if path.is_file() and path.name != SUMS)
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(out)}\n" for path in paths)


def _packages(out: Path, proof: Proof, index: str) -> list[Part]:
    packages.write_packages(out)
    parts = []
    for kind in ("py", "mpy"):
        for provider in (None, *SERVICES):
            names = json.loads((out / kind / f"{provider or 'package'}.json").read_text())["urls"]
            size = sum((out / kind / source).stat().st_size for _, source in names)

            def prove(kind: str = kind, provider: str | None = provider) -> str:
                return proof.mip(index, kind, provider)

            parts.append(Part(f"{kind}/{provider or 'package'}.json", size, "by mip", prove))
    return parts


def _images(out: Path, proof: Proof) -> list[Part]:
    parts = []
    for provider in (None, *SERVICES):
        image = out / f"{f'enroll-{provider}' if provider else 'enroll'}-{packages.version()}.romfs"
        packages.write_romfs(image, provider)

        def prove(image: Path = image, provider: str | None = provider) -> str:
            return proof.romfs(image, provider)

        parts.append(Part(image.name, image.stat().st_size, "mounted", prove))
    return parts


def _wheel(out: Path, proof: Proof) -> Part:
    made = wheel.build(out)
    return Part(made.name, made.stat().st_size, "by pip", lambda: proof.wheel(made))


def build(out: Path, proof: Proof, index: str, say: Callable[[str], None]) -> list[Part]:
    """Write all parts into `out`, which `index` serves."""
    say("packages for mip, as .py and as .mpy")
    parts = _packages(out, proof, index)
    say("ROMFS images")
    parts += _images(out, proof)
    say("the wheel of the host tools")
    parts.append(_wheel(out, proof))
    return parts


def prove(parts: list[Part], say: Callable[[str], None]) -> dict[str, str]:
    """Install each part once; returns how it went, by name. Raises click.ClickException for one that fails."""
    results: dict[str, str] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running: dict[Future[str], Part] = {pool.submit(part.prove): part for part in parts}
        try:
            for done in as_completed(running):
                part = running[done]
                results[part.name] = done.result()
                say(f"{part.name}: {results[part.name]}")
        finally:
            pool.shutdown(cancel_futures=True)
    return results


def table(parts: list[Part], results: dict[str, str]) -> Table:
    """What was made, and how its proof went."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    made.add_column("part", no_wrap=True)
    made.add_column("bytes", justify="right", no_wrap=True)
    made.add_column("installed", no_wrap=True)
    made.add_column("and then", no_wrap=True)
    for part in parts:
        made.add_row(part.name, str(part.size), part.how, results[part.name])
    return made


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=packages.DIST, show_default="dist")
def main(out: Path) -> None:
    """Make a release in OUT: packages for mip, ROMFS images, the wheel of the host tools, notes and checksums.

    Each part is installed once on MicroPython's unix port, or in a virtual environment, and registers a device with the
    sandbox. SHA256SUMS is written last: a folder without it is not a release.
    """
    console = Console(highlight=False, soft_wrap=True)
    version = packages.version()
    text = notes((ROOT / "CHANGELOG.md").read_text(), version)
    empty(out, packages.DIST, packages.MARK, "a release")
    console.print(f"making enroll {version} in {out}")

    def say(line: str) -> None:
        console.print("    ", line, markup=False, emoji=False)

    with tempfile.TemporaryDirectory(prefix="release-") as folder, Sandbox() as sandbox, web.serving(out) as index:
        parts = build(out, Proof(Path(folder), sandbox, preferred()), index, say)
        (out / NOTES).write_text(text)
        console.print("installing each part, and registering a device from it with the sandbox")
        results = prove(parts, say)
    (out / SUMS).write_text(sums(out))
    console.print(table(parts, results))
    console.print(f"{out}: {len(parts)} parts, {NOTES} and {SUMS}; check with sha256sum --check {SUMS}")


if __name__ == "__main__":
    main()
