"""Other people's programs for the same protocols: `make test-oracles` fetches and runs them, `make test` does not."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from devices import ROOT

HERE = Path(__file__).parent
FETCHED = ROOT / ".cache" / "oracles"
collect_ignore_glob = [] if os.environ.get("ORACLES") else ["test_*.py"]

Ask = Callable[..., Any]


def _ask(command: list[Path | str], question: dict[str, Any], **environment: str) -> Any:
    done = subprocess.run(
        command,
        input=json.dumps(question),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def ask_python() -> Ask:
    """`ask_python("name.py", key=value)` runs that program with the packages of requirements.txt. It gets the values as
    a JSON object on stdin; returns the JSON that it prints."""
    python = FETCHED / "bin" / "python"

    def ask(program: str, /, **question: Any) -> Any:
        return _ask([python, HERE / program], question)

    return ask


@pytest.fixture
def ask_node() -> Ask:
    """The same for a program of Node with the packages of package.json. `ca`: the file that it trusts."""
    if not (FETCHED / "node_modules").is_dir():
        pytest.skip("packages of npm are not there: install Node and run 'make test-oracles'")

    def ask(program: str, /, ca: str | Path = "", **question: Any) -> Any:
        environment = {"NODE_PATH": str(FETCHED / "node_modules"), "NODE_EXTRA_CA_CERTS": str(ca)}
        return _ask(["node", HERE / program], question, **environment)

    return ask
