"""ThingsBoard: the wire, lost answers that cost nothing, and a registered device's calls."""

import json

from enroll.providers.thingsboard import device as calls
from enroll.steps import kept
from fake_device import Device
from fake_session import Registered
from helpers import config, raises

FAILURE = (200, {"status": "FAILURE", "errorMsg": "Failed to provision device!"})


def success(token):
    return 200, {"status": "SUCCESS", "credentialsType": "ACCESS_TOKEN", "credentialsValue": token}


def sent(device):
    """(method, path, JSON) of each request of the last boot."""
    return [
        (method, url.replace("http://localhost/api", ""), json.loads(more["data"] or b"null"))
        for method, url, more in device.service.requests
    ]


def token_of(device):
    return kept(device.it)["token"]


def test_the_device_chooses_a_token_and_has_it_on_flash_before_it_sends_it():
    device = Device("thingsboard")
    device.refused("network", OSError(104))
    token = token_of(device)
    assert len(token) == 20
    assert sent(device) == [
        (
            "POST",
            "/api/v1/provision",
            {
                "deviceName": "sensor-1",
                "provisionDeviceKey": "key-1",
                "provisionDeviceSecret": "secret-canary",
                "credentialsType": "ACCESS_TOKEN",
                "token": token,
            },
        )
    ]


def test_two_devices_choose_different_tokens():
    tokens = []
    for _ in range(3):
        device = Device("thingsboard")
        device.refused("network", OSError(104))
        tokens.append(token_of(device))
    assert len(set(tokens)) == 3


def test_the_token_that_was_kept_is_sent_again():
    device = Device("thingsboard")
    device.refused("network", OSError(104))
    token = token_of(device)
    device.it.section["token"] = None  # another boot
    credential = device.boot(success(token)).credential
    assert sent(device)[0][2]["token"] == token == credential.secret.reveal()
    assert credential.device_id == "sensor-1"


def test_a_lost_answer_loses_nothing():
    """The service has registered the device and refuses its name now; its token is good."""
    for attributes in ({}, {"client": {"t": 1}, "shared": {"rate": 5}}):
        device = Device("thingsboard")
        device.refused("network", OSError(104))
        token = token_of(device)
        device.it.section["token"] = None
        credential = device.boot(FAILURE, (200, attributes)).credential
        assert credential.secret.reveal() == token
        assert sent(device)[1] == ("GET", "/api/v1/%s/attributes" % token, None)
        assert not [line for line in device.lines if token in line], "the token is in a path, which is not logged"


def test_a_name_that_another_device_has_is_refused_with_a_remedy():
    device = Device("thingsboard")
    for test in ((401, b""), (404, b""), FAILURE):
        text = str(device.refused("refused", FAILURE, test).error)
        assert "another device has this name" in text and "delete that device in ThingsBoard" in text, text


def test_a_provision_key_that_the_service_does_not_know():
    device = Device("thingsboard")
    error = device.refused("configuration", (200, {"status": "NOT_FOUND"})).error
    assert "`provision_key`" in str(error) and error.said


def test_a_device_that_has_other_credentials_than_a_token():
    """As one created before has them, where the profile checks those. The remedy was to update the firmware."""
    basic = {"clientId": "c", "userName": "u", "password": "canary"}
    for kind, value in (("MQTT_BASIC", basic), ("X509_CERTIFICATE", "MIIC+canary/=="), ("LWM2M_CREDENTIALS", "{}")):
        body = {"status": "SUCCESS", "credentialsType": kind, "credentialsValue": value}
        text = str(Device("thingsboard").refused("refused", (200, body)).error)
        assert "are no access token: create the device there again" in text, text


def test_servers_before_3_3():
    device = Device("thingsboard")
    credential = device.boot((200, {"provisionDeviceStatus": "SUCCESS", "accessToken": "old-canary"})).credential
    assert credential.secret.reveal() == "old-canary", "they choose the token"
    device = Device("thingsboard")
    device.refused("configuration", (200, {"provisionDeviceStatus": "NOT_FOUND"}))
    device.refused("refused", (200, {"provisionDeviceStatus": "FAILURE"}), (401, b""))


def test_what_is_no_answer_of_thingsboard_registers_nothing():
    for body in (b"", b"{}", b'{"status": 5}', b'{"status": "ok"}', b"[]"):
        Device("thingsboard").refused("answer", (200, body))
    Device("thingsboard").refused("network", (200, b"<html>log in</html>"))
    Device("thingsboard").refused("network", FAILURE, (200, b"<html>log in</html>"))
    for body in (b"", b"[]", b"ok", b'{"login": "needed"}', b'{"status": "SUCCESS"}'):
        Device("thingsboard").refused("answer", FAILURE, (200, body))
    Device("thingsboard").refused("server", (503, b""))
    Device("thingsboard").refused("server", FAILURE, (503, b""))


def test_a_token_of_the_configuration_is_used():
    device = Device("thingsboard", {"token": "mine-canary"})
    assert device.boot(success("mine-canary")).credential.secret.reveal() == "mine-canary"
    assert sent(device)[0][2]["token"] == "mine-canary" and kept(device.it) == {}


def test_its_name_comes_from_the_board():
    it = config("thingsboard", {"serial": None})
    it.complete({"serial": "board-1"})
    assert it.section["serial"] == "board-1"


def test_bad_values_name_their_key():
    for key in ("provision_key", "provision_secret"):
        assert "`thingsboard.%s`" % key in str(raises("configuration", config, "thingsboard", {key: None}))


def test_a_token_that_cannot_stand_in_a_path():
    for token in ("my canary", " canary", "canary/x", "canary?x", "canary#x", "canary%20", "canary\n"):
        text = str(raises("configuration", config, "thingsboard", {"token": token}))
        assert "`thingsboard.token`" in text, text


def test_a_token_of_the_server_that_cannot_stand_in_a_path():
    for token in ("a b", "a/b", "a?b", 5, ["a"], "a\r\nb"):
        Device("thingsboard").refused("answer", success(token))


class Cloud:
    """Answers by path, after the token."""

    def __init__(self, **answers):
        self.answers = answers

    def __call__(self, it):
        assert it.path.startswith("/api/api/v1/token-canary/"), it.path
        name = it.path.replace("/api/api/v1/token-canary/", "").partition("?")[0].partition("/")[0]
        return self.answers.get(name, (200, None))


def registered(**answers):
    return Registered("thingsboard", Cloud(**answers), reply=success("token-canary")[1])


def asked(device):
    return [(it.method, it.path.replace("/api/api/v1/token-canary", ""), it.json) for it in device.asked]


def test_telemetry_and_attributes():
    device = registered(attributes=(200, {"shared": {"rate": 5}}))
    device.run(calls.telemetry, {"t": 21.5})
    assert asked(device) == [("POST", "/telemetry", {"t": 21.5})]
    device.run(calls.attributes, {"fw": "1.0"})
    assert asked(device) == [("POST", "/attributes", {"fw": "1.0"})]
    assert device.run(calls.shared, "rate", "a,b") == {"rate": 5}
    assert asked(device) == [("GET", "/attributes?sharedKeys=rate%2Ca%2Cb", None)]


def test_shared_attributes_that_nobody_has_set():
    assert registered(attributes=(200, {})).run(calls.shared, "rate") == {}


def test_a_command_is_carried_out_and_answered():
    device = registered(rpc=(200, {"id": 7, "method": "setRate", "params": {"rate": 3}}))
    seen = []

    def handler(method, params):
        seen.append((method, params))
        return {"done": True}

    assert device.run(calls.commands, handler, 2) is True
    assert seen == [("setRate", {"rate": 3})]
    assert asked(device) == [("GET", "/rpc?timeout=2000", None), ("POST", "/rpc/7", {"done": True})]


def test_no_command_within_the_time():
    assert registered(rpc=(408, None)).run(calls.commands, None, 100) is False


def test_a_refusal_names_itself_and_shows_no_token():
    device = registered(telemetry=(403, None))
    assert "ThingsBoard" in str(raises("refused", device.run, calls.telemetry, {"a": 1}))
