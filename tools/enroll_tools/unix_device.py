"""A device without hardware: the genuine firmware in a folder, run by the unix port of MicroPython."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .provision.library import ROOT
from .sandbox import Sandbox, SandboxError
from .sandbox.listeners import is_loopback

CONFIGURATION = "enroll.json"
FIRMWARE = ("main.py", "app.py")  # in the root of a device's flash
PATIENCE = 30.0  # seconds for a boot


@dataclass(frozen=True)
class Outcome:
    """How a boot has ended.

    ``kind``: "registered", one of the kinds of failure in docs/outcomes.md, "unfinished" if the time ran out, or
    "crashed" if the firmware said nothing. ``status``: the exit status, None if the time ran out. ``message``: the
    rest of the firmware's last word. ``provider`` and ``device_id``: where and as what the device is registered.
    ``output`` and ``log``: the lines of stdout, an application's too, and the progress on stderr.
    """

    status: int | None
    kind: str
    message: str
    output: tuple[str, ...]
    log: tuple[str, ...]
    provider: str = ""
    device_id: str = ""

    @property
    def registered(self) -> bool:
        """Whether the device is registered, as far as its firmware knows."""
        return self.kind == "registered"


class UnixDevice:
    """A device whose flash is a folder, so that it lasts from one boot to the next.

    ``identity`` is what its board knows of itself: ``serial``, ``hardware_id``, ``hardware_key``, ``mac``.
    """

    def __init__(
        self,
        flash: Path,
        micropython: Path,
        configuration: Mapping[str, Any],
        identity: Mapping[str, str] | None = None,
    ) -> None:
        self.flash = flash
        self.outcomes: list[Outcome] = []
        self._micropython = micropython
        self._configuration = dict(configuration)
        self._identity = json.dumps(dict(identity or {}))
        self.erase()

    def erase(self) -> None:
        """Put the firmware and enroll.json on an empty flash: the device forgets that it is registered."""
        shutil.rmtree(self.flash, ignore_errors=True)
        self.flash.mkdir(parents=True)
        for name in FIRMWARE:
            shutil.copyfile(ROOT / "firmware" / name, self.flash / name)
        self.write(self._configuration)

    def write(self, configuration: Mapping[str, Any]) -> None:
        """Replace enroll.json, and keep the rest of the flash."""
        self._configuration = dict(configuration)
        (self.flash / CONFIGURATION).write_text(json.dumps(self._configuration, indent=1))

    def boot(self, *, once: bool = False, timeout: float = PATIENCE) -> Outcome:
        """Boot until the device is registered or gives up; with ``once``, make a single attempt to register."""
        return self._run(["--once"] if once else [], timeout)

    def app(self, path: str | Path, *, timeout: float = PATIENCE) -> Outcome:
        """Put an application on flash as ``app.py``, or a folder's files, and boot until the application ends."""
        source = Path(path)
        if source.is_dir():
            shutil.copytree(source, self.flash, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, self.flash / "app.py")
        return self._run(["--app"], timeout)

    def _run(self, arguments: list[str], timeout: float) -> Outcome:
        library = f"{ROOT / 'lib'}:{ROOT / 'boards' / 'unix'}:.frozen"
        environment = {**os.environ, "MICROPYPATH": library, "ENROLL_IDENTITY": self._identity}
        command = [str(self._micropython), str(self.flash / "main.py"), CONFIGURATION, *arguments]
        status: int | None = None
        try:  # `run` kills the process by its id when the time is up or a person interrupts
            done = subprocess.run(
                command, cwd=self.flash, env=environment, capture_output=True, timeout=timeout, check=False
            )
            status, output, log = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as error:
            output, log = error.stdout or b"", error.stderr or b""
        self.outcomes.append(_outcome(status, _lines(output), _lines(log), timeout))
        return self.outcomes[-1]


def _lines(printed: bytes) -> tuple[str, ...]:
    return tuple(printed.decode(errors="backslashreplace").splitlines())


def _outcome(status: int | None, output: tuple[str, ...], log: tuple[str, ...], timeout: float) -> Outcome:
    """Read the firmware's one line on stdout, which comes before those of an application."""
    said = next((line.removeprefix("enroll: ") for line in output if line.startswith("enroll: ")), "")
    if said.startswith("registered "):
        _, provider, device_id = said.split(" ", 2)
        return Outcome(status, "registered", f"{provider} {device_id}", output, log, provider, device_id)
    if said:
        kind, _, message = said.partition(": ")
        return Outcome(status, kind, message, output, log)
    if status is None:
        hint = "pass once=True for a single attempt, or a longer timeout"
        return Outcome(None, "unfinished", f"not registered within {timeout:g} s: {hint}", output, log)
    return Outcome(status, "crashed", f"ended with status {status} and no outcome: look at log", output, log)


def read(configuration: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    """A configuration from a file or as it is; a file names its CA relative to itself."""
    if isinstance(configuration, Mapping):
        return dict(configuration)
    path = Path(configuration)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
    if isinstance(found.get("ca"), str):
        found["ca"] = str(path.resolve().parent / found["ca"])
    return found


def changed(configuration: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with changes: objects in it are merged, everything else is replaced."""
    found = dict(configuration)
    for name, value in changes.items():
        old = found.get(name)
        found[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return found


def pointed(configuration: Mapping[str, Any], sandbox: Sandbox) -> dict[str, Any]:
    """A configuration with the sandbox in the place of the real service, which must not see a test's device.

    One whose ``url`` is on this machine already keeps what it says. Raises SandboxError for a service that the sandbox
    does not have.
    """
    found = dict(configuration)
    provider, url = found.get("provider"), found.get("url") or ""
    if url and _is_here(url):
        return {"ca": str(sandbox.ca_der), "ntp": [sandbox.ntp], **found}
    if provider not in sandbox.services:
        known = ", ".join(sandbox.services)
        raise SandboxError(f"the sandbox has no service {provider!r}: use one of {known}, or pass sandbox=None")
    found |= {"url": sandbox.url(provider), "ca": str(sandbox.ca_der), "ntp": [sandbox.ntp]}
    section = found.get(provider)
    if url and isinstance(section, dict):  # it may name more addresses of the same server
        found[provider] = {
            name: found["url"] + value.removeprefix(url) if isinstance(value, str) and value.startswith(url) else value
            for name, value in section.items()
        }
    return found


def _is_here(url: str) -> bool:
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except (SandboxError, ValueError):
        return False
