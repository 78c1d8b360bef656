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
    # and finds no other machine: `console.test` is this one by a name that is none of a loopback address
    "--host-resolver-rules=MAP console.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
PATIENCE = 15_000  # milliseconds that the page is given to show something

HERE = ("127.0.0.1", "localhost", "console.test")  # whom a page may call


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
def open_context(chromium: Browser, enroll_sandbox: Sandbox) -> Iterator[Callable[..., BrowserContext]]:
    """`open_context(sandbox, **options)`: a browser's profile, which the sandbox has let into its console unless it is
    None; its pages must have no errors and call this machine alone."""
    heard: list[str] = []
    made: list[BrowserContext] = []

    def make(sandbox: Sandbox | None = enroll_sandbox, **options: Any) -> BrowserContext:
        if sandbox:
            options.setdefault("base_url", sandbox.console_url)
        context = chromium.new_context(**options)
        if sandbox:
            context.request.get(sandbox.console_link())
        context.set_default_timeout(PATIENCE)
        context.on("console", lambda said: heard.extend(_complaint(said)))
        context.on("weberror", lambda error: heard.append(str(error.error)))
        context.on("response", lambda response: heard.extend(_refusal(response)))
        context.on("request", lambda request: heard.extend(_abroad(request.url)))
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()
    assert not heard


def _complaint(said: Any) -> list[str]:
    """What the browser says of a page; that of a status is `_refusal`'s."""
    wanted = said.type in ("error", "warning") and not said.text.startswith("Failed to load resource")
    return [said.text] if wanted else []


def _refusal(response: Any) -> list[str]:
    """A page may be refused, but not what belongs to it."""
    wanted = response.status >= 400 and not response.request.is_navigation_request()
    return [f"{response.status} {response.url}"] if wanted else []


def _abroad(url: str) -> list[str]:
    parts = urlsplit(url)
    here = parts.hostname in HERE or parts.scheme in ("data", "blob", "about")
    return [] if here else [f"called {url}"]


@pytest.fixture
def page(open_context: Callable[..., BrowserContext]) -> Page:
    """A page of a browser that has just been opened."""
    return open_context().new_page()


@pytest.fixture
def board(enroll_device: Callable[..., UnixDevice], tmp_path: Path) -> Callable[[Page], UnixDevice]:
    """`board(page)`: a board with both files of a page "Connect a board", as they are."""
    from steps import download

    return lambda page: download(page, tmp_path, enroll_device({}, sandbox=None))
