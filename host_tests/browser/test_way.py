"""The way of a newcomer: from the start page to a board that is registered, click by click."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from enroll_tools.sandbox import Sandbox
from enroll_tools.unix_device import UnixDevice
from playwright.sync_api import Page, expect
from steps import confirm, connect, state, stays

Board = Callable[[Page], UnixDevice]

# Each service, and its portal's word for a registered device.
SERVICES = {
    "etherFAX": "Registered",
    "ickStream": "Registered",
    "Xyte": "Registered",
    "Centagate": "Active",
    "REST": "Registered",
    "Azure IoT": "Assigned",
    "ThingsBoard": "Provisioned",
    "Cumulocity": "Registered",
    "OAuth": "Registered",
}


@pytest.mark.parametrize("title", SERVICES)
def test_a_board_registers_with_what_the_page_gives(page: Page, board: Board, title: str) -> None:
    """For each service; the page shows it by itself, and the device's page has each of its calls."""
    connect(page, title)
    device = board(page)
    with stays(page):
        assert device.boot().registered
        expect(state(page)).to_have_text(SERVICES[title])
    page.get_by_role("table").get_by_role("link").click()
    expect(page.locator(".packet.good")).not_to_have_count(0)
    page.locator(".packet.good summary").first.click()
    expect(page.get_by_role("table", name="Fields").first).to_be_visible()


@pytest.mark.parametrize(("title", "before"), [("etherFAX", "Enabled"), ("REST", "Created")])
def test_a_board_registers_again_after_a_reset(page: Page, board: Board, title: str, before: str) -> None:
    """In the portal's page of the device, whose timeline goes on by itself."""
    connect(page, title)
    device = board(page)
    config, authority = [(device.flash / name).read_bytes() for name in ("enroll.json", "ca.der")]
    assert device.boot().registered
    page.get_by_role("table").get_by_role("link").click()
    expect(state(page)).to_have_text("Registered")
    confirm(page, "Reset")
    expect(state(page)).to_have_text(before)
    device.erase()
    (device.flash / "enroll.json").write_bytes(config)
    (device.flash / "ca.der").write_bytes(authority)
    known = page.locator(".packet.good").count()
    with stays(page):
        assert device.boot().registered
        expect(state(page)).to_have_text("Registered")
        expect(page.locator(".packet.good")).not_to_have_count(known)


def test_secrets_are_masked_until_asked_for(page: Page, board: Board, enroll_sandbox: Sandbox) -> None:
    """Neither the page "Connect a board" nor that of the device holds a secret before; an update hides none."""
    connect(page, "REST")
    secrets = json.loads((board(page).flash / "enroll.json").read_text())["rest"]["secrets"]
    (secret,) = secrets.values()
    assert secret not in page.content()
    page.get_by_role("link", name="Show them").click()
    expect(page.get_by_label("enroll.json", exact=True)).to_contain_text(secret)
    page.get_by_role("table").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    assert secret not in page.content()
    with stays(page):
        page.get_by_role("link", name="Show secret").click()
        expect(page.locator("[data-value]")).to_have_text(secret)
        with page.expect_response(lambda answer: "live=1" in answer.url) as update:
            enroll_sandbox.etherfax.create("MT1")  # which changes nothing of this device
        update.value.finished()
        page.wait_for_timeout(50)  # the script of the page is at work
        expect(page.locator("[data-value]")).to_have_text(secret)
        page.get_by_role("link", name="Hide secret").click()
        expect(page.locator("[data-value]")).to_have_count(0)
    assert secret not in page.content()


def test_a_device_made_in_the_portal(
    page: Page, enroll_device: Callable[..., UnixDevice], enroll_sandbox: Sandbox
) -> None:
    """By the form on the service's page: it is refused, and the page says why, until somebody enables it."""
    page.goto("/services/etherfax")
    page.get_by_label("Serial").fill("MT7")
    page.get_by_role("button", name="Create a device").click()
    config = {"provider": "etherfax", "url": enroll_sandbox.url("etherfax"), "etherfax": {"serial": "MT7"}}
    device = enroll_device(config, sandbox=enroll_sandbox)
    with stays(page):
        assert device.boot(once=True).kind == "refused"
        expect(page.locator(".packet.bad")).to_contain_text("created but not enabled: enable it")
    page.get_by_role("button", name="Enable MT7").click()
    expect(state(page)).to_have_text("Enabled")
    with stays(page):
        assert device.boot(once=True).registered
        expect(state(page)).to_have_text("Registered")
