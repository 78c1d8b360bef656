"""Everybody can use the console: by keyboard, on a phone, in the dark, with a screen reader, from another machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from enroll_tools.sandbox import Sandbox, samples
from enroll_tools.unix_device import UnixDevice
from playwright.sync_api import BrowserContext, Page, expect
from steps import connect, state, stays

Open = Callable[..., BrowserContext]

WIDTH = 360  # pixels of a small phone
GRAVE = ("serious", "critical")
PAGES = (
    "/",
    "/connect",
    "/connect/rest",
    "/services/etherfax/device?id=MT000000001",
    "/services/centagate",
    "/services/ickstream",
    "/services/xyte",
    "/services/thingsboard",
    "/services/azure",
    "/log",
    "/faults",
    "/clock",
    "/nothing-here",
)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory, _enroll_micropython: Path) -> Iterator[Sandbox]:
    """A sandbox with devices at every service, one that has registered and was refused then, and a fault."""
    folder = tmp_path_factory.mktemp("busy")
    with Sandbox(folder / "state") as sandbox:
        sections = {name: samples.fresh(sandbox, name) for name in sandbox.services}
        config = samples.configuration(sandbox, "etherfax", sections["etherfax"])
        device = UnixDevice(folder / "flash", _enroll_micropython, config)
        assert device.boot().registered
        device.erase()
        assert not device.boot(once=True).registered
        sandbox.fault("rest", status=503, headers={"Retry-After": "7"})
        yield sandbox


def _whole(page: Page, address: str) -> None:
    """Open a page with all that can be unfolded on it."""
    page.goto(address)
    page.wait_for_function("document.documentElement.classList.contains('live')")
    page.evaluate("for (const it of document.querySelectorAll('details')) it.open = true")


def _grave(page: Page, **options: Any) -> list[str]:
    """What axe-core finds, in words."""
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate("options => axe.run(document, options)", {"resultTypes": ["violations"], **options})
    assert found["passes"], "axe-core has checked nothing"
    return [
        f"{it['id']}: {it['help']}: {node['html']}"
        for it in found["violations"]
        if it["impact"] in GRAVE
        for node in it["nodes"]
    ]


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_readable_by_everybody(open_context: Open, busy: Sandbox, address: str) -> None:
    """axe-core has no serious finding, also in the dark, and nothing is beyond the edge of a phone."""
    page = open_context(
        busy,
        color_scheme="light",
        viewport={"width": WIDTH, "height": 740},
        reduced_motion="reduce",
    ).new_page()
    _whole(page, address)
    assert _grave(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    bright = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != bright
    assert _grave(page, runOnly=["color-contrast"]) == []
    page.set_viewport_size({"width": 1100, "height": 800})
    assert _grave(page, runOnly=["color-contrast", "scrollable-region-focusable"]) == []


def test_axe_finds_what_is_wrong(open_context: Open, busy: Sandbox) -> None:
    """The check can fail: text that hardly differs from its ground is a serious finding."""
    page = open_context(busy).new_page()
    page.goto("/clock")
    page.evaluate("document.querySelector('h1').style.color = '#eee'")
    assert any("color-contrast" in it for it in _grave(page))


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
    assert _grave(page) == []
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
    assert _grave(page) == []
    page.goto(enroll_sandbox.console_link())
    expect(page.get_by_role("heading", level=1)).to_have_text("Services")
    elsewhere = f"http://console.test:{enroll_sandbox.ports['admin']}/login"
    page.goto(elsewhere)
    page.evaluate(f"location = '{enroll_sandbox.console_url}log'")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log")
    assert page.url == enroll_sandbox.console_url + "log"
