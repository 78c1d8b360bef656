"""Somebody who has read nothing: from an empty folder to a registered board, by what the terminal and the pages say."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from steps import stays

pytestmark = pytest.mark.timeout(240)  # seconds, on a busy machine


@contextlib.contextmanager
def terminal(folder: Path, line: str, ready: str) -> Iterator[str]:
    """Type a line in a terminal of its own, until Ctrl-C; gives what it has printed up to `ready`."""
    words = shlex.split(line)
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True) as running:
        try:
            assert running.stdout
            printed = ""
            while ready not in printed:
                piece = running.stdout.readline()
                assert piece, f"{line} has ended: {printed}"
                printed += piece
            yield printed
            os.killpg(running.pid, signal.SIGINT)
            running.communicate(timeout=30)
        finally:
            running.kill()


def command(page: Page, which: int) -> str:
    """A command of the page, as a person copies it."""
    return page.locator(".command:visible code").nth(which).inner_text()


def test_from_an_empty_folder_to_a_registered_board(
    open_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    """Each command is copied from what is shown, and run as it is."""
    serve = f"{shlex.quote(sys.executable)} -m enroll_tools.sandbox serve --free-ports"
    with terminal(tmp_path, serve, ready="time ") as said:
        page = open_context(None).new_page()
        page.goto(re.findall(r"Open the console: (\S+)", said)[0])
        page.get_by_role("main").get_by_role("link", name="Connect a board", exact=True).click()
        page.get_by_role("link", name="etherFAX", exact=True).click()
        page.get_by_role("button", name="Make a device and its enroll.json").click()
        for name in ("enroll.json", "ca.der"):
            with page.expect_download() as saved:
                page.get_by_role("link", name=f"Download {name}").click()
            saved.value.save_as(tmp_path / saved.value.suggested_filename)
        with terminal(tmp_path, command(page, 0), ready="Ctrl-C ends the board"), stays(page):
            done = subprocess.run(
                command(page, 1), cwd=tmp_path, shell=True, capture_output=True, text=True, timeout=200, check=False
            )
            assert "registered etherfax MT000000001" in done.stdout, done.stderr
            expect(page.locator(".state")).to_have_text("Registered")
