"""First boots with heaps of given sizes: what the service gave must be on flash, or nothing may have been asked."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from pathlib import Path

import cpython
import size
from devices import ROOT, Device, configuration, create
from enroll_tools.sandbox import Sandbox
from runtimes import micropython

cpython.install()

PATIENCE = 30  # seconds for one boot
TOKEN = {"etherfax": "device_token", "xyte": "access_key"}


class Boots:
    """Boots devices of `provider` from sources ("py") or from .mpy files; `registered` says with which heaps."""

    def __init__(self, folder: Path, runtime: str, form: str, provider: str) -> None:
        self.registered: dict[int, bool] = {}
        self._sandbox = Sandbox(folder / "sandbox")
        self._provider = provider
        self._device = Device(folder / "device", runtime)
        self._names = itertools.count(1)
        self._path = f"{ROOT}/lib:{ROOT}/boards/unix:{ROOT}/firmware:.frozen"
        if form == "mpy":
            size.compile_all(folder / "mpy")
            self._path = "../mpy:.frozen"

    def __enter__(self) -> Boots:
        self._sandbox.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._sandbox.__exit__(*error)

    def boot(self, heap: int) -> list[str]:
        """Boot a new device with `heap` bytes; a sentence for what was lost."""
        shutil.rmtree(self._device.folder, ignore_errors=True)
        section = create(self._sandbox, self._provider, str(next(self._names)))
        self._device.write({**configuration(self._sandbox, self._provider, section), "ca": "ca.der"})
        shutil.copy(self._sandbox.ca_der, self._device.folder / "ca.der")
        try:
            status = self._run(heap)
            given = self._given(section)
            self.registered[heap] = status == 0
            if not given:
                return [] if status else [f"{heap} bytes: registered, the service does not know of it"]
            if given not in self._kept():
                return [f"{heap} bytes: exit status {status}, and the credential is not on flash"]
            if status and self._run(heap):
                return [f"{heap} bytes: the answer is on flash, and the next boot cannot read it"]
        except subprocess.TimeoutExpired:
            return [f"{heap} bytes: no end after {PATIENCE} s"]
        return []

    def _run(self, heap: int) -> int:
        script = size.START.format(mount="")
        command = [str(micropython(self._device.runtime)), "-X", f"heapsize={heap}", "-c", script]
        environment = {**os.environ, "MICROPYPATH": self._path}
        return subprocess.run(
            command, cwd=self._device.folder, env=environment, capture_output=True, timeout=PATIENCE, check=False
        ).returncode

    def _given(self, section: dict[str, str]) -> str:
        """The credential that the service has given to the device of `section`, "" if none."""
        for row in getattr(self._sandbox, self._provider).devices(reveal=True):
            if section.get("serial", section.get("sn")) in (row.get("serial"), row.get("sn")):
                return row[TOKEN[self._provider]] or ""
        return ""

    def _kept(self) -> str:
        """The content of the device's store: the credential, or the answer that contains it."""
        from enroll.commit import Journal
        from enroll.journal import RAW

        # not Config.load: it unloads modules, which another batch may be importing in its thread
        record = Journal(str(self._device.folder / "state")).load()
        return record[2].decode() if record and record[0] >= RAW else ""
