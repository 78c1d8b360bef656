"""Debian's packages and sources without root, from the mirror that this machine's apt already uses."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from .cache import Unavailable, call

KEYRING = Path("/usr/share/keyrings/debian-archive-trixie-automatic.gpg")  # signs trixie and forky


def mirror() -> str:
    """The Debian mirror in this machine's own apt configuration. Raises Unavailable."""
    if shutil.which("apt-get"):
        listing = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(SITE)|$(LABEL)"], capture_output=True, text=True, check=False
        ).stdout
        for line in listing.splitlines():
            site, _, label = line.partition("|")
            if label == "Debian":
                if not KEYRING.exists():
                    raise Unavailable(
                        "Debian's archive keys are missing: 'sudo apt install debian-archive-keyring', then try again."
                    )
                return site
    raise Unavailable(
        "This runtime comes from Debian's packages, which this machine's apt does not know: use newest, or set "
        "MICROPYTHON=/path/to/micropython."
    )


def options(folder: Path, suite: str = "", kind: str = "deb", installed: bool = False) -> list[str]:
    """apt's options for a private state below `folder`, for amd64 and i386.

    It knows one `suite` of the mirror, packages ("deb") or sources ("deb-src"); without one, what the machine's own
    apt knows. `installed`: leave out what the machine has installed; else what is asked for comes with all it needs.
    """
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    settings: dict[str, object] = {
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "Debug::NoLocking": 1,
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Acquire::Retries": 3,
    }
    more: list[str] = []
    if not installed:
        (folder / "status").touch()
        settings["Dir::State::status"] = folder / "status"
    if suite:
        source = folder / "sources.list"
        source.write_text(f"{kind} [signed-by={KEYRING}] {mirror()} {suite} main\n")
        settings["APT::Update::Error-Mode"] = "any"  # without it, `update` is content with no list at all
        settings |= {"Dir::State": folder, "Dir::Etc::sourcelist": source, "Dir::Etc::sourceparts": "-"}
        more = ["-oAPT::Architecture=amd64", "-oAPT::Architectures::=amd64", "-oAPT::Architectures::=i386"]
    return ["-q", *[f"-o{key}={value}" for key, value in settings.items()], *more]


def unpack(debs: list[Path], target: Path) -> None:
    """Unpack packages into the folder `target`."""
    script = 'for deb in "$@"; do dpkg -x "$deb" "$0" || exit 1; done'
    call(["sh", "-c", script, str(target), *map(str, debs)], target.parent, f"unpacking {len(debs)} packages")


def fetch(names: list[str], suite: str, target: Path, doing: str) -> Path:
    """Fetch the packages `names`, each NAME:ARCHITECTURE, of `suite`, and unpack them into a folder `root`.

    It is in a new folder beside `target`, which is returned: the caller completes it and gives it that name. `doing`
    is said meanwhile. Raises Unavailable.
    """
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    debs = partial / "debs"
    debs.mkdir(parents=True)
    apt = options(target.parent / "apt", suite)
    call(["apt-get", *apt, "update"], partial, f"reading the package lists of Debian {suite}")
    call(["apt-get", *apt, "download", *names], debs, doing)
    unpack(sorted(debs.glob("*.deb")), partial / "root")
    shutil.rmtree(debs)
    return partial


def fetch_whole(names: list[str], target: Path, doing: str) -> None:
    """Fetch the packages `names` of this machine's own Debian, and all that they need, and unpack them into the folder
    `target`. `doing` is said meanwhile. Raises Unavailable.
    """
    apt = target.with_name(f"apt-{target.name}")
    found = options(apt)
    call(["apt-get", *found, "update"], target.parent, "reading this machine's package lists")
    call(
        ["apt-get", *found, "install", "--yes", "--download-only", "--no-install-recommends", *names],
        target.parent,
        doing,
    )
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    unpack(sorted((apt / "cache/archives").glob("*.deb")), partial)
    for link in partial.rglob("*"):
        if link.is_symlink() and link.readlink().is_absolute():  # it means a file of the whole system
            whole = partial / link.readlink().relative_to("/")
            link.unlink()
            link.symlink_to(os.path.relpath(whole, link.parent))
    partial.rename(target)
    shutil.rmtree(apt)


def loader(root: Path) -> Path:
    """What starts the programs in `root`, the loader of its C library."""
    patterns = ("usr/lib*/*/ld-linux*.so.2", "usr/lib*/ld-linux*.so.2", "lib*/ld-linux*.so.2")
    return next(path for pattern in patterns for path in root.glob(pattern))


def libraries(root: Path) -> Path:
    """The folder of the libraries in `root`."""
    return next(root.glob("usr/lib/*-linux-gnu"))


def sources(suite: str, names: tuple[str, ...], folder: Path) -> None:
    """Fetch the source packages `names` of `suite` and unpack the original archive of each into `folder`/name; what
    Debian adds to it is unpacked into `folder`/name.debian.
    """
    apt = folder / "apt"
    found = options(apt, suite, "deb-src")
    call(["apt-get", *found, "update"], folder, f"reading the source lists of Debian {suite}")
    call(
        ["apt-get", *found, "source", "--download-only", *names], folder, f"fetching the sources of {', '.join(names)}"
    )
    for name in names:
        for pattern, target in ((f"{name}_*.orig.tar.*", name), (f"{name}_*.debian.tar.*", f"{name}.debian")):
            partial = folder / "partial"
            with tarfile.open(next(folder.glob(pattern))) as archive:  # there need be no xz beside tar
                archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Debian 12's Python may lack it
                archive.extractall(partial)
            next(partial.iterdir()).rename(folder / target)
            partial.rmdir()
    shutil.rmtree(apt)
