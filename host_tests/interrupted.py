"""Ctrl-C while a program still imports its modules."""

import os
import signal
import subprocess
from pathlib import Path

PRESSED = """import os, signal, time
os.kill(os.getpid(), signal.SIGINT)
time.sleep(10)
"""


def pressed(command: list[str], module: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `command`; Ctrl-C is pressed as soon as it imports `module`."""
    (folder / f"{module}.py").write_text(PRESSED)
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    # what runs in the background of a shell ignores SIGINT, and so would its programs
    return subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
