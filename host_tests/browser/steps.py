"""What a person does on several pages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from enroll_tools.unix_device import Outcome, UnixDevice
from playwright.sync_api import Locator, Page, expect


@contextmanager
def booting(device: UnixDevice, once: bool = False) -> Iterator[Future[Outcome]]:
    """Boot a board while a person does something; how it ends is the future's result."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(device.boot, once=once)


@contextmanager
def stays(page: Page) -> Iterator[None]:
    """Check that the page is not loaded again meanwhile."""
    page.evaluate("window.stays = true")
    yield
    assert page.evaluate("window.stays"), "the page was loaded again"


def connect(page: Page, title: str, by_hand: bool = False) -> None:
    """Go from the start page to a device of a service, and its enroll.json. `by_hand`: it waits for a person."""
    page.goto("/")
    page.get_by_role("navigation").get_by_role("link", name="Connect a board").click()
    page.get_by_role("link", name=title, exact=True).click()
    if by_hand:
        page.get_by_label(re.compile("Let me .* the device by hand")).check()
    page.get_by_role("button", name="Make a device").click()
    expect(page.get_by_role("link", name="Download enroll.json")).to_be_visible()


def download(page: Page, folder: Path, device: UnixDevice) -> UnixDevice:
    """Save both files of the page, and put them onto a device as they are."""
    for name in ("enroll.json", "ca.der"):
        with page.expect_download() as saved:
            page.get_by_role("link", name=f"Download {name}").click()
        assert saved.value.suggested_filename == name
        saved.value.save_as(folder / name)
        shutil.copyfile(folder / name, device.flash / name)
    return device


def state(page: Page) -> Locator:
    """The state of the only device."""
    return page.locator(".state")


def confirm(page: Page, action: str) -> None:
    """Click on what is dangerous, and say on the next page that it is meant."""
    page.get_by_role("button", name=action).first.click()
    page.get_by_role("heading", level=1, name=action).wait_for()
    page.get_by_role("button", name=action).click()
    expect(page.locator("#message.good")).to_be_visible()
