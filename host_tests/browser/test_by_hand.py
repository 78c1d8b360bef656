"""Services at which a person decides: the board waits, and learns what was clicked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.tests.cpython_device import Firmware
from enroll_tools.unix_device import UnixDevice
from playwright.sync_api import Page, expect
from steps import booting, confirm, connect, state, stays

Board = Callable[[Page], UnixDevice]

# Each service, its words for a device that waits, what a person clicks on, and what the page says then.
WAITING = [
    ("Cumulocity", "Pending acceptance", "Accept", "is accepted."),
    ("REST", "Waiting", "Accept", "is accepted."),
    ("OAuth", "Code shown", "Approve", "is approved."),
]


@pytest.mark.parametrize(("title", "waiting", "action", "said"), WAITING)
def test_a_person_accepts_the_board_that_waits(
    page: Page, board: Board, title: str, waiting: str, action: str, said: str
) -> None:
    """On the page that connects it, which shows by itself that the board has asked."""
    connect(page, title, by_hand=True)
    device = board(page)
    with booting(device) as outcome:
        with stays(page):
            expect(state(page)).to_have_text(waiting)
        page.get_by_role("button", name=action).click()
        expect(page.get_by_role("status").filter(has_text=said)).to_be_in_viewport()
        expect(state(page)).to_have_text("Registered")
    assert outcome.result().registered


def test_polls_take_one_row_of_an_open_page(page: Page, enroll_sandbox: Sandbox) -> None:
    """A board that waits asks the same again and again, and none of that is a failure."""
    section = enroll_sandbox.cumulocity.sample_by_hand("77")
    device = Firmware(enroll_sandbox, "cumulocity", section)
    device.register(1)
    page.goto(f"/services/cumulocity/device?id={section['serial']}")
    with stays(page):
        for number in (2, 3):
            device.register(1)
            expect(page.locator(".packet.plain", has_text="Nobody has accepted")).to_contain_text(
                f"{number} times in a row"
            )
    expect(page.locator(".packet.bad")).to_have_count(0)


@pytest.mark.parametrize(("title", "denied"), [("REST", "Denied"), ("OAuth", "Denied or expired")])
def test_a_person_denies_the_board_that_waits(page: Page, board: Board, title: str, denied: str) -> None:
    """The timeline has the decision and the answer; the board says what to do."""
    connect(page, title, by_hand=True)
    device = board(page)
    with booting(device, once=True) as outcome:
        page.get_by_role("table").get_by_role("link").click()
        expect(page.get_by_role("button", name="Deny")).to_be_visible()
        confirm(page, "Deny")
        expect(state(page)).to_have_text(denied)
        expect(page.locator(".packet").filter(has_text="has denied the device").first).to_be_visible()
        expect(page.locator(".packet").filter(has_text="portal").first).to_contain_text("Denied")
    assert outcome.result().kind == "refused"
    assert "a person has denied" in outcome.result().message
