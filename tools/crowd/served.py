"""A sandbox in a process of its own, which may be killed and started again at the same ports."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import loopback
from enroll_tools.sandbox.client import AdminClient
from enroll_tools.sandbox.options import DEFAULT_PORTS

GRACE = 10  # seconds for an orderly end


class Served:
    """`enroll-sandbox serve --most ...` on the state folder `state`."""

    def __init__(self, state: Path, most: int) -> None:
        self.state = state
        # Not of the range from which the kernel gives ports to clients: one of these could hold it when it is killed.
        self.ports = {name: loopback.lasting(name == "ntp") for name in DEFAULT_PORTS}
        self._most = most
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, and wait until it serves. Raises RuntimeError if it does not."""
        command = [sys.executable, "-m", "enroll_tools.sandbox", "serve", "--json", "--quiet", "--free-ports"]
        command += ["--state", str(self.state), "--most", str(self._most)]
        for name, port in self.ports.items():
            command += ["--port", f"{name}={port}"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if "ports" not in (json.loads(said) if said.startswith("{") else ()):
            raise RuntimeError("the sandbox does not start: see what it has printed")

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._gone()

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE)
            self.kill()

    def _gone(self) -> None:
        if self._process is not None:
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Serve; whatever happens, its process ends with this."""
        try:
            self.start()
            yield
        finally:
            self.stop()

    def ask(self, operation: str, **arguments: Any) -> Any:
        """Perform an operation of its admin API. Raises SandboxError or ConnectionError."""
        return AdminClient(None, self.state).perform(operation, arguments)
