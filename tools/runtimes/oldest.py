"""oldest and oldest-32: Debian 13's package of MicroPython 1.25, unpacked beside the libraries that it needs."""

from pathlib import Path

from . import debian
from .cache import starter

SUITE = "trixie"
PACKAGES = ("micropython", "libc6", "libffi8", "libmbedcrypto16", "libmbedtls21", "libmbedx509-7")
ARCHITECTURES = {"oldest": "amd64", "oldest-32": "i386"}


def fetch(name: str, target: Path) -> None:
    """Put the packages of the runtime `name` into the folder `target`, with a wrapper `micropython` that starts them.

    Raises Unavailable.
    """
    architecture = ARCHITECTURES[name]
    packages = [f"{package}:{architecture}" for package in PACKAGES]
    partial = debian.fetch(packages, SUITE, target, f"fetching MicroPython and its libraries for {architecture}")
    root = partial / "root"
    starter(partial, root / "usr/bin/micropython", debian.loader(root), debian.libraries(root))
    partial.rename(target)
