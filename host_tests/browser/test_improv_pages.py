"""A person in front of the pages that exist: their own code, in Chromium, gives a board its Wi-Fi.

Only `navigator.serial` is ours, see serial.js: it leads to the pty of a board. What Chromium does with a real port is
not shown.
"""

from __future__ import annotations

import json
import os
import select
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import web
from devices import ROOT, Device, configuration, create
from enroll_tools.sandbox import Sandbox
from improv import Wireless
from playwright.sync_api import BrowserContext, Page, expect
from runtimes import first

PACKAGES = ROOT / ".cache" / "oracles" / "node_modules"
SECRET = "password-canary"
AIR = {"home": SECRET, "café ☕ 日本": "", "zoo": SECRET}
HEAD = '<!doctype html><meta charset="utf-8"><title>Improv</title>'
PAGES = {
    "improv-wifi-serial-sdk": '<script type="module" src="/package/serial-launch-button.js"></script>'
    "<improv-wifi-serial-launch-button></improv-wifi-serial-launch-button>",
    "esp-web-tools": '<script type="module" src="/package/install-button.js"></script>'
    '<esp-web-install-button manifest="/manifest.json"></esp-web-install-button>',
}
MANIFEST = {"name": "enroll", "version": "any", "builds": []}


@pytest.fixture
def wireless(enroll_sandbox: Sandbox, tmp_path: Path) -> Iterator[Wireless]:
    """A board without a network."""
    device = Device(tmp_path / "device", first())
    device.write(configuration(enroll_sandbox, "etherfax", create(enroll_sandbox, "etherfax", "1")))
    with Wireless(device, AIR) as it:
        it.client.connect()  # it has found that no network works
        yield it


@pytest.fixture
def open_page(
    open_context: Callable[..., BrowserContext], wireless: Wireless, tmp_path: Path
) -> Iterator[Callable[[str], Page]]:
    """`open_page(name)`: the page with the code of that package of npm, and the board at its serial port."""
    site = tmp_path / "site"
    site.mkdir()
    board = wireless.client.port
    pages: list[Page] = []

    def read() -> list[int]:
        return list(os.read(board, 4096)) if select.select([board], [], [], 0)[0] else []

    def write(data: list[int]) -> None:
        os.write(board, bytes(data))

    with web.serving(site) as address:

        def make(name: str) -> Page:
            if not (PACKAGES / name).is_dir():
                pytest.skip("packages of npm are not there: install Node and run 'make test-oracles'")
            (site / "package").symlink_to(PACKAGES / name / "dist" / "web")
            (site / "manifest.json").write_text(json.dumps(MANIFEST))
            (site / "index.html").write_text(HEAD + PAGES[name])
            page = open_context(base_url=address).new_page()
            page.expose_function("serialRead", read)
            page.expose_function("serialWrite", write)
            page.add_init_script(path=Path(__file__).with_name("serial.js"))
            page.goto("/")
            pages.append(page)
            return page

        yield make
        for page in pages:
            page.close()  # before the board is gone


def give(page: Page, name: str, password: str) -> None:
    """Choose a network, give its password, and press the button."""
    page.get_by_role("combobox").click()
    page.get_by_role("option", name=name).click()
    page.locator("input[type=password]").fill(password)
    page.get_by_role("button", name="Connect", exact=True).last.click()


def test_the_page_of_improv(open_page, wireless, enroll_sandbox):
    """The element on improv-wifi.com."""
    page = open_page("improv-wifi-serial-sdk")
    page.get_by_role("button", name="Connect device to Wi-Fi").click()
    info = page.locator(".device-info")
    expect(info).to_contain_text("Firmwareenroll")
    expect(info).to_contain_text("Nameetherfax")
    give(page, "zoo", "wrong-canary")
    expect(page.get_by_text("Unable to connect")).to_be_visible()
    give(page, "home", SECRET)
    expect(page.get_by_text("Provisioned!")).to_be_visible()
    expect(page.get_by_role("link", name="Visit Device")).to_have_attribute("href", enroll_sandbox.url("etherfax"))
    assert wireless.ends() == 0


def test_the_dialog_of_esp_web_tools(open_page, wireless, enroll_sandbox):
    """Its own copy of the SDK is 2.8.0."""
    page = open_page("esp-web-tools")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("Connected to etherfax")).to_be_visible()
    page.get_by_text("Connect to Wi-Fi").click()
    give(page, "zoo", "wrong-canary")
    expect(page.get_by_text("Unable to connect")).to_be_visible()
    give(page, "home", SECRET)
    expect(page.get_by_text("Visit Device")).to_be_visible()
    expect(page.locator("a[href]")).to_have_attribute("href", enroll_sandbox.url("etherfax"))
    assert wireless.ends() == 0
