"""The page of a device: the faults that meet it, how its board starts again, and its timeline."""

from __future__ import annotations

import json

import pytest
from enroll_tools.sandbox import SandboxError
from enroll_tools.sandbox.tests.cpython_device import Firmware

pytestmark = pytest.mark.usefixtures("no_fault_is_left")


def page_of(browser, serial, service="etherfax"):
    return browser.get(f"/services/{service}/device?id={serial}")


def etherfax(console, serial):
    console.etherfax.create(serial, enabled=True)
    return Firmware(console, "etherfax", {"serial": serial, "utc_offset": 0})


def events(page):
    return [it.text.partition(" ")[2] for it in page.one("ol").all(class_="line event")]


def test_a_fault_is_on_the_page_until_it_is_removed(console, browser):
    """By the name on its button; neither its number nor the page Faults is needed."""
    etherfax(console, "MT201")
    page = browser.send(page_of(browser, "MT201"), "Be busy")
    assert page.message == "Set the fault Be busy: done."
    for it in (page, page_of(browser, "MT201"), browser.get("/services/etherfax")):
        (banner,) = it.all("section", aria_label="Faults that are set")
        assert "Be busy is set for" in banner.text and "meets every request, and ends in 10 min" in banner.text
    assert not page_of(browser, "MT201", "xyte").all("section", aria_label="Faults that are set")
    page = browser.send(page_of(browser, "MT201"), "Remove the fault Be busy")
    assert console.faults() == [] and not page.all("section", aria_label="Faults that are set")
    assert events(page)[:2] == ['fault "Be busy" is removed', 'fault "Be busy" is set']


def test_a_fault_of_all_devices_is_on_the_page_of_each(console, browser):
    etherfax(console, "MT202")
    console.fault("etherfax", kind="slow", expires=0.001)
    while console.faults():
        pass  # a page may be made in less time
    console.fault("*", kind="certificate-expired", times=2, expires=7200)
    console.fault("etherfax", kind="overloaded", most=5)
    page = page_of(browser, "MT202")
    (banner,) = page.all("section", aria_label="Faults that are set")
    assert "Be overloaded is set for all devices: it meets every request beyond 5 a second" in banner.text
    assert "Each request beyond 5 in a second gets 503" in browser.get("/faults").one(id="faults").text
    assert "Certificate: expired is set for all devices: it meets the next 2 requests, and ends in 2 h." in banner.text
    assert 'fault "Answer late" has expired (for all devices)' in events(page)


def test_each_button_that_removes_a_fault_has_a_name_of_its_own(console, browser):
    """A screen reader tells the name alone; two devices may have the same kind of fault."""
    etherfax(console, "MT207")
    for device in ("MT207", "MT208", ""):
        console.fault("etherfax", kind="busy", device=device)
    named = "Remove the fault Be busy"
    for page, names in (
        (page_of(browser, "MT207"), [named, f"{named} for all devices"]),
        (browser.get("/services/etherfax"), [f"{named} for {it}" for it in ("MT207", "MT208", "all devices")]),
    ):
        assert [it.text for it in page.all("button") if it.text.startswith("Remove ")] == names


def test_a_fault_is_removed_before_anything_else(console, browser):
    """The advice for an orphan leads to the same loss while the fault is there; before the loss the fault is wanted."""
    device = etherfax(console, "MT203")
    console.fault("etherfax", kind="lost-answer", device="MT203")
    assert "Remove the fault first" not in page_of(browser, "MT203").text
    device.register()
    assert "Remove the fault first" in page_of(browser, "MT203").one(id="device").text
    console.clear_faults()
    page = page_of(browser, "MT203")
    assert "Remove the fault first" not in page.text and "reset the device in the portal" in page.text


def test_the_fault_of_the_page_loses_the_registration_alone(console, browser):
    """Not the check of the old credential, after which a board does not ask to register."""
    device = etherfax(console, "MT204")
    device.register()
    browser.send(page_of(browser, "MT204"), "Lose the answer")
    console.etherfax.reset("MT204")
    assert device.call("GET", "/accounts?a=status").status == 401
    assert device.register(1).status == 0
    page = page_of(browser, "MT204")
    assert page.one("span", data_device="MT204").attributes["data-state"] == "Registered, token lost"
    assert events(page)[0] == 'fault "Lose the answer" has met its last request'
    assert console.faults() == []
    console.etherfax.reset("MT204")
    assert device.register(1).status == 200


@pytest.mark.parametrize("given", [{"kind": "busy"}, {"kind": "refused-before"}, {"kind": "certificate-expired"}])
def test_a_fault_before_the_work_cannot_wait_for_a_registration(console, given):
    with pytest.raises(SandboxError, match="registration needs a fault that spoils the answer"):
        console.fault("etherfax", registration=True, **given)


def test_what_a_lost_answer_was_and_what_to_do(console, browser):
    """A refusal is no work; the fault has the name of its button, and a link."""
    device = etherfax(console, "MT205")
    device.register()
    console.fault("etherfax", kind="lost-answer", device="MT205")
    device.call("GET", "/accounts?a=status")
    assert device.verdict() == (
        'The service did its work, and a fault that was set here ("Lose the answer") kept the answer back: remove the '
        "fault if it is still set, and start the device again."
    )
    console.etherfax.disable("MT205")
    device.call("GET", "/accounts?a=status")
    assert 'refused the request (401), and a fault that was set here ("Lose the answer")' in device.verdict()
    console.etherfax.enable("MT205")
    console.etherfax.reset("MT205")
    device.register()
    assert device.verdict().startswith("The service registered the device, and a fault")
    assert device.verdict().endswith("and do what the device's page says.")
    row = page_of(browser, "MT205").one("ol").all("li", class_="packet bad")[0]
    assert row.one("a", href="/faults?service=etherfax")


def test_the_board_starts_again(console, browser):
    """The page leads to the configuration that was made for the device, and to the command."""
    for service, field in (("etherfax", "serial"), ("oauth", "client_id")):
        made = browser.send(browser.get(f"/connect/{service}"), "Make a device and its enroll.json")
        text = browser.get(next(it for it in made.all("a") if it.text == "Download enroll.json").attributes["href"])
        number = made.address.partition("config=")[2].partition("#")[0]
        page = page_of(browser, json.loads(text.body)[service][field], service)
        assert page.all("a", href=f"/connect/{service}?config={number}")
        assert any(it.text.endswith(f"demo-board --alone --folder board-{service}") for it in page.all("code"))
    etherfax(console, "MT206")
    assert page_of(browser, "MT206").all("a", href="/connect/etherfax")


def test_polls_are_neutral_and_folded(console, browser):
    """Until somebody decides, each poll gets the same answer, which is no failure."""
    section = console.oauth.sample_by_hand("301")
    device = Firmware(console, "oauth", section)
    poll = device.register(2).request
    try:
        for _ in range(3):
            console.set_time(console.clock.now() + 10)
            device.send(poll)
    finally:
        console.set_time(None)
    page = page_of(browser, section["client_id"], "oauth")
    rows = page.one("ol").all("li")
    polls = [it for it in rows if "Nobody has decided yet" in it.text]
    assert len(polls) == 1 and polls[0].attributes["class"] == "packet plain"
    assert "4 times in a row." in polls[0].text
    assert len(browser.get("/log?service=oauth").one("ol").all("li")) >= 5
