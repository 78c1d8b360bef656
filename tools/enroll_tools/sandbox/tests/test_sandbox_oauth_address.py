"""OAuth: the address that a person is shown leads to where the code is entered."""

import dataclasses
from urllib.parse import urlencode, urlsplit

from enroll_tools.sandbox.tests.console_browser import Browser


def test_a_browser_that_knows_no_ca_is_led_to_the_code(shared, send):
    """The address was of the TLS port, whose certificate a browser refuses."""
    shared.oauth.set("approve", False)
    data = urlencode(shared.oauth.create_client()).encode()
    url = shared.urls["oauth"].http + "/device_authorization"
    code = send("POST", url, data=data, headers={"Content-Type": "application/x-www-form-urlencoded"}).json()
    assert code["verification_uri"] == f"{shared.console_url}oauth/device"
    browser = Browser(shared)
    page = browser.get(urlsplit(code["verification_uri"]).path)
    assert page.address == "/services/oauth#new-approve" and code["user_code"] in page.text
    page = browser.send(page, "Enter a code", user_code=code["user_code"])
    assert page.message == "Enter a code: done." and shared.oauth.codes()[-1]["status"] == "approved"


def test_an_address_that_a_person_cannot_open_is_not_told(shared, monkeypatch):
    """Where the console serves this computer alone, and the board is another one."""
    assert shared.oauth.console_at("127.0.0.1") == shared.console_url
    assert shared.oauth.console_at("192.0.2.7") == ""
    monkeypatch.setattr(shared, "options", dataclasses.replace(shared.options, admin_host="0.0.0.0"))
    monkeypatch.setattr(shared, "url", lambda *_: "https://box.example:8443/oauth")
    assert shared.oauth.console_at("192.0.2.7") == f"http://box.example:{shared.ports['admin']}/"
    monkeypatch.setattr(shared, "url", lambda *_: "https://[fd00::1]:8443/oauth")
    assert shared.oauth.console_at("192.0.2.7") == f"http://[fd00::1]:{shared.ports['admin']}/"
