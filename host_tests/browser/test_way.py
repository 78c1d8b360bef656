"""The way of a newcomer: from the start page to a board that is registered, click by click."""

from __future__ import annotations

from collections.abc import Callable

from enroll_tools.unix_device import UnixDevice
from playwright.sync_api import Page, expect


def test_from_the_start_page_to_a_registered_board(page: Page, board: Callable[[Page], UnixDevice]) -> None:
    page.goto("/")
    page.get_by_role("link", name="Connect a board", exact=True).first.click()
    page.get_by_role("link", name="etherFAX").click()
    page.get_by_role("button", name="Make a device").click()
    state = page.get_by_role("row").nth(1).locator(".state")
    expect(state).to_have_text("Enabled")
    device = board(page)
    page.evaluate("window.stays = true")
    assert device.boot().registered
    expect(state).to_have_text("Registered")
    assert page.evaluate("window.stays"), "the page was loaded again"
