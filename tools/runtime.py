"""Get the MicroPython unix port that the project is tested on, and print where it is.

Debian 13's package, unpacked without root into ``.cache/runtime/<width>``, from the mirror that this machine's apt
already uses. ``MICROPYTHON=/path`` or a ``micropython`` on PATH of at least 1.25 is taken instead, for 64 bits.
"""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "runtime"
SUITE = "trixie"
KEYRING = Path(f"/usr/share/keyrings/debian-archive-{SUITE}-automatic.gpg")
PACKAGES = ("micropython", "libc6", "libffi8", "libmbedcrypto16", "libmbedtls21", "libmbedx509-7")
ARCHITECTURES = {64: "amd64", 32: "i386"}
OLDEST = (1, 25)
PROBE = "import sys, json, tls, vfs, asyncio; print(json.dumps([sys.implementation[1], sys.maxsize > 1 << 32]))"
WRAPPER = """#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/root
exec "$root/{loader}" --library-path "$root/{libraries}" "$root/usr/bin/micropython" "$@"
"""


class Unavailable(click.ClickException):
    """The runtime cannot be had here; the message says what would install it."""

    exit_code = 69  # EX_UNAVAILABLE


def probe(path: str | Path) -> tuple[int, ...] | None:
    """Version of the MicroPython at `path`, or None where it does not start or lacks what enroll needs (tls, vfs)."""
    try:
        run = subprocess.run([path, "-c", PROBE], capture_output=True, text=True, timeout=20, check=True)
        version, _wide = json.loads(run.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return tuple(version[:3])


def installed() -> Path | None:
    """A MicroPython that the person brought: MICROPYTHON names it, else the one on PATH if it is new enough."""
    named = os.environ.get("MICROPYTHON")
    if named:
        found = probe(named)
        if found is None or found < OLDEST:
            raise Unavailable(
                f"MICROPYTHON={named} is not a MicroPython of at least {OLDEST[0]}.{OLDEST[1]} with tls and vfs."
            )
        return Path(named)
    on_path = shutil.which("micropython")
    if on_path and (probe(on_path) or ()) >= OLDEST:
        return Path(on_path)
    return None


def mirror() -> str:
    """The Debian mirror in this machine's own apt configuration."""
    if not shutil.which("apt-get"):
        raise Unavailable(
            "No MicroPython here: install one ('brew install micropython'), or set MICROPYTHON=/path/to/it."
        )
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)|$(LABEL)"], capture_output=True, text=True, check=False
    ).stdout
    for line in listing.splitlines():
        site, _, label = line.partition("|")
        if label == "Debian":
            return site
    raise Unavailable(
        "No MicroPython here: 'sudo apt install micropython' (Ubuntu 25.04 or later), or set MICROPYTHON=/path/to/it."
    )


def apt_options(folder: Path, site: str) -> list[str]:
    """apt's options for a private state below `folder` that knows one suite of one mirror, for both architectures."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    source = folder / "sources.list"
    source.write_text(f"deb [signed-by={KEYRING}] {site} {SUITE} main\n")
    settings = {
        "Dir::Etc::sourcelist": source,
        "Dir::Etc::sourceparts": "-",
        "Dir::State": folder,
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Acquire::Retries": 3,
    }
    options = [f"-o{key}={value}" for key, value in settings.items()]
    return ["-q", *options, "-oAPT::Architecture=amd64", "-oAPT::Architectures::=amd64", "-oAPT::Architectures::=i386"]


def call(command: list[str], folder: Path, doing: str) -> None:
    """Run `command` in `folder` quietly; say what it was `doing` and what it printed if it fails."""
    click.echo(f"micropython: {doing}", err=True)
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode:
        raise Unavailable(f"micropython: {doing} failed:\n{(run.stdout + run.stderr).strip()[-2000:]}")


def unpack(width: int) -> None:
    """Fetch and unpack Debian's packages for `width` bits, beside a wrapper `micropython` that starts them."""
    site = mirror()
    if not KEYRING.exists():
        raise Unavailable(
            "Debian's archive keys are missing: 'sudo apt install debian-archive-keyring', then try again."
        )
    architecture = ARCHITECTURES[width]
    apt = CACHE / "apt"
    target = CACHE / str(width)
    partial = CACHE / f"{width}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "debs").mkdir(parents=True)
    options = apt_options(apt, site)
    call(["apt-get", *options, "update"], apt, f"reading the package lists of Debian {SUITE}")
    wanted = [f"{name}:{architecture}" for name in PACKAGES]
    call(["apt-get", *options, "download", *wanted], partial / "debs", f"fetching {architecture}")
    for deb in sorted((partial / "debs").glob("*.deb")):
        call(
            ["dpkg", "-x", str(deb), str(partial / "root")],
            partial,
            f"unpacking {deb.name.split('_')[0]}:{architecture}",
        )
    root = partial / "root"
    loader = next(root.glob("usr/lib*/*/ld-linux*.so.2"), None) or next(root.glob("lib*/ld-linux*.so.2"))
    libraries = next(root.glob("usr/lib/*-linux-gnu"))
    wrapper = partial / "micropython"
    wrapper.write_text(WRAPPER.format(loader=loader.relative_to(root), libraries=libraries.relative_to(root)))
    wrapper.chmod(0o755)
    shutil.rmtree(partial / "debs")
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold the cache for one process: others wait here, as several of them start when the tests run on all cores."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go by the system when the file is closed, however the process ends
        yield


def micropython(width: int = 64) -> Path:
    """Path of the unix port with `width`-bit words, fetched if need be, by one process at a time.

    Raises Unavailable, whose message is what to do about it.
    """
    own = CACHE / str(width) / "micropython"
    if width == 64:
        path = installed() or own
    elif os.environ.get("MICROPYTHON"):
        raise Unavailable("MICROPYTHON is set: only that runtime is used, and i386 is left out.")
    else:
        path = own
    if not path.exists():
        with alone():
            if not path.exists():  # another process may have fetched it meanwhile
                unpack(width)
    if probe(path) is None:
        raise Unavailable(f"{path} does not start on this machine" + (" (no 32-bit support)." if width == 32 else "."))
    return path


@click.command()
@click.option("--width", type=click.Choice(["64", "32"]), default="64", show_default=True, help="Word size in bits.")
@click.option("--optional", is_flag=True, help="Exit 0 with one line on stderr where the runtime cannot be had.")
def main(width: str, optional: bool) -> None:
    """Print the path of the MicroPython unix port, fetching it first if need be."""
    try:
        click.echo(micropython(int(width)))
    except Unavailable as error:
        if not optional:
            raise
        click.echo(f"micropython: {width}-bit left out: {error.message}", err=True)
        sys.exit(0)


if __name__ == "__main__":
    main()
