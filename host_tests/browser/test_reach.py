"""The whole way by keyboard, and how a browser is let in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from enroll_tools.sandbox import Sandbox
from enroll_tools.unix_device import UnixDevice
from playwright.sync_api import BrowserContext, Page, expect
from steps import connect, state, stays

Open = Callable[..., BrowserContext]


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until what has the focus is called so."""
    for _ in range(60):
        page.keyboard.press("Tab")
        text: str = page.evaluate("document.activeElement.textContent.trim()")
        if text.startswith(name):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"no Tab leads to {name!r}")


def test_the_whole_way_by_keyboard(page: Page, enroll_device: Callable[..., UnixDevice], tmp_path: Path) -> None:
    """From the start page to a registered board and its reset, with Tab and Enter; the focus can always be seen."""
    device = enroll_device({}, sandbox=None)
    page.goto("/")
    for name in ("Connect a board", "etherFAX", "Make a device"):
        _tab_to(page, name)
        with page.expect_navigation():
            page.keyboard.press("Enter")
    for name in ("enroll.json", "ca.der"):
        _tab_to(page, f"Download {name}")
        with page.expect_download() as saved:
            page.keyboard.press("Enter")
        saved.value.save_as(device.flash / name)
    with stays(page):
        assert device.boot().registered
        expect(state(page)).to_have_text("Registered")
    for name in ("MT000000001", "Reset", "Reset"):
        _tab_to(page, name)
        with page.expect_navigation():
            page.keyboard.press("Enter")
    expect(state(page)).to_have_text("Enabled")
    assert page.evaluate("document.activeElement.id") == "message"


def test_another_machine_logs_in(open_context: Open, enroll_sandbox: Sandbox) -> None:
    """A browser of another machine gets in by the admin key."""
    page = open_context(None, base_url=f"http://console.test:{enroll_sandbox.ports['admin']}").new_page()
    page.goto("/log")
    page.get_by_label("Admin key").fill("x" * 20)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not the admin key")
    page.get_by_label("Admin key").fill(enroll_sandbox.admin_key)
    page.get_by_role("button", name="Log in").click()
    connect(page, "etherFAX")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Admin key")).to_be_visible()


def test_a_newcomer_gets_in_by_a_link(open_context: Open, enroll_sandbox: Sandbox) -> None:
    """The bare address says what to do; the link leads in, and so does a link on a page of another site then."""
    page = open_context(None, base_url=enroll_sandbox.console_url).new_page()
    page.goto("/services/etherfax")
    expect(page.get_by_role("heading", level=1)).to_have_text("Let this browser in")
    page.goto(enroll_sandbox.console_link())
    expect(page.get_by_role("heading", level=1)).to_have_text("Services")
    elsewhere = f"http://console.test:{enroll_sandbox.ports['admin']}/login"
    page.goto(elsewhere)
    page.evaluate(f"location = '{enroll_sandbox.console_url}log'")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log")
    assert page.url == enroll_sandbox.console_url + "log"
