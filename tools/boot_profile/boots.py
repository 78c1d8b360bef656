"""First boots that are watched by driver.py."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from bench.boots import device
from packages import build_romfs
from runtimes import micropython
from size import MOUNT, compile_all, needed

from .names import relative

DRIVER = Path(__file__).parent / "device" / "driver.py"
PROVIDER = "etherfax"
PATIENCE = 60  # seconds
HEAP = 400  # KB; more than is needed


class Boots:
    """Boots a device of each of `configs`, enroll.json of devices that may register, in `folder`."""

    def __init__(self, folder: Path, configs: Iterable[dict[str, Any]]) -> None:
        self._folder = folder
        self._configs = iter(configs)
        self._mpy = folder / "mpy"
        self._image = folder / "enroll.romfs"
        compile_all(self._mpy)
        build_romfs(self._image, self._mpy)
        self._names = json.dumps(relative(needed(PROVIDER)))
        self._count = 0

    def watched(self, runtime: str, form: str, what: str) -> list[str]:
        """What driver.py prints for `what`, "time" or "heap", on `runtime`, with code from `form`: "mpy" or "rom"."""
        image = [str(self._image)] if form == "rom" else []
        return self._run(runtime, form, [str(DRIVER), what, "names.json", *image])

    def plain(self, runtime: str, form: str, program: str) -> list[str]:
        """What `program` prints, which boots without driver.py."""
        mount = MOUNT.format(size=self._image.stat().st_size).replace("../rom", str(self._image))
        return self._run(runtime, form, ["-c", ("import sys\n" + mount if form == "rom" else "") + program])

    def _run(self, runtime: str, form: str, arguments: list[str]) -> list[str]:
        self._count += 1
        folder = device(self._folder / str(self._count), next(self._configs))
        (folder / "names.json").write_text(self._names)
        try:
            done = subprocess.run(
                [str(micropython(runtime)), "-X", f"heapsize={HEAP}k", *arguments],
                cwd=folder,
                env={"MICROPYPATH": ".frozen" if form == "rom" else f"{self._mpy}:.frozen"},
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise click.ClickException(f"a boot on {runtime}: no end after {PATIENCE} s") from error
        if done.returncode:
            raise click.ClickException(done.stdout + done.stderr)
        return done.stdout.splitlines()
