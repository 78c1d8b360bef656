"""The smallest heaps with which a device is given its network by Improv, and registers."""

from __future__ import annotations

import json
import os
import subprocess
import time
import tty

from improv import CURRENT, RESULT, STATE, Client, command, settings
from size import NETWORK, Heaps

PASSWORD = "not-a-real-password"
PATIENCE = 20.0  # seconds for one boot


class BoxedHeaps(Heaps):
    """The same for a device without a network, whose client gives it one."""

    network = NETWORK[:0]
    start = """
import sys
{mount}
import air
import main
sys.exit(main.main(["enroll.json"]))
"""
    more = ("link.py", "offline.py", "unix/air.py")

    def run(self, command_: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        board, other = os.openpty()
        tty.setraw(other)
        environment = {**environment, "ENROLL_AIR": json.dumps({"home": PASSWORD})}
        process = subprocess.Popen(
            command_, cwd=self._device.folder, env=environment, stdin=board, stdout=board, stderr=subprocess.DEVNULL
        )
        try:
            self._give(Client(other), process)
            return subprocess.CompletedProcess(command_, process.wait(PATIENCE))
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command_, 1)
        finally:
            process.kill()
            process.wait()
            os.close(board)
            os.close(other)

    def _give(self, client: Client, process: subprocess.Popen[bytes]) -> None:
        """Give the device its network, unless it ends before."""
        asked = given = 0.0
        end = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < end:
            if not given and time.monotonic() > asked + 1:
                asked = time.monotonic()
                client.send(command(CURRENT))
            found = client.take(0.05)
            if found and found[0] == STATE and not given:
                given = time.monotonic()
                client.send(settings("home", PASSWORD))
            elif found and found[0] == RESULT and given:
                if b"registered" not in found[1]:
                    process.kill()  # it says what its heap lacks
                return
