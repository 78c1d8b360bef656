"""wrk, a load generator, from Debian's packages, unpacked beside the libraries that it needs."""

import shutil
import subprocess
from pathlib import Path

import click
from runtimes import debian
from runtimes.cache import CACHE, alone

SUITE = "trixie"
PACKAGES = ("wrk", "libluajit-5.1-2", "libssl3t64", "libc6", "libgcc-s1", "zlib1g", "libzstd1")
SCRIPT = Path(__file__).parent / "register.lua"


def wrk() -> list[str]:
    """The command that starts wrk, which is fetched once. Raises Unavailable."""
    found = shutil.which("wrk")
    if found:
        return [found]
    target = CACHE / "wrk-debian"
    with alone():
        if not target.exists():
            packages = [f"{package}:amd64" for package in PACKAGES]
            debian.fetch(packages, SUITE, target, "fetching wrk and its libraries").rename(target)
    root = target / "root"
    return [str(debian.loader(root)), "--library-path", str(debian.libraries(root)), str(root / "usr/bin/wrk")]


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
