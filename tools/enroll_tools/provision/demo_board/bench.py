"""All that a person needs to try provision without hardware: a board, a sandbox, and a device's configuration."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MISUSE, Failure
from .board import Board

if TYPE_CHECKING:
    from ...sandbox import Sandbox


@contextlib.contextmanager
def sandbox(state: Path, free_ports: bool) -> Iterator[Sandbox]:
    """A running sandbox at its usual ports. Raises Failure where it cannot start."""
    from ... import sandbox as package  # here, since it takes 0.5 s to import
    from ...sandbox.options import DEFAULT_PORTS

    ports = {} if free_ports else DEFAULT_PORTS
    with contextlib.ExitStack() as stack:
        try:
            running = stack.enter_context(package.Sandbox(state, ports=ports))
        except package.SandboxError as error:
            raise Failure(MISUSE, f"the sandbox cannot start, {error}") from None
        yield running


class Folder:
    """What lasts from one run to the next: the board's flash and its device's enroll.json. Raises Failure."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.flash, self.port = path / "flash", path / "port"
        self.configuration, self.ca = path / "enroll.json", path / "ca.der"
        self._chip = path / "chip"

    @contextlib.contextmanager
    def locked(self, alone: bool) -> Iterator[None]:
        """Keep it for this process: two boards on one flash would destroy it. `alone`: enroll.json and ca.der are left
        as they are."""
        with contextlib.ExitStack() as stack:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                self._check(alone)
                lock = stack.enter_context((self.path / "lock").open("a"))
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                sentence = f"a board runs in {self.path} already: end it, or use another --folder"
                raise Failure(MISUSE, sentence) from None
            except OSError as error:
                sentence = f"{self.path} cannot be used, {error.strerror}: use another --folder"
                raise Failure(MISUSE, sentence) from None
            yield

    def _check(self, alone: bool) -> None:
        """Raise Failure for a folder in which a file would be replaced that is not of an earlier run."""
        ours = (self.flash, self.port) if alone else (self.flash, self.port, self.configuration, self.ca)
        for path in () if self._chip.is_file() else ours:
            if os.path.lexists(path):
                raise Failure(MISUSE, f"{path} is not of a simulated board, and would be lost: use another --folder")

    def device(self, running: Sandbox, provider: str) -> None:
        """Write enroll.json and ca.der for a device at `running`, unless they are there from an earlier run."""
        if self._is_for(running, provider):
            return
        from ...sandbox import samples

        section = samples.fresh(running, provider)
        assert self.chip  # from now on, what is here is ours
        config = samples.configuration(running, provider, section) | {"ca": self.ca.name}
        self.ca.write_bytes(running.ca_der.read_bytes())
        self.configuration.write_text(json.dumps(config, indent=1) + "\n")

    def _is_for(self, running: Sandbox, provider: str) -> bool:
        try:
            found = json.loads(self.configuration.read_text())
            ca = self.ca.read_bytes()
        except (OSError, ValueError):
            return False
        wanted = {"provider": provider, "url": running.url(provider), "ntp": [running.ntp]}
        # another CA belongs to another state folder, which does not know the device
        return ca == running.ca_der.read_bytes() and wanted.items() <= found.items()

    @property
    def chip(self) -> str:
        """The id of the board's chip, the same until `clear`."""
        if not self._chip.exists():
            self._chip.write_text(secrets.token_hex(8))
        return self._chip.read_text()

    def show(self, board: Board) -> None:
        """Make `port` lead to the board's port, whose name differs from run to run."""
        self.port.unlink(missing_ok=True)
        self.port.symlink_to(board.port)

    def clear(self) -> None:
        """Forget all of an earlier run."""
        for path in (self.flash, self.configuration, self.ca, self._chip):
            path.unlink(missing_ok=True)
