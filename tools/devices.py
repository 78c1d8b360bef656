"""A device for tests and demonstrations: a folder with an enroll.json, booted on the unix port."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from enroll_tools.sandbox.samples import FIRST as FIRST  # re-exported
from enroll_tools.sandbox.samples import SERVICES as SERVICES
from enroll_tools.sandbox.samples import configuration as configuration
from enroll_tools.sandbox.samples import create as create
from runtimes import micropython

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Device:
    """A folder with an enroll.json, as it would lie on a board's flash."""

    folder: Path
    runtime: str
    library: Path = ROOT / "lib"
    heard: list[str] = field(default_factory=list)  # all that its boots have printed

    @property
    def path(self) -> Path:
        return self.folder / "enroll.json"

    def write(self, config: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(config, indent=1))

    def command(self, *arguments: str) -> list[str]:
        return [str(micropython(self.runtime)), str(ROOT / "firmware" / "main.py"), str(self.path), *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "MICROPYPATH": f"{self.library}:{ROOT}/boards/unix:{ROOT}/firmware:.frozen"}

    def boot(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Boot the firmware, with one attempt unless `arguments` say otherwise, and wait for its end."""
        return self.run(self.command(*(arguments or ("--once",))), **environment)

    def run(self, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `command` where the firmware would run."""
        env = {**self.environment, **environment}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
        self.heard += [done.stdout, done.stderr]
        return done
