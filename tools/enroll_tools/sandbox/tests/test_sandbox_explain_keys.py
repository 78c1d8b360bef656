"""What the sandbox says of signed requests: a back end of one's own and Azure."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from enroll_tools.sandbox import samples
from enroll_tools.sandbox.tests.cpython_device import Firmware

DAY = 86_400


@pytest.fixture
def rest(sandbox):
    return Firmware(sandbox, "rest", samples.create(sandbox, "rest"))


@pytest.fixture
def azure(sandbox):
    sandbox.set("azure.polls", 0)
    return Firmware(sandbox, "azure", samples.create(sandbox, "azure"))


def test_rest_registers_works_and_asks_again(sandbox, rest):
    rest.register()
    assert "has registered" in rest.verdict()
    assert rest.call("GET", "/me").status == 200
    assert "The credential is right" in rest.verdict()
    rest.register()
    assert "registered before" in rest.verdict()
    assert rest.state() == "orphaned"
    rest.call("GET", "/me")
    assert rest.state() == "registered"
    sandbox.rest.reset("SN-0001")
    assert rest.state() == "enabled"
    sandbox.rest.delete("SN-0001")
    assert rest.state() == "deleted"
    assert rest.register().status == 403
    assert "was deleted" in rest.verdict()
    rest.call("GET", "/me")
    assert "No device has this key" in rest.verdict()


@pytest.mark.parametrize(("ahead", "words"), [(-DAY, "s behind"), (DAY, "s ahead")])
def test_rest_wrong_clock(rest, ahead, words):
    rest.ahead = ahead
    assert rest.register().status == 401
    assert words in rest.verdict()


def sign(key, text):
    return hmac.digest(key.encode(), text.encode(), hashlib.sha256)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda key, serial, now, nonce: sign(key, f"{serial}\n{nonce}").hex(), "the time is not in it"),
        (lambda key, serial, now, nonce: sign(key, f"{serial}\n{now}").hex(), "the nonce is not in it"),
        (lambda key, serial, now, nonce: sign(key, serial + now + nonce).hex(), "the line breaks are not in it"),
        (lambda key, *parts: sign("\n".join(parts), key).hex(), "key and message are exchanged"),
        (lambda key, *parts: sign(key, "\n".join(parts)).hex().upper(), "in capitals"),
        (lambda key, *parts: base64.b64encode(sign(key, "\n".join(parts))).decode(), "in Base64"),
        (lambda key, *parts: sign("another", "\n".join(parts)).hex(), "'SN-0002'"),
        (
            lambda key, *parts: sign("nobody's", "\n".join(parts)).hex(),
            "the sandbox cannot tell which: compare the secret, then",
        ),
        (lambda *parts: "", "X-Signature is missing"),
    ],
)
def test_rest_wrong_signature(sandbox, rest, made, words):
    sandbox.rest.create("SN-0002", "another")
    key = sandbox.rest.devices(reveal=True)[0]["secret"]

    def change(request):
        parts = ("SN-0001", request.headers["X-Timestamp"], request.headers["X-Nonce"])
        request.headers["X-Signature"] = made(key, *parts)

    assert rest.register(changed=change).status == 401
    assert words in rest.verdict()
    (pair,) = rest.explained().expected
    assert pair.what == "X-Signature"
    assert pair.expected != pair.received


def test_a_signature_whose_key_was_replaced_since(sandbox, rest, azure):
    words = "was wrong, and the sandbox cannot tell why, because the {} was changed since: start the device again."
    rest.register(changed=lambda request: request.headers.update({"X-Signature": "x"}))
    sandbox.rest.delete("SN-0001")
    sandbox.rest.create("SN-0001")
    assert rest.verdict() == "The signature " + words.format("device")
    section = {"id_scope": "0ne00SANDBOX", "serial": "sensor-0001", "device_key": base64.b64encode(b"x").decode()}
    Firmware(sandbox, "azure", section).register(1)
    sandbox.azure.delete_enrollment("sensor-0001")
    sandbox.azure.create("sensor-0001")
    assert azure.verdict() == "The signature " + words.format("enrollment")


def test_rest_nonce_used_twice(sandbox, rest):
    rest.register()
    sandbox.rest.reset("SN-0001")
    kept = rest.last().headers
    rest.register(changed=lambda request: request.headers.update({name: kept[name] for name in kept if "X-" in name}))
    assert "used before" in rest.verdict()


@pytest.mark.parametrize(
    ("path", "header", "words"),
    [
        ("/devices/claim", {"Authorization": "Bearer wrong"}, "not Bearer and the device's secret: copy"),
        ("/devices/claim", {}, "it is missing"),
        ("/enrollments", {"X-Fleet-Token": "wrong"}, "X-Fleet-Token is not"),
    ],
)
def test_rest_wrong_secret(sandbox, send, rest, path, header, words):
    send("POST", sandbox.urls["rest"].http + path, json={"serial": "SN-0001"}, headers=header)
    assert words in rest.verdict()


def test_azure_registers_and_works(sandbox, azure):
    azure.register()
    assert azure.verdict() == "A hub is assigned: nothing to do."
    assert azure.state() == "registered"
    assert azure.call("POST", "/devices/{id}/messages/events?api-version=2020-03-13", {"a": 1}).status == 204
    assert "The credential is right" in azure.verdict()
    sandbox.azure.delete("sensor-0001")
    azure.call("POST", "/devices/{id}/messages/events?api-version=2020-03-13", {"a": 1})
    assert "registers again by itself" in azure.verdict()
    azure.register()
    sandbox.azure.disable("sensor-0001")
    azure.call("POST", "/devices/{id}/messages/events?api-version=2020-03-13", {"a": 1})
    assert "disabled" in azure.verdict()
    azure.register()
    assert "enable it" in azure.verdict()
    assert azure.state() == "disabled"
    sandbox.azure.delete_enrollment("sensor-0001")
    assert azure.state() == "deleted"
    azure.register()
    assert "was deleted" in azure.verdict()


def test_azure_lost_answer_repairs_itself(sandbox, azure):
    sandbox.fault("azure", drop="after")
    azure.register(1)
    assert azure.state() == "orphaned"
    azure.register()
    assert azure.state() == "registered"


def test_azure_expired_token(azure):
    azure.ahead = -2 * DAY
    assert azure.register().status == 401
    assert "expired 1692" in azure.verdict()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("skn=registration", "skn=x", "skn"),
        ("&skn=registration", "", "skn"),
        ("sr=0ne00SANDBOX", "sr=other", "another resource"),
        ("se=", "se=x", "not Unix seconds: send the time at which the token expires"),
        ("SharedAccessSignature", "Bearer", "no SharedAccessSignature"),
        ("sig=", "sig=AAAA", "not 32 bytes"),
        ("sensor-0001&sig", "sensor%2D0001&sig", "spell both alike"),
    ],
)
def test_azure_broken_token(azure, old, new, words):
    def change(request):
        request.headers["Authorization"] = request.headers["Authorization"].replace(old, new)

    assert azure.register(1, change).status == 401
    assert words in azure.verdict()


def test_azure_wrong_keys_scope_and_version(sandbox, azure):
    other = sandbox.azure.create("other")["device_key"]
    mine = sandbox.azure.devices(reveal=True)[1]["device_key"]
    nobody = base64.b64encode(b"x" * 32).decode()
    plain = base64.b64encode(mine.encode()).decode()
    for key, words in (
        (other, "the key of 'other'"),
        (nobody, "the sandbox cannot tell which: copy"),
        (plain, "not decoded from Base64"),
    ):
        section = {"id_scope": "0ne00SANDBOX", "serial": "sensor-0001", "device_key": key}
        assert Firmware(sandbox, "azure", section).register(1).status == 401
        assert words in azure.verdict()
    Firmware(sandbox, "azure", {"id_scope": "0ne00OTHER", "serial": "sensor-0001", "device_key": mine}).register(1)
    assert "correct `id_scope`" in azure.verdict()
    assert azure.explained().expected[0].expected == "0ne00SANDBOX"
    azure.register(1, lambda request: setattr(request, "url", request.url.replace("2021-06-01", "2010-01-01")))
    assert "api-version" in azure.verdict()
    azure.register(1, lambda request: request.body.update(registrationId="other"))
    assert "registrationId" in azure.verdict()
    Firmware(sandbox, "azure", {"id_scope": "0ne00SANDBOX", "serial": "nobody", "device_key": mine}).register(1)
    assert "No enrollment" in azure.verdict()
