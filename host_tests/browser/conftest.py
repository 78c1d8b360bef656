"""A person at the console, with a real browser: `make test-console` fetches what this needs, `make test` does not."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from enroll_tools.sandbox import Sandbox
from enroll_tools.unix_device import UnixDevice

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PACKAGES = Path(__file__).parents[2] / ".cache" / "browser" / "packages"
collect_ignore_glob = [] if os.environ.get("CONSOLE") else ["test_*.py"]
if os.environ.get("CONSOLE"):
    sys.path.append(str(PACKAGES))

# Chromium calls nobody by itself, and needs neither a graphics card nor a sandbox of its own, which root cannot have.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE = 15_000  # milliseconds that the page is given to show something

# What a page has told the browser's console, and whom it has called.
Heard = list[str]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, with an empty profile."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def console(enroll_sandbox: Sandbox) -> str:
    """The console's address, without a slash at its end."""
    return enroll_sandbox.console_url.rstrip("/")


@pytest.fixture
def open_context(chromium: Browser, console: str) -> Iterator[Callable[..., BrowserContext]]:
    """`open_context(**options)`: a browser's profile, whose pages must have no errors and call this machine alone."""
    heard: Heard = []
    made: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = chromium.new_context(**{"base_url": console, "accept_downloads": True, **options})
        context.set_default_timeout(PATIENCE)
        context.on("console", lambda said: heard.append(said.text) if said.type in ("error", "warning") else None)
        context.on("weberror", lambda error: heard.append(str(error.error)))
        context.on("request", lambda request: heard.extend(_abroad(request.url)))
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()
    assert not heard


def _abroad(url: str) -> Heard:
    parts = urlsplit(url)
    here = parts.hostname in ("127.0.0.1", "localhost") or parts.scheme in ("data", "blob", "about")
    return [] if here else [f"called {url}"]


@pytest.fixture
def page(open_context: Callable[..., BrowserContext]) -> Page:
    """A page of a browser that has just been opened."""
    return open_context().new_page()


@pytest.fixture
def board(enroll_device: Callable[..., UnixDevice], tmp_path: Path) -> Callable[[Page], UnixDevice]:
    """`board(page)`: downloads both files of a page "Connect a board", and puts them onto a device as they are."""

    def make(page: Page) -> UnixDevice:
        for name in ("enroll.json", "ca.der"):
            with page.expect_download() as download:
                page.get_by_role("link", name=f"Download {name}").click()
            assert download.value.suggested_filename == name
            download.value.save_as(tmp_path / name)
        device = enroll_device({}, sandbox=None)
        for name in ("enroll.json", "ca.der"):
            shutil.copyfile(tmp_path / name, device.flash / name)
        return device

    return make
