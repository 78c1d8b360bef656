"""What the sandbox says of requests that the firmware's own code made, and of broken ones: etherFAX."""

from __future__ import annotations

import base64

import pytest
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.tests.cpython_device import Firmware

SERIAL = "MT873615726"
DAY = 86_400


@pytest.fixture
def sandbox():
    with Sandbox(time="2017-02-02T12:00:00Z") as running:
        yield running


@pytest.fixture
def device(sandbox):
    sandbox.etherfax.create(SERIAL, enabled=True)
    return Firmware(sandbox, "etherfax", {"serial": SERIAL})


def test_registered(device):
    device.register()
    told = device.explained()
    assert told.verdict == "The device has registered, and got its DeviceToken: nothing to do."
    assert [field.name for field in told.fields][:4] == ["a", "id", "token", "DeviceToken (answer)"]
    assert [field.name for field in told.fields if field.secret] == ["token", "DeviceToken (answer)"]
    assert not told.expected


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (-DAY, "a day behind, the token is of 2017-02-01"),
        (DAY, "a day ahead, the token is of 2017-02-03"),
        (-40 * DAY, "40 days behind"),
        (366 * DAY, "366 days ahead"),
        (-6240 * DAY, "never set, it shows 2000-01-03"),
    ],
)
def test_wrong_day(device, ahead, words):
    device.ahead = ahead
    assert device.register().status == 403
    told = device.explained()
    assert words in told.verdict
    (token,) = told.expected
    assert token.expected == "414d6d04931da79f6d9925e0c30b85a3"
    assert token.received != token.expected


def broken(token):
    """Give a registration another token."""

    def change(request):
        head, sign, right = request.url.rpartition("=")
        request.url = head + sign + token(right)

    return change


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (str.upper, "in capitals"),
        (lambda _: "3239f210aefade4a5de84cd018d18b44", "serial number alone"),
        (lambda _: "short", "5 characters"),
        (lambda _: "0" * 32, "cannot be told"),
    ],
)
def test_wrong_token(device, token, words):
    device.register(changed=broken(token))
    assert words in device.verdict()


def test_serial_of_another_device(sandbox, device):
    sandbox.etherfax.create("MT1", enabled=True)
    other = Firmware(sandbox, "etherfax", {"serial": "MT1"})
    other.register(changed=lambda request: setattr(request, "url", request.url.replace("id=MT1", f"id={SERIAL}")))
    assert "made from the serial number 'MT1'" in device.verdict()


def test_each_state_has_its_verdict(sandbox, device):
    def says(words):
        assert device.register().status == 403
        assert words in device.verdict()
        assert not device.explained().expected

    sandbox.etherfax.delete(SERIAL)
    says("deleted in the portal: create it again")
    sandbox.etherfax.create(SERIAL)
    says("not enabled: enable it")
    sandbox.etherfax.enable(SERIAL)
    assert device.register().status == 200
    says("registered before")
    sandbox.etherfax.disable(SERIAL)
    says("disabled")
    stranger = Firmware(sandbox, "etherfax", {"serial": "other"})
    assert stranger.register().status == 403
    assert "No device has this serial number" in stranger.verdict()


def test_the_verdict_stays_when_the_device_is_changed_later(sandbox, device):
    sandbox.etherfax.disable(SERIAL)
    device.register()
    sandbox.etherfax.enable(SERIAL)
    assert "not enabled" in device.verdict()


def test_account_check(sandbox, device):
    device.register()
    path = "/accounts?a=status"
    assert device.call("GET", path).status == 200
    assert "is right" in device.verdict()
    for header, words in (
        ("Basic !", "valid Base64"),
        ("", "missing"),
        ("Basic " + base64.b64encode(f"device/{SERIAL}:wrong".encode()).decode(), "not the DeviceToken"),
        ("Basic " + base64.b64encode(b"device/other:wrong").decode(), "No device has this serial"),
    ):
        assert device.call("GET", path, headers={"Authorization": header}).status == 401
        assert words in device.verdict()
    for change, words in (("disable", "enable it"), ("reset", "not registered"), ("delete", "deleted in the portal")):
        getattr(sandbox.etherfax, change)(SERIAL)
        assert device.call("GET", path).status == 401
        assert words in device.verdict()


def test_missing_parameters_and_wrong_paths(sandbox, device, send):
    base = sandbox.urls["etherfax"].http
    for method, path, words in (
        ("GET", "/devices?a=register&id=1", "missing"),
        ("GET", "/devices?a=delete", "a=register"),
        ("POST", "/devices", "send GET"),
        ("GET", "/device", "check `url`"),
    ):
        send(method, base + path)
        assert words in device.verdict()


def test_masked_entry_does_not_guess(sandbox, device):
    device.ahead = -DAY
    device.register()
    told = sandbox.etherfax.explain(sandbox.log("etherfax")[-1])
    assert "cannot be told: show the secrets" in told.verdict
    assert not told.expected
