"""The console's pages: what they show and do without script, and that nothing a device sends becomes markup."""

from __future__ import annotations

import datetime
import json
import threading
from urllib.parse import quote

import pytest
from enroll_tools.sandbox.services.etherfax import registration_token
from enroll_tools.sandbox.tests.cpython_device import Firmware

NASTY = "<script>alert(1)</script>\"'&"


pytestmark = pytest.mark.usefixtures("no_fault_is_left")


def test_a_device_goes_from_created_to_registered(console, browser):
    page = browser.send(browser.get("/services/etherfax"), "Create a device", serial="MT100")
    assert page.message == "Create a device: done. Serial MT100 Copy Serial Enabled false Copy Enabled"
    page = browser.send(page, "Enable MT100")
    assert page.message == "MT100 is enabled."
    device = Firmware(console, "etherfax", {"serial": "MT100", "utc_offset": 0})
    device.register()
    page = browser.get("/services/etherfax/device?id=MT100")
    assert page.one("span", data_device="MT100").text == "Registered"
    outcomes = [it.text for it in page.one("ol").all(class_="outcome")]
    assert outcomes == ["200", "portal", "portal"]
    assert "The device has registered" in page.one("ol").all("li")[0].text


def test_a_wrong_clock_is_explained_beside_the_right_token(console, browser):
    console.etherfax.create("MT101", enabled=True)
    Firmware(console, "etherfax", {"serial": "MT101", "utc_offset": 0}, ahead=-86_400).register(1)
    address = "/services/etherfax/device?id=MT101"
    page = browser.get(address)
    line = page.one("ol").all("li", class_="packet bad")[0]
    assert "The device's clock is a day behind" in line.text
    assert "hidden Show token, received, of packet" in line.text
    entry = console.log("etherfax", reveal=True)[-1]
    received = entry.path.rpartition("token=")[2]
    assert received not in page.body.decode() and entry.expected not in page.body.decode()
    revealed = browser.get(address + "&reveal=1").body.decode()
    assert received in revealed and entry.expected in revealed


def test_a_device_that_nobody_has_created_has_a_timeline(console, browser):
    Firmware(console, "etherfax", {"serial": "MT109", "utc_offset": 0}).register(1)
    link = next(it for it in browser.get("/log").all("a") if it.text == "MT109")
    page = browser.get(link.attributes["href"])
    assert page.one("span", data_device="MT109").text == "Unknown" and "create it, or correct" in page.text
    assert "No device has this serial number" in page.one("ol").text


def test_an_open_page_asks_for_no_packets_again(console, browser):
    """To explain 50 packets takes longer than the boards' requests that they come from."""
    Firmware(console, "etherfax", {"serial": "MT108", "utc_offset": 0}).register(1)
    for path in ("/services/etherfax?", "/services/etherfax/device?id=MT108&"):
        assert browser.get(path).one("ol").all("li")
        page = browser.get(path + "live=1")
        assert not page.one("ol").all("li") and b"live=1" not in page.body


def test_what_is_dangerous_is_asked_first(console, browser):
    console.etherfax.create("MT102")
    page = browser.send(browser.get("/services/etherfax"), "Delete… MT102")
    assert page.one("h1").text == "Delete MT102?" and page.all("a", href="/services/etherfax")
    assert any(row["serial"] == "MT102" for row in console.etherfax.devices())
    assert "Delete this device." in page.text and page.one("a", aria_current="true").text == "Services"
    assert page.one("button", class_="danger").text == "Delete MT102"
    page = browser.send(page, "Delete MT102")
    assert page.message == "MT102 is deleted."
    assert not any(row["serial"] == "MT102" for row in console.etherfax.devices())


def test_a_reset_does_not_look_like_a_deletion(console, browser, send):
    """It is the way out where a token is lost."""
    console.etherfax.create("MT107", enabled=True)
    token = registration_token("MT107", datetime.datetime.now(datetime.UTC).date())
    send("GET", f"{console.urls['etherfax'].http}/devices?a=register&id=MT107&token={token}")
    page = browser.get("/services/etherfax/device?id=MT107")
    red = [it.text for it in page.all("button", class_="small danger")]
    assert red == ["Disable… MT107", "Delete… MT107"]
    page = browser.send(page, "Reset… MT107")
    assert "Let this device register again;" in page.text and not page.all("button", class_="danger")
    assert browser.send(page, "Reset MT107").message == "MT107 is reset."


def test_an_error_is_one_sentence_and_the_form_keeps_what_was_typed(console, browser):
    console.etherfax.create("MT103")
    page = browser.send(browser.get("/services/etherfax"), "Create a device", serial="MT103", enabled="1")
    assert page.message == "Etherfax already has a device 'MT103'."
    form = page.form("Create a device")
    assert form.one("input", name="field.serial").attributes["value"] == "MT103"
    assert "checked" in form.one("input", name="field.enabled").attributes
    again = browser.get("/services/etherfax")
    assert not again.all(id="message") and again.form("Create a device").all("input", value="MT103") == []


def test_a_secret_is_shown_when_it_is_asked_for(console, browser):
    console.etherfax.create("MT104", enabled=True)
    Firmware(console, "etherfax", {"serial": "MT104", "utc_offset": 0}).register()
    token = next(row for row in console.etherfax.devices(reveal=True) if row["serial"] == "MT104")["device_token"]
    for path in ("/services/etherfax", "/services/etherfax/device?id=MT104", "/log"):
        page = browser.get(path)
        assert token not in page.body.decode()
        shows = [it for it in page.all("a") if it.text.startswith("Show")]
        assert token in browser.get(shows[0].attributes["href"]).body.decode()


def test_connect_a_board(console, browser):
    """What the page gives registers."""
    page = browser.send(browser.get("/connect/etherfax"), "Make a device and its enroll.json")
    link = next(it for it in page.all("a") if it.text == "Download enroll.json").attributes["href"]
    config = json.loads(browser.get(link).body)
    assert config["url"] == console.url("etherfax") and config["ca"] == "ca.der"
    assert Firmware(console, "etherfax", config["etherfax"]).register().status == 200
    shown = browser.get("/connect/etherfax").one(data_device=config["etherfax"]["serial"])
    assert shown.attributes["data-state"] == "Registered"
    assert browser.get("/connect/ca.der").body == console.ca_der.read_bytes()
    assert browser.get("/connect/ca.pem").body == console.ca_pem.read_bytes()
    code = browser.get(page.one("img").attributes["src"])
    assert code.headers["Content-Type"] == "image/svg+xml" and b"<svg" in code.body and b"<script" not in code.body


def test_a_real_board_gets_a_network(console, browser, monkeypatch):
    """The sandbox's name need not be one that this machine knows, as in a network with mDNS."""
    assert "serve --lan" in browser.get("/connect/etherfax").text
    monkeypatch.setattr(console, "url", lambda *_: "https://box.invalid:8443/etherfax/rest/2.0/api")
    page = browser.send(browser.get("/connect/etherfax"), "Make a device and its enroll.json")
    assert json.loads(page.one("pre").text)["network"][0]["ssid"] == {"$prompt": "Name of the Wi-Fi"}
    assert "serve --lan" not in page.text and "asks for the Wi-Fi's name and password" in page.text


@pytest.mark.parametrize("service", ("rest", "azure", "centagate", "oauth", "xyte", "cumulocity"))
def test_a_configuration_hides_its_secrets_until_it_is_saved(console, browser, service):
    page = browser.send(browser.get(f"/connect/{service}"), "Make a device and its enroll.json")
    link = next(it for it in page.all("a") if it.text == "Download enroll.json").attributes["href"]
    config = json.loads(browser.get(link).body)
    shown = json.loads(page.one("pre").text)
    hidden = [name for name, value in _leaves(config[service]) if dict(_leaves(shown[service]))[name] != value]
    assert hidden
    for name, value in _leaves(config[service]):
        if name in hidden:
            assert value not in page.body.decode()


def _leaves(value, path=""):
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, f"{path}/{name}")
    else:
        yield path, value


def test_faults_are_set_and_removed(console, browser):
    page = browser.send(browser.get("/faults"), "Set the fault", service="etherfax", status="503")
    assert "Set a fault: done." in page.message
    assert console.faults()[0].status == 503
    page = browser.send(page, "Remove all faults")
    assert console.faults() == [] and "No fault is set" in page.text
    page = browser.send(page, "Set the fault", service="etherfax", status="99")
    assert (
        page.message.startswith("Status must be") and page.one("input", name="field.status").attributes["value"] == "99"
    )


def test_a_frequent_fault_is_one_click(console, browser):
    page = browser.get("/faults?service=xyte")
    assert page.all("select")[0].one("option", selected="").text == "Xyte"
    page = browser.send(page, "Be busy", times="3", path="/v1")
    (fault,) = console.faults()
    assert (fault.service, fault.times, fault.path, fault.status) == ("xyte", 3, "/v1", 503)
    assert fault.headers == {"Retry-After": "5"}
    for name in ("Lose the answer", "Answer late", "Show a portal", "Spoil the JSON", "Cut the answer"):
        page = browser.send(page, name)
        assert page.message.startswith("Set a fault: done."), name
    assert len(console.faults()) == 6


def test_a_command_is_sent_from_the_page_of_its_device(console, browser, send):
    key = console.xyte.create_model("console")["hardware_key"]
    body = {"hardware_key": key, "sn": "1", "mac": "0200000000aa", "firmware_version": "1.0.0"}
    identity = send("POST", console.urls["xyte"].http + "/v1/devices", json=body).json()["id"]
    link = next(it for it in browser.get("/services/xyte").all("a") if "0200000000aa" in it.text)
    page = browser.get(link.attributes["href"])
    page = browser.send(page, "Send a command", name="reboot", parameters="[")
    assert (
        page.message.startswith("Parameters is not JSON") and page.one("textarea", name="field.parameters").text == "["
    )
    page = browser.send(page, "Send a command", name="reboot", parameters='{"delay": 1}')
    assert page.message.startswith("Send a command: done.")
    assert [row["name"] for row in console.xyte.commands(identity)] == ["reboot"]


def test_boards_do_not_wait_for_a_page(console, browser, send, monkeypatch):
    begun, served = threading.Event(), threading.Event()
    first = []  # whether the board was served before the page
    page_of = console.azure.portal_devices.page

    def slow(*wanted):
        begun.set()
        first.append(served.wait(20))
        return page_of(*wanted)

    monkeypatch.setattr(console.azure.portal_devices, "page", slow)
    page = threading.Thread(target=browser.get, args=["/services/azure"])
    page.start()
    assert begun.wait(5)
    send("GET", console.urls["azure"].http)
    served.set()
    page.join()
    assert first == [True]


def test_many_devices_are_found_by_name(console, browser):
    for number in range(120):
        console.rest.create(f"many-{number:03d}")
    page = browser.get("/services/rest")
    total = len(console.rest.devices())
    seen: list[str] = []
    while True:
        seen += [row.all("th")[0].text for row in page.one(id="devices").all("tr")[1:]]
        assert f"{total} devices in all, page {-(-len(seen) // 50)} of 3" in page.text
        following = page.one(id="devices").all("a", rel="next")
        if not following:
            break
        page = browser.get(following[0].attributes["href"])
    assert seen == sorted(row["serial"] for row in console.rest.devices())
    page = browser.get(page.one(id="devices").one("a", rel="prev").attributes["href"])
    assert "page 2 of 3" in page.text
    assert "page 3 of 3" in browser.get("/services/rest?page=99").text
    page = browser.get("/services/rest?find=many-11")
    assert len(page.one(id="devices").all("tr")) == 11 and f"10 of {total} devices have many-11" in page.text
    assert "No device has nobody in its name" in browser.get("/services/rest?find=nobody").text


def test_the_clock_is_set(console, browser):
    page = browser.send(browser.get("/clock"), "Set the time", set="2017-02-02T12:00:00Z")
    assert "2017-02-02T12:00:0" in page.text
    assert browser.send(page, "Set the time", set="noon").one("input", id="time").attributes["value"] == "noon"
    page = browser.send(page, "Set the offset", offset="-86400")
    assert "-86400 s off the sandbox's time" in page.text
    page = browser.send(browser.send(page, "Set the offset", offset="0"), "Follow the machine's clock")
    assert console.clock.offset == 0


def test_the_log_has_pages_and_a_filter(console, browser, send):
    for number in range(60):
        send("GET", f"{console.urls['centagate'].http}/n{number}")
    page = browser.get("/log?service=centagate")
    assert len(page.one("ol").all("li")) == 50
    older = next(it for it in page.all("a") if it.text == "Older packets").attributes["href"]
    assert len(browser.get(older).one("ol").all("li")) == 10
    assert page.one("option", selected="").text == "Centagate"


def test_a_message_is_shown_once_and_a_link_cannot_make_one(browser):
    assert not browser.get("/services/etherfax?m=You+have+won").all(id="message")


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "/a\nb"]
)
def test_a_form_leads_to_no_other_site(console, send, browser, back):
    token = browser.get("/clock").all("input", name="csrf")[0].attributes["value"]
    data = f"csrf={token}&back={quote(back)}&field.offset=0".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", **browser.headers}
    answer = send("POST", console.console_url + "do/sandbox/ntp", data=data, headers=headers)
    assert answer.status == 303 and answer.headers["Location"].startswith("/?m=")


def test_unknown_places(browser):
    for path in (
        "/services/none",
        "/services/etherfax/device?id=none",
        "/connect/none",
        "/connect/xyte/enroll.json?config=x",
    ):
        page = browser.get(path)
        assert page.status == 404 and page.one("p", role="alert").text, path
