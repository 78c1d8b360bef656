"""What "Connect a board" tells a person to type."""

from __future__ import annotations

import sys

import pytest
from enroll_tools.sandbox.console import connect

LAN = "https://box.invalid:8443/etherfax/rest/2.0/api"
SIMULATED = "demo-board --alone --folder board"


def _folded(page, text):
    """Whether a command of the page is shown only when something is unfolded."""
    (code,) = [it for it in page.all("code") if it.text.endswith(text)]
    return any(code in it.all("code") for it in page.all("details"))


def test_a_board_that_can_reach_the_sandbox_comes_first(console, browser, monkeypatch):
    """On loopback only a simulated one can."""
    page = browser.get("/connect/etherfax")
    assert not _folded(page, SIMULATED) and _folded(page, "serve --lan")
    monkeypatch.setattr(console, "url", lambda *_: LAN)
    page = browser.get("/connect/etherfax")
    assert _folded(page, SIMULATED) and not _folded(page, "one enroll.json")


@pytest.mark.parametrize(
    ("where", "environment", "told"),
    [
        ("venv", True, "{venv}/enroll-provision"),  # active in the sandbox's terminal alone, perhaps
        ("elsewhere", True, "enroll-provision"),  # as pipx makes it
        ("venv", False, "enroll-provision"),
        ("", True, "{venv}/enroll-provision"),
    ],
)
def test_a_command_works_in_another_terminal(monkeypatch, tmp_path, where, environment, told):
    for name in ("venv", "elsewhere"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "enroll-provision").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path / where) if where else "/nowhere")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "python"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path) if environment else sys.base_prefix)
    assert connect.program("enroll-provision") == told.format(venv=tmp_path / "venv")


def test_the_file_of_a_device_that_waits(console, browser):
    """The choice is there where a person decides, and stays for the next device."""
    page = browser.get("/connect/rest")
    box = page.one("input", id="by-hand").attributes
    box["checked"] = ""
    page = browser.send(page, "Make a device and its enroll.json")
    assert "accept it in step 3" in page.text and "/enrollments" in page.one("pre").text
    assert "checked" in page.one("input", id="by-hand").attributes
    assert not browser.get("/connect/etherfax").all("input", id="by-hand")
