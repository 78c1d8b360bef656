"""Installs what a release has, each file of it once, and lets a device register from it with the sandbox."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import wheel as wheels
from devices import ROOT, Device, configuration, create
from enroll_tools.sandbox import Sandbox
from runtimes import micropython

MIP = """
import sys, mip
mip.install(sys.argv[1], index=sys.argv[2], target=sys.argv[3], mpy=sys.argv[4] == "mpy")
"""
ROM = """
import sys, vfs
vfs.mount(vfs.VfsRom(memoryview(open(sys.argv[1], "rb").read())), "/rom")
sys.path.insert(0, "/rom")
import main
sys.exit(main.main([sys.argv[2], "--once"]))
"""
PATIENCE = 120  # seconds for the tools of a wheel, on a busy machine
ANY = "etherfax"  # the service for what has all providers


class Proof:
    """Installs into `folder`; devices run on `runtime` and register with `sandbox`. Its methods return how it went,
    and raise click.ClickException where it did not."""

    def __init__(self, folder: Path, sandbox: Sandbox, runtime: str) -> None:
        self.folder, self.sandbox, self.runtime = folder, sandbox, runtime
        self._numbers = itertools.count(1)

    def _device(self, provider: str | None) -> Device:
        number = str(next(self._numbers))
        device = Device(self.folder / f"device-{number}", self.runtime)
        service = provider or ANY
        device.write(configuration(self.sandbox, service, create(self.sandbox, service, number)))
        return device

    def _registered(self, what: str, done: subprocess.CompletedProcess[str]) -> str:
        last = (done.stdout.strip().splitlines() or [""])[-1]
        if done.returncode or not last.startswith("enroll: registered "):
            raise _failed(f"{what} does not register", done)
        return " ".join(last.split()[1:3])

    def mip(self, index: str, kind: str, provider: str | None) -> str:
        """Let a device's own mip install the package for `provider` as `kind` from the index at a URL; boot it."""
        device = self._device(provider)
        target = device.folder / "lib"
        name = f"enroll-{provider}" if provider else "enroll"
        program = str(micropython(self.runtime))
        done = device.run([program, "-c", MIP, name, index, str(target), kind], MICROPYPATH=".frozen")
        if "Done" not in done.stdout:  # mip's status is 0 in any case
            raise _failed(f"mip does not install {name} ({kind})", done)
        command = [program, str(ROOT / "firmware" / "main.py"), str(device.path), "--once"]
        return self._registered(f"{name} ({kind})", device.run(command, MICROPYPATH=f"{target}:{_board()}"))

    def romfs(self, image: Path, provider: str | None) -> str:
        """Mount an image and boot a device that has the library from there."""
        device = self._device(provider)
        command = [str(micropython(self.runtime)), "-c", ROM, str(image), str(device.path)]
        done = device.run(command, MICROPYPATH=f"{ROOT / 'firmware'}:{_board()}")
        return self._registered(image.name, done)

    def wheel(self, path: Path) -> str:
        """Install the wheel, and let its tools register a board without hardware with their own sandbox."""
        programs = wheels.install(path, self.folder / "environment")
        desk = self.folder / "desk"
        desk.mkdir()
        for name in ("enroll-provision", "enroll-sandbox"):
            self._tool(desk, programs / name, "--help")
        with _demo_board(desk, programs / "enroll-provision", micropython(self.runtime)) as told:
            words = ("one", "--json", "--port", told["port"], told["enroll_json"])
            found = json.loads(self._tool(desk, programs / "enroll-provision", *words))
            return f"{found['state']} {told['provider']}"

    def _tool(self, desk: Path, program: Path, *words: str) -> str:
        done = subprocess.run(
            [program, *words],
            cwd=desk,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode:
            raise _failed(f"{program.name} {words[0]} ended with status {done.returncode}", done)
        return done.stdout


def _failed(what: str, done: subprocess.CompletedProcess[str]) -> click.ClickException:
    return click.ClickException(f"{what}: it said\n{(done.stdout + done.stderr).strip()[-2000:]}")


def _board() -> str:
    """What a device of the unix port has besides the library."""
    return f"{ROOT / 'boards' / 'unix'}:.frozen"


def _environment() -> dict[str, str]:
    """Without what would let the tools of this checkout be found."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@contextmanager
def _demo_board(desk: Path, provision: Path, program: Path) -> Iterator[dict[str, Any]]:
    command = [str(provision), "demo-board", "--free-ports", "--json", "--micropython", str(program)]
    with subprocess.Popen(command, cwd=desk, env=_environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            if not line:
                raise click.ClickException("enroll-provision demo-board ended: see what it said above")
            yield json.loads(line)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(PATIENCE)
            finally:
                process.kill()
