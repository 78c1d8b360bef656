"""One emulated board: QEMU with its flash and two serial lines, and genuine mpremote on the first of them."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from .modem import Modem
from .toolchain import QEMU, Environment

IMAGE = "0x21000000"  # where port/modules/target.py looks for the tests
MACHINE = (QEMU, "-machine", "mps2-an385", "-display", "none", "-monitor", "none", "-semihosting")
PTY = re.compile(r"redirected to (/\S+)")


@contextlib.contextmanager
def on_pty(environment: Environment, firmware: Path, image: Path | None = None) -> Iterator[str]:
    """The path of a serial port, at the other end of which the board runs `firmware`, as one that was just attached.

    `image`: the ROMFS with the tests.
    """
    command = [*MACHINE, "-serial", "pty", "-kernel", str(firmware)]
    if image:
        command += ["-device", f"loader,file={image},addr={IMAGE},force-raw=on"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            found = PTY.search(process.stdout.readline())
            assert found, "QEMU does not say where its serial line is"
            yield found[1]
        finally:
            process.kill()


class Machine:
    """A context in which the board runs `firmware` with the ROMFS `image`."""

    def __init__(self, environment: Environment, firmware: Path, image: Path) -> None:
        self._environment = environment
        self._files = (firmware, image)

    def __enter__(self) -> Self:
        firmware, image = self._files
        with socket.create_server(("127.0.0.1", 0)) as it:
            self.port = it.getsockname()[1]
        self.modem = Modem()
        self.modem.start()
        command = [*MACHINE, "-serial", f"tcp:127.0.0.1:{self.port},server,nowait"]
        command += ["-serial", f"tcp:127.0.0.1:{self.modem.port}"]
        command += ["-device", f"loader,file={image},addr={IMAGE},force-raw=on", "-kernel", str(firmware)]
        self._process = subprocess.Popen(command, env=self._environment, stdin=subprocess.DEVNULL)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        self.modem.close()

    def mpremote(self, *arguments: str, patience: float = 180) -> tuple[int | None, str]:
        """(exit status, what was printed) of mpremote, whose first step resets the board softly.

        None: it did not end. Nothing interrupts this board, so it is restarted then.
        """
        command = [sys.executable, "-m", "mpremote", "connect", f"socket://127.0.0.1:{self.port}", *arguments]
        try:
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=patience, check=False
            )
        except subprocess.TimeoutExpired as error:
            self.__exit__()
            self.__enter__()
            return None, (error.output or b"").decode(errors="replace") + f"\nno end after {patience} s"
        return done.returncode, done.stdout.decode(errors="replace")
