"""Faults that a person sets in the console, and what the board does then."""

from __future__ import annotations

from collections.abc import Callable

from enroll_tools.unix_device import UnixDevice
from playwright.sync_api import Page, expect
from steps import connect, state, stays

Board = Callable[[Page], UnixDevice]


def test_a_busy_service_is_asked_again(page: Page, board: Board) -> None:
    """503 with Retry-After: the timeline has the refusal below the answer that registers."""
    connect(page, "etherFAX")
    device = board(page)
    page.get_by_role("table").get_by_role("link").click()
    timeline = page.url
    page.goto("/faults?service=etherfax")
    page.get_by_text("Any other fault", exact=True).click()
    form = page.get_by_role("form", name="Any other fault")
    form.get_by_label("Status").fill("503")
    form.get_by_label("Headers").fill('{"Retry-After": "1"}')
    form.get_by_role("button", name="Set the fault").click()
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(2)
    page.goto(timeline)
    with stays(page):
        assert device.boot().registered
        expect(state(page)).to_have_text("Registered")
        expect(page.locator(".packet.bad")).to_contain_text("503")
        expect(page.locator(".packet").filter(has_text="/etherfax/").first).to_contain_text("200")
    page.goto("/faults")
    expect(page.get_by_text("No fault is set")).to_be_visible()


def test_a_lost_answer_is_asked_for_again(page: Page, board: Board) -> None:
    """The service has done its work, and the board does not know: it registers with its second request."""
    connect(page, "Azure IoT")
    device = board(page)
    page.goto("/faults?service=azure")
    page.get_by_label("Times").first.fill("1")
    page.get_by_role("button", name="Lose the answer").click()
    expect(page.get_by_role("status").filter(has_text="done.")).to_be_visible()
    page.goto("/services/azure")
    with stays(page):
        assert device.boot().registered
        expect(state(page)).to_have_text("Assigned")
        expect(page.locator(".packet.good")).not_to_have_count(0)
        expect(page.locator(".packet.bad")).to_contain_text("202, lost")
