"""What "Connect a board" tells a person to type."""

from __future__ import annotations

import re
import sys
from urllib.parse import urlencode

import pytest
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.console import connect, restart
from enroll_tools.sandbox.tests.cpython_device import Firmware

LAN = "https://box.invalid:8443/etherfax/rest/2.0/api"
SIMULATED = "demo-board --alone --folder board-etherfax"


def _folded(page, text):
    """Whether the command of the page that matches `text` is shown only when something is unfolded."""
    (code,) = [it for it in page.all("code") if re.search(text, it.text)]
    return any(code in it.all("code") for it in page.all("details"))


def test_a_board_that_can_reach_the_sandbox_comes_first(console, browser, monkeypatch):
    """On loopback only a simulated one can."""
    page = browser.get("/connect/etherfax")
    assert not _folded(page, SIMULATED) and _folded(page, "serve --lan")
    monkeypatch.setattr(console, "url", lambda *_: LAN)
    page = browser.get("/connect/etherfax")
    assert _folded(page, SIMULATED) and not _folded(page, "one enroll.json$")


@pytest.mark.parametrize(
    ("where", "environment", "told"),
    [
        ("venv", True, "{venv}/enroll-provision"),  # active in the sandbox's terminal alone, perhaps
        ("elsewhere", True, "enroll-provision"),  # as pipx makes it
        ("venv", False, "enroll-provision"),
        ("", True, "{venv}/enroll-provision"),
    ],
)
def test_a_command_works_in_another_terminal(monkeypatch, tmp_path, where, environment, told):
    for name in ("venv", "elsewhere"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "enroll-provision").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path / where) if where else "/nowhere")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "python"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path) if environment else sys.base_prefix)
    assert connect.program("enroll-provision") == told.format(venv=tmp_path / "venv")


def test_the_file_of_a_device_that_waits(console, browser):
    """The choice is there where a person decides, and stays for the next device."""
    page = browser.get("/connect/rest")
    box = page.one("input", id="by-hand").attributes
    box["checked"] = ""
    page = browser.send(page, "Make a device and its enroll.json")
    assert "accept it in step 3" in page.text and "/enrollments" in page.one("pre").text
    assert "checked" in page.one("input", id="by-hand").attributes
    assert not browser.get("/connect/etherfax").all("input", id="by-hand")


def test_the_choice_says_what_happens_without_it_in_the_words_of_the_service(browser):
    """OAuth's label said "accept" where its button says "Approve"."""
    for service, verb in (("oauth", "approve"), ("cumulocity", "accept")):
        page = browser.get(f"/connect/{service}")
        hint = page.one(id=page.one("input", id="by-hand").attributes["aria-describedby"])
        assert hint.text == "Without this, the sandbox does so by itself, at once."
        assert page.one("label", for_="by-hand").text.startswith(f"Let me {verb} the device")


def test_only_a_file_with_secrets_is_said_to_hold_them(browser):
    for service, holds in (("etherfax", False), ("rest", True)):
        page = browser.send(browser.get(f"/connect/{service}"), "Make a device and its enroll.json")
        assert ("It holds the secrets, too." in page.text) is holds
        assert "loading" not in page.one("img").attributes, "a gap where the image is not loaded yet"


def test_a_second_service_is_not_sent_to_the_board_of_the_first(browser):
    """The same folder was given to each service, and `one` refused the second."""
    commands = [code.text for it in ("rest", "xyte") for code in browser.get(f"/connect/{it}").all("code")]
    folders = {it.rpartition(" --folder ")[2] for it in commands if " --folder " in it}
    assert folders == {"board-rest", "board-xyte"}
    assert "add --replace and this name" in browser.get("/connect/rest").text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"ports": {"http": 8080, "https": 8443, "admin": 8079, "ntp": 8123}}, ""),
        ({}, " --free-ports"),
        ({"ports": {"http": 8080, "https": 1, "admin": 8079, "ntp": 8123}}, " --port https=1"),
        ({"ports": {"https": 8443}, "settings": {"oauth.google": True}}, " --free-ports --port https=8443"),
        ({"most": 20}, " --free-ports --most 20"),
    ],
)
def test_a_sandbox_that_is_started_again_is_the_same(tmp_path, options, told):
    """Without these options it has another state, and other addresses."""
    sandbox = Sandbox(tmp_path / "my state", **options)
    sandbox.state_folder = tmp_path / "my state"  # as `start` sets it
    settings = " --set oauth.google=true" if "settings" in options else ""
    command = restart.serve_lan(sandbox, "enroll-sandbox")
    assert command == f"enroll-sandbox serve --lan --state '{tmp_path}/my state'{told}{settings}"


def called(send, console, path, client, **more):
    """What OAuth answers to a client."""
    form = urlencode({"grant_type": "urn:ietf:params:oauth:grant-type:device_code", **client, **more}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return send("POST", f"{console.urls['oauth'].http}/{path}", data=form, headers=kind).json()


def test_a_person_compares_the_code_and_sees_the_decision_beside_it(console, browser, send):
    """It showed no code; the result was at the top of the page, and the list had changed its order."""
    clients = [console.oauth.create_client(name=f"board {number}") for number in range(3)]
    code = called(send, console, "device_authorization", clients[1])
    page = browser.get("/connect/oauth")
    before = [it.text for it in page.one(id="devices").all("a")]
    assert before[:3] == ["board 2", "board 1", "board 0"]
    assert f"Its code is {code['user_code']}. Does the board show the same?" in page.one(id="devices").text
    page = browser.send(page, "Approve board 1")
    (section,) = [it for it in page.all("section") if it.all(id="watch")]
    assert section.one(id="message").text == page.message == "board 1 is approved."
    called(send, console, "token", clients[1], device_code=code["device_code"])
    page = browser.get("/connect/oauth")
    assert [it.text for it in page.one(id="devices").all("a")] == before
    states = [it.text for it in page.one(id="devices").all("span", class_="state registered")]
    assert states == ["Registered"], "as at the other services"


def test_a_fault_is_removed_before_the_device_is_started_again(console, browser):
    """The list said to reset the device, whose next answer the same fault would have kept back."""
    for serial in ("MT301", "MT302"):
        console.etherfax.create(serial, enabled=True)
        console.fault("etherfax", kind="lost-answer", device=serial, times=1 if serial == "MT301" else None)
        Firmware(console, "etherfax", {"serial": serial, "utc_offset": 0}).register()
    page = browser.get("/connect/etherfax")
    told = {it.one("a").text: it.text for it in page.one(id="devices").one("tbody").all("tr")}
    assert "Remove the fault first" in told["MT302"] and "Remove the fault first" not in told["MT301"]
    page = browser.send(page, "Remove the fault Lose the answer for MT302")
    (section,) = [it for it in page.all("section") if it.all(id="watch")]
    assert section.one(id="message").text == "Remove the fault Lose the answer: done."
    assert "Remove the fault first" not in page.text and console.faults() == []


def test_a_device_that_waits_without_a_code_is_accepted_there(console, browser, send):
    """Only OAuth has codes: the page failed where another device waited."""
    secret = console.rest.create("SN-77")["secret"]
    send(
        "POST", console.urls["rest"].http + "/enrollments", json={"serial": "SN-77"}, headers={"X-Fleet-Token": secret}
    )
    page = browser.send(browser.get("/connect/rest"), "Accept SN-77")
    assert page.message == "SN-77 is accepted." and "Its code" not in page.text
