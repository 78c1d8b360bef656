"""Pictures for docs/out-of-the-box.md: the page on which a phone gives a device its Wi-Fi."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from devices import Device, configuration, create
from enroll_tools.sandbox import Sandbox
from phone import Boxed
from runtimes import first

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AIR = {"Home": "not-a-real-password", "Guests": "", "Workshop": "not-a-real-password"}
OWN = {"ssid": "Acme 4711", "password": "not-a-real-password"}
SIZE = {"width": 360, "height": 560}  # pixels of a small phone
NAMES = ("portal-phone.png", "portal-dark-phone.png", "portal-joined-phone.png")


@contextmanager
def _boxed(folder: Path) -> Iterator[Boxed]:
    """A device without a network, which serves its page."""
    with Sandbox() as sandbox:
        device = Device(folder / "boxed", first())
        device.write(configuration(sandbox, "etherfax", create(sandbox, "etherfax", "1")))
        with Boxed(device, AIR, OWN) as it:
            it.page()
            yield it


def _join(page: Page) -> None:
    """Give the device a network, and wait for what becomes of it."""
    page.get_by_label("Network").select_option("Home")
    page.get_by_label("Password").fill(AIR["Home"])
    page.get_by_role("button").click()
    page.get_by_text("registered").wait_for()


def pictures(browser: Browser, folder: Path) -> Iterator[tuple[str, bytes]]:
    """(name, PNG) of each picture. `folder`: for the device."""
    with _boxed(folder) as boxed:
        page = browser.new_context(viewport=SIZE, color_scheme="light").new_page()
        page.goto(boxed.address)
        yield NAMES[0], page.screenshot()
        page.emulate_media(color_scheme="dark")
        yield NAMES[1], page.screenshot()
        page.emulate_media(color_scheme="light")
        _join(page)
        yield NAMES[2], page.screenshot()
