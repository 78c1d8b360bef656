"""`make test-board` on the emulated board: what a person with a real one types, but for the port."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from testboard.row import FAILED, NOT_TRIED, PASSED

from .machine import on_pty
from .result import Result
from .toolchain import Environment

PATIENCE = 3600  # seconds
COMMAND = (sys.executable, "-m", "testboard", "--json", "--port")


def result(found: dict[str, Any], seconds: float) -> Result:
    """What test-board has printed as JSON: a test for each row that was tried."""
    rows = found["rows"]
    tried = [row for row in rows if row["result"] != NOT_TRIED]
    failures = [f"{row['name']}: {row['text']}" for row in tried if row["result"] == FAILED]
    if "error" in found:
        failures.append(f"test-board: {found['error']}")
    notes = [f"test-board, {row['name']}: {row['result']}: {row['text']}" for row in rows]
    passed = sum(row["result"] == PASSED for row in tried)
    return Result(len(tried), passed, seconds, failures, notes)


def run(environment: Environment, firmware: Path) -> Result:
    """All of test-board; its progress is on stderr."""
    start = time.monotonic()
    with on_pty(environment, firmware) as port:
        done = subprocess.run([*COMMAND, port], stdout=subprocess.PIPE, timeout=PATIENCE, check=False)
    return result(json.loads(done.stdout), time.monotonic() - start)
