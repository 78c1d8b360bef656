"""wrk, a load generator, from Debian's packages, unpacked beside the libraries that it needs."""

import shutil
import subprocess
from pathlib import Path

import click
from runtimes import debian
from runtimes.cache import CACHE, alone, call

SUITE = "trixie"
PACKAGES = ("wrk", "libluajit-5.1-2", "libssl3t64", "libc6", "libgcc-s1", "zlib1g", "libzstd1")
SCRIPT = Path(__file__).parent / "register.lua"


def wrk() -> list[str]:
    """The command that starts wrk, which is fetched once. Raises Unavailable."""
    found = shutil.which("wrk")
    if found:
        return [found]
    target = CACHE / "wrk"
    with alone():
        if not target.exists():
            _fetch(target)
    loader = next(target.glob("usr/lib*/*/ld-linux*.so.2"), None) or next(target.glob("usr/lib64/ld-linux*.so.2"))
    return [str(loader), "--library-path", str(next(target.glob("usr/lib/*-linux-gnu"))), str(target / "usr/bin/wrk")]


def _fetch(target: Path) -> None:
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    debs = partial / "debs"
    debs.mkdir(parents=True)
    apt = debian.options(target.parent / "apt", SUITE)
    call(["apt-get", *apt, "update"], partial, f"reading the package lists of Debian {SUITE}")
    packages = [f"{package}:amd64" for package in PACKAGES]
    call(["apt-get", *apt, "download", *packages], debs, "fetching wrk and its libraries")
    debian.unpack(sorted(debs.glob("*.deb")), partial / "root")
    (partial / "root").rename(target)
    shutil.rmtree(partial)


def registrations(port: int, key: str, prefix: str, seconds: int, connections: int = 32) -> float:
    """Registrations a second at a server; each must be answered with success."""
    url = f"http://127.0.0.1:{port}/xyte/v1/devices"
    command = [*wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(SCRIPT), url, "--", key, prefix]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    result = [line.split() for line in run.stdout.splitlines() if line.startswith("RESULT")]
    if not result:
        raise click.ClickException(f"wrk failed: {run.stdout}{run.stderr}")
    _, rate, refused, lost = result[0]
    if int(refused) or int(lost):
        raise click.ClickException(f"{refused} registrations were refused and {lost} lost: look at the sandbox's log")
    return float(rate)
