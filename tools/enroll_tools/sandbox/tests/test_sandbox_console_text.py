"""The console shows what devices and people typed as text, keeps secrets, and names every control."""

from __future__ import annotations

import html
import json
from urllib.parse import quote

import pytest
from enroll_tools.sandbox import Sandbox, samples
from enroll_tools.sandbox.console.pages import breakable
from enroll_tools.sandbox.tests.console_browser import Browser
from enroll_tools.sandbox.tests.cpython_device import Firmware

NASTY = "<script>alert(1)</script>\"'&"


pytestmark = pytest.mark.usefixtures("no_fault_is_left")


def paths(sandbox):
    """Every kind of page."""
    services = [f"/services/{name}" for name in sandbox.services]
    return ["/", "/log", "/faults", "/clock", "/connect", *services, *(f"/connect/{name}" for name in sandbox.services)]


def test_no_page_shows_a_secret_unasked(send):
    """Whatever a service calls a secret, of devices and in tables."""
    with Sandbox() as sandbox:
        other, secrets = Browser(sandbox), set()
        for name, service in sandbox.services.items():
            section = samples.fresh(sandbox, name)
            Firmware(sandbox, name, section).register()
            for device in service.devices_view():
                secrets |= {(name, value) for value in device.secrets.values()}
            for table in service.tables():
                places = [number for number, column in enumerate(table.columns) if column in table.secret]
                secrets |= {(name, row.cells[number]) for row in table.rows for number in places}
        secrets = {(name, value) for name, value in secrets if len(value) > 5}
        assert {name for name, _ in secrets} >= {"etherfax", "ickstream", "xyte", "centagate", "rest", "azure"}
        for path in paths(sandbox):
            text = html.unescape(other.get(path).body.decode())
            assert [it for it in secrets if it[1] in text] == [], path
        shown = "".join(html.unescape(other.get(f"/services/{it}?reveal=1").body.decode()) for it in sandbox.services)
        assert [it for it in secrets if it[1] not in shown] == []


@pytest.mark.parametrize("name", [NASTY, "a\u202eb", "‮⁦x", "/../..", "a b+c%41?#"])
def test_a_device_may_have_any_name(console, browser, name):
    """An identity with markup, marks that turn the direction of writing, or what means something in an address."""
    if name.isprintable():
        console.etherfax.create(name)
        page = browser.get("/services/etherfax")
        link = next(it for it in page.all("a") if it.text == name)
        assert browser.get(link.attributes["href"]).one("h1").text == name
    text = browser.get(f"/services/etherfax/device?id={quote(name)}").body.decode()
    assert "<script>alert" not in text and "\u202e" not in text and "\u2066" not in text


@pytest.mark.parametrize("sent", [NASTY, "\x1b[2J", "\u202e", "\ud800", "\x00", "\x7f\x85", "`<b>`"])
def test_what_a_device_sends_is_only_text(console, browser, send, sent):
    url = console.urls["xyte"].http
    query = quote(sent, errors="surrogatepass")
    send("GET", f"{url}/nothing?{query}", headers={"User-Agent": NASTY})
    body = json.dumps({"sn": sent, "mac": sent, "hardware_key": sent, "firmware_version": sent}, ensure_ascii=False)
    send(
        "POST",
        f"{url}/v1/devices",
        data=body.encode("utf-8", "surrogatepass"),
        headers={"Content-Type": "application/json"},
    )
    text = browser.get("/log").body.decode()
    assert "<script>alert" not in text and "<b>" not in text
    assert not any(it in text for it in "\x1b\x00\x7f\x85\u202e")


def test_a_place_that_is_empty_says_what_to_do(console):
    with Sandbox() as fresh:
        empty = Browser(fresh)
        for path in paths(fresh):
            page = empty.get(path)
            assert page.status == 200
            for it in page.all(class_="empty"):
                assert ": " in it.text or ". " in it.text, (path, it.text)  # what is missing, and what to do
        start = empty.get("/").text
        assert "No service has a device yet" in start
        cards = start.count("No device yet: connect a board, and the sandbox makes one.")
        assert cards == len(fresh.services), "a card that tells the long way, by hand"


def test_every_control_has_a_name_and_every_page_its_landmarks(console, browser):
    console.etherfax.create("MT105", enabled=True)
    console.fault("xyte", status=503)
    for path in [*paths(console), "/services/etherfax/device?id=MT105", "/nothing"]:
        page = browser.get(path)
        assert len(page.all("h1")) == len(page.all("main")) == len(page.all("header")) == 1, path
        assert page.one("html").attributes["lang"] == "en" and page.one("title").text
        assert page.all("a")[0].attributes["href"] == "#main"
        names = [it.attributes["id"] for it in page.all() if "id" in it.attributes]
        assert len(names) == len(set(names)), [it for it in names if names.count(it) > 1]
        labels = {it.attributes["for"] for it in page.all("label")}
        for it in page.all():
            if it.tag in ("a", "button", "summary", "h1", "h2", "h3", "th", "label"):
                assert it.text, (path, it)
            if it.tag in ("input", "select", "textarea") and it.attributes.get("type") != "hidden":
                assert it.attributes["id"] in labels, (path, it)
            for reference in ("aria-labelledby", "aria-describedby"):
                assert it.attributes.get(reference, names[0]) in names, (path, it)
            assert "style" not in it.attributes and not any(name.startswith("on") for name in it.attributes)
        for table in page.all("table"):
            assert table.one("caption").text and all("scope" in it.attributes for it in table.all("th"))
        buttons = [it.text for it in page.all("button")]
        assert len(buttons) == len(set(buttons)), (path, [it for it in buttons if buttons.count(it) > 1])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://[::1]:8443/a/b", "https://[::1]:8443<wbr>/a<wbr>/b"),
        ("/devices?id=1&token=***", "/devices<wbr>?id=1<wbr>&amp;token=***"),
        ("/<b>/\x1b[2J", "/&lt;b&gt;<wbr>/\\x1b[2J"),
    ],
)
def test_an_address_breaks_between_its_parts(address, expected):
    """It was broken within a word; and it stays text."""
    assert breakable(address) == expected
