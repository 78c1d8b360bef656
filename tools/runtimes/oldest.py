"""oldest and oldest-32: Debian 13's package of MicroPython 1.25, unpacked beside the libraries that it needs."""

import shutil
from pathlib import Path

from . import debian
from .cache import call, starter

SUITE = "trixie"
PACKAGES = ("micropython", "libc6", "libffi8", "libmbedcrypto16", "libmbedtls21", "libmbedx509-7")
ARCHITECTURES = {"oldest": "amd64", "oldest-32": "i386"}


def fetch(name: str, target: Path) -> None:
    """Put the packages of the runtime `name` into the folder `target`, with a wrapper `micropython` that starts them.

    Raises Unavailable.
    """
    architecture = ARCHITECTURES[name]
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    debs = partial / "debs"
    debs.mkdir(parents=True)
    apt = debian.options(target.parent / "apt", SUITE)
    call(["apt-get", *apt, "update"], partial, f"reading the package lists of Debian {SUITE}")
    packages = [f"{package}:{architecture}" for package in PACKAGES]
    call(["apt-get", *apt, "download", *packages], debs, f"fetching MicroPython and its libraries for {architecture}")
    debian.unpack(sorted(debs.glob("*.deb")), partial / "root")
    root = partial / "root"
    loader = next(root.glob("usr/lib*/*/ld-linux*.so.2"), None) or next(root.glob("lib*/ld-linux*.so.2"))
    libraries = next(root.glob("usr/lib/*-linux-gnu"))
    starter(partial, root / "usr/bin/micropython", loader, libraries)
    shutil.rmtree(debs)
    partial.rename(target)
