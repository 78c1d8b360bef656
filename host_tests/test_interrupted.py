"""Ctrl-C while the host tools still import their modules."""

import signal
import sys
from pathlib import Path

import pytest
from interrupted import pressed


@pytest.mark.parametrize(("tool", "module"), [("provision", "click"), ("sandbox", "click"), ("sandbox", "aiohttp")])
def test_no_traceback(tool: str, module: str, tmp_path: Path) -> None:
    done = pressed([sys.executable, "-m", f"enroll_tools.{tool}", "--help"], module, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
