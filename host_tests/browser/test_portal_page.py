"""A person with a phone gives a device its Wi-Fi, on the page in the device's own network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from audit import PHONE, grave
from devices import Device, configuration, create
from enroll_tools.sandbox import Sandbox
from phone import Boxed
from playwright.sync_api import BrowserContext, Page, expect
from runtimes import first

AIR = {"Home": "password-canary", "café <☕> & 日本日本": ""}
OWN = {"ssid": "Acme 4711", "password": "own-canary-1"}


@pytest.fixture
def boxed(enroll_sandbox: Sandbox, tmp_path: Path) -> Iterator[Boxed]:
    """A device without a network, which serves its page."""
    device = Device(tmp_path / "device", first())
    device.write(configuration(enroll_sandbox, "etherfax", create(enroll_sandbox, "etherfax", "1")))
    with Boxed(device, AIR, OWN) as it:
        it.page()
        yield it


@pytest.fixture
def page(open_context: Callable[..., BrowserContext], boxed: Boxed) -> Page:
    found = open_context(base_url=boxed.address, viewport=PHONE, has_touch=True, color_scheme="light").new_page()
    found.goto("/")
    return found


def test_a_device_is_given_its_wifi_on_a_phone(boxed: Boxed, page: Page) -> None:
    page.get_by_label("Network").select_option("Home")
    page.get_by_label("Password").fill("wrong-canary")
    page.get_by_role("button", name="Join").tap()
    expect(page.get_by_role("status")).to_have_text("`Home` wrong password")
    page.get_by_label("Or its name").fill("Home")
    page.get_by_label("Password").fill(AIR["Home"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("registered etherfax")
    assert boxed.ends() == 0


def test_the_page_is_readable_by_everybody(page: Page) -> None:
    """axe-core has no serious finding, also in the dark, nothing is beyond the edge of a phone, Tab reaches all."""
    assert grave(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    bright = page.evaluate("getComputedStyle(document.documentElement).colorScheme")
    light = page.screenshot()
    page.emulate_media(color_scheme="dark")
    assert bright == "light dark" and page.screenshot() != light
    assert grave(page, runOnly=["color-contrast"]) == []
    for name in ("s", "o", "p", ""):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.name") == name
    assert page.evaluate("document.activeElement.textContent") == "Join"


def test_a_name_is_text_and_no_markup(boxed: Boxed, page: Page) -> None:
    """The name of a network comes from anybody in reach. An open one needs no password."""
    page.get_by_label("Network").select_option(label="café <☕> & 日本日本")
    page.get_by_role("button", name="Join").tap()
    expect(page.get_by_role("status")).to_contain_text("registered etherfax")
    assert boxed.ends() == 0
