"""The sandbox's admin API: another's reader takes its description, and another's fuzzer agrees with it."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest
from devices import ROOT
from enroll_tools.sandbox import Sandbox

BIN = ROOT / ".cache" / "oracles" / "bin"
SETTINGS = Path(__file__).parent / "schemathesis.toml"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as it:
        yield it


def test_the_description_is_valid(sandbox, tmp_path):
    """Says openapi-spec-validator."""
    there = tmp_path / "openapi.json"
    with urllib.request.urlopen(sandbox.admin_url.replace("/admin", "/openapi.json")) as answer:
        there.write_bytes(answer.read())
    done = subprocess.run([BIN / "openapi-spec-validator", there], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(json.loads(there.read_text())["paths"]) > 90


@pytest.mark.timeout(240)
def test_the_api_is_as_described(sandbox, tmp_path):
    """Schemathesis calls each operation with values that the description allows, and with others; no answer is one that
    is not described, no valid call a 400, and no call without the key gets through."""
    report = tmp_path / "report.xml"
    url = sandbox.admin_url.replace("/admin", "/openapi.json")
    command = [BIN / "schemathesis", "--config-file", SETTINGS, "run", url]
    command += ["--header", f"Authorization: Bearer {sandbox.admin_key}", "--report-junit-path", report]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=220, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    selected = re.search(r"Tested: (\d+)", done.stdout)
    assert selected and int(selected[1]) > 90, done.stdout[-2000:]
