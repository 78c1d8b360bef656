"""Every page can be used by everybody: with a screen reader, on a phone, in the dark, by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from audit import PHONE, faults, grave, live, missed
from enroll_tools.sandbox import Sandbox, samples
from enroll_tools.sandbox.services import ALL
from enroll_tools.sandbox.tests.cpython_device import Firmware
from playwright.sync_api import BrowserContext, Page, expect

Open = Callable[..., BrowserContext]

pytestmark = pytest.mark.timeout(240)  # seconds, on a busy machine

SERVICES = [service.name for service in ALL]
PAGES = ("/", "/connect", "/log", "/faults", "/clock", "/nothing-here")
DEVICE = "/services/etherfax/device?id=MT000000001"
LONG = "M" * 64


@pytest.fixture(scope="module")
def busy() -> Iterator[Sandbox]:
    """A sandbox with a registered device at every service, two that were refused, of which one has a name without a
    place to break, and two faults; what is left of them stays the same while a page is checked."""
    with Sandbox() as sandbox:
        for name in sandbox.services:
            section = samples.fresh(sandbox, name)
            if name != "rest":  # whose client works on boards alone
                Firmware(sandbox, name, section).register()
        Firmware(sandbox, "etherfax", {"serial": "MT000000001"}, ahead=-86_400).register(1)
        sandbox.etherfax.create(LONG)
        Firmware(sandbox, "etherfax", {"serial": LONG}).register(1)
        sandbox.fault("rest", status=503, headers={"Retry-After": "7"}, expires=86_400)
        sandbox.fault("etherfax", kind="lost-answer", device=LONG, expires=86_400)
        yield sandbox


@pytest.fixture(scope="module")
def bare() -> Iterator[Sandbox]:
    """A sandbox as it starts."""
    with Sandbox() as sandbox:
        yield sandbox


def opened(open_context: Open, sandbox: Sandbox | None, **options: Any) -> Page:
    """A page on a phone, without animations, that stays as it was loaded: an update would exchange what is checked."""
    page = open_context(sandbox, viewport=PHONE, reduced_motion="reduce", **options).new_page()
    page.route("**/*live=1*", lambda route: None)  # it waits for the answer
    return page


@pytest.mark.parametrize("service", SERVICES)
def test_the_pages_of_a_service(open_context: Open, busy: Sandbox, bare: Sandbox, service: str) -> None:
    """With a device, its own page and what asks before it is deleted; and without one."""
    page = opened(open_context, busy)
    page.goto(f"/services/{service}")
    found = faults(page)
    page.get_by_role("table").first.get_by_role("rowheader").first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    found += faults(page)
    page.locator("button.danger").first.click()
    expect(page.get_by_role("link", name="Cancel")).to_be_visible()
    found += faults(page)
    page = opened(open_context, bare)
    page.goto(f"/services/{service}")
    assert found + faults(page) == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_pages_that_connect_a_board(open_context: Open, busy: Sandbox, service: str) -> None:
    """Before the device is made, and with its enroll.json."""
    page = opened(open_context, busy)
    page.goto(f"/connect/{service}")
    found = faults(page)
    page.get_by_role("button", name="Make a device").click()
    expect(page.get_by_label("enroll.json", exact=True)).to_be_visible()
    assert found + faults(page) == []


@pytest.mark.parametrize("address", PAGES)
def test_the_other_pages(open_context: Open, busy: Sandbox, bare: Sandbox, address: str) -> None:
    """In a sandbox that is in use, and in one that is not yet."""
    found = []
    for sandbox in (busy, bare):
        page = opened(open_context, sandbox)
        page.goto(address)
        found += faults(page)
    assert found == []


def test_the_header_leaves_room_on_a_phone(open_context: Open, bare: Sandbox) -> None:
    """It took three rows, of which the last had one link."""
    page = open_context(bare, viewport={"width": 360, "height": 740}).new_page()
    page.goto("/")
    links = page.get_by_role("navigation", name="Main").get_by_role("link").all()
    boxes = [it.bounding_box() for it in links]
    assert len({box["y"] for box in boxes if box}) == 1 and len(boxes) == 5


def test_a_long_name_in_a_message(open_context: Open, enroll_sandbox: Sandbox) -> None:
    """It breaks there, too, and where a person is asked."""
    page = opened(open_context, enroll_sandbox)
    page.goto("/services/etherfax")
    page.get_by_label("Serial").fill("N" * 200)
    page.get_by_role("button", name="Create a device").click()
    expect(page.get_by_role("status").filter(has_text="done.")).to_be_visible()
    found = faults(page)
    page.get_by_role("button", name="Delete").first.click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status").filter(has_text="is deleted.")).to_be_visible()
    assert found + faults(page) == []


def test_a_refused_form(open_context: Open, bare: Sandbox) -> None:
    """The page of status 403 says what to do, and so does one beside what was typed."""
    page = opened(open_context, bare)
    page.goto("/clock")
    page.get_by_label("Time", exact=True).fill("yesterday")
    page.get_by_role("button", name="Set the time").click()
    expect(page.get_by_role("alert")).to_contain_text("is not an ISO 8601 time")
    found = faults(page)
    page.evaluate("for (const it of document.querySelectorAll('[name=csrf]')) it.value = 'another'")
    page.get_by_role("button", name="Set the time").click()
    expect(page.get_by_role("alert")).to_contain_text("out of date: reload it")
    assert found + faults(page) == []


def test_the_door(open_context: Open, bare: Sandbox) -> None:
    """Of a browser on this machine, and of another machine's whose key was wrong."""
    page = opened(open_context, None)
    page.goto(bare.console_url)
    found = faults(page)
    page.goto(f"http://console.test:{bare.ports['admin']}/log")
    page.get_by_label("Admin key").fill("x" * 20)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not the admin key")
    assert found + faults(page) == []


@pytest.mark.parametrize("address", ["/", "/connect/oauth", "/services/centagate", DEVICE, "/faults", "/log", "/clock"])
def test_all_is_reached_by_keyboard(open_context: Open, busy: Sandbox, address: str) -> None:
    """Each link and control gets the focus by Tab, and shows it."""
    page = opened(open_context, busy)
    page.goto(address)
    live(page)
    assert missed(page) == []


def test_the_checks_find_what_is_wrong(open_context: Open, bare: Sandbox) -> None:
    """Text that hardly differs from its ground, a line that is too wide, and what Tab passes by."""
    page = opened(open_context, bare)
    page.goto("/clock")
    page.evaluate("document.querySelector('h1').style.color = '#eee'")
    page.evaluate("document.querySelector('button').tabIndex = -1")
    assert any("color-contrast" in it for it in grave(page))
    assert len(missed(page)) == 1
    page.evaluate("document.querySelector('h1').style.width = '400px'")
    page.evaluate("document.querySelector('h2').style.width = '1em'")
    found = faults(page)
    assert any("pixels wide on a phone" in it for it in found)
    assert any("'time' is broken" in it for it in found)
