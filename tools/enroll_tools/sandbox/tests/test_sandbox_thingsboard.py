"""ThingsBoard: every outcome of provisioning is HTTP 200, a token in the path opens the rest, commands by long poll."""

from __future__ import annotations

import http.client
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from enroll_tools.sandbox import SandboxError

_names = (f"sensor-{number}" for number in itertools.count())


@pytest.fixture
def thingsboard(shared):
    yield shared.thingsboard
    shared.thingsboard.set("old_answers", False)


@pytest.fixture
def name():
    return next(_names)


@pytest.fixture
def provision(shared, send, thingsboard, name):
    """Ask for a device `name` with the key of a profile, unless `more` says otherwise; returns the answer's JSON."""
    profile = thingsboard.create_profile()

    def call(profile=profile, **more):
        body = {
            "deviceName": name,
            "provisionDeviceKey": profile["provision_key"],
            "provisionDeviceSecret": profile["provision_secret"],
            **more,
        }
        reply = send("POST", shared.urls["thingsboard"].http + "/api/v1/provision", json=body)
        assert reply.status == 200
        return reply.json()

    return call


@pytest.fixture
def token(provision):
    return provision()["credentialsValue"]


@pytest.fixture
def device(shared, send, token):
    """Call as the device, or with another token."""

    def call(method, path, token=token, **more):
        return send(method, f"{shared.urls['thingsboard'].http}/api/v1/{token}{path}", **more)

    return call


def shown(thingsboard, name, **more):
    (found,) = [it for it in thingsboard.devices(**more) if it["name"] == name]
    return found


def test_a_token_that_the_device_chose(provision, thingsboard, name):
    answer = provision(credentialsType="ACCESS_TOKEN", token="chosen-" + name)
    assert answer == {"status": "SUCCESS", "credentialsType": "ACCESS_TOKEN", "credentialsValue": "chosen-" + name}
    assert shown(thingsboard, name)["token"] == "***"
    assert shown(thingsboard, name, reveal=True)["token"] == "chosen-" + name


def test_a_token_that_the_server_chooses(provision):
    """Without the type, the token of the request is not one."""
    answer = provision(token="chosen")
    assert answer["status"] == "SUCCESS" and len(answer["credentialsValue"]) == 20


def test_a_name_registers_once(provision):
    assert provision()["status"] == "SUCCESS"
    assert provision() == {"status": "FAILURE", "errorMsg": "Failed to provision device!"}


def test_no_two_devices_have_one_token(provision, token):
    answer = provision(deviceName=next(_names), credentialsType="ACCESS_TOKEN", token=token)
    assert answer["status"] == "FAILURE"


@pytest.mark.parametrize("wrong", [{"provisionDeviceKey": "x"}, {"provisionDeviceSecret": "x"}], ids=str)
def test_an_unknown_profile(provision, wrong):
    assert provision(**wrong)["status"] == "NOT_FOUND"


@pytest.mark.parametrize("wrong", [None, ""])
def test_a_device_needs_a_name(provision, wrong):
    assert provision(deviceName=wrong)["status"] == "FAILURE"


@pytest.mark.parametrize("data", [b"", b"{", b"[]"])
def test_what_is_no_object_names_no_profile(shared, send, data):
    url = shared.urls["thingsboard"].http + "/api/v1/provision"
    reply = send("POST", url, data=data, headers={"Content-Type": "application/json"})
    assert (reply.status, reply.json()["status"]) == (200, "NOT_FOUND")


def test_a_profile_that_creates_no_devices(provision, thingsboard, name):
    profile = thingsboard.create_profile(create_new=False)
    assert provision(profile)["status"] == "FAILURE"
    thingsboard.create(name)
    assert not shown(thingsboard, name)["provisioned"]
    assert provision()["status"] == "FAILURE", "a profile that creates devices takes no existing one"
    assert provision(profile)["status"] == "SUCCESS" and shown(thingsboard, name)["provisioned"]
    assert provision(profile)["status"] == "FAILURE"
    with pytest.raises(SandboxError, match="already has"):
        thingsboard.create(name)


def test_a_server_before_3_3_chooses_the_token(provision, thingsboard):
    thingsboard.set("old_answers", True)
    answer = provision(credentialsType="ACCESS_TOKEN", token="chosen")
    assert answer == {"provisionDeviceStatus": "SUCCESS", "accessToken": answer["accessToken"]}
    assert answer["accessToken"] != "chosen"
    assert provision() == {"provisionDeviceStatus": "FAILURE"}
    assert provision(provisionDeviceKey="x") == {"provisionDeviceStatus": "NOT_FOUND"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/telemetry"), ("POST", "/attributes"), ("GET", "/attributes"), ("GET", "/rpc"), ("POST", "/rpc/1")],
)
def test_an_unknown_token(device, method, path):
    assert device(method, path, "unknown").status == 401


def test_telemetry(device, thingsboard, name):
    assert device("POST", "/telemetry", json={"t": 1, "u": 2}).status == 200
    assert device("POST", "/telemetry", json={"ts": 1795003600000, "values": {"t": 3}}).status == 200
    assert shown(thingsboard, name)["telemetry"] == {"t": 3, "u": 2}


def test_attributes(device, thingsboard, name):
    assert device("GET", "/attributes").json() == {}
    assert device("POST", "/attributes", json={"fw": "1.0"}).status == 200
    thingsboard.set_shared(name, {"rate": 5, "unit": "C"})
    assert device("GET", "/attributes").json() == {"client": {"fw": "1.0"}, "shared": {"rate": 5, "unit": "C"}}
    assert device("GET", "/attributes?sharedKeys=rate,other").json() == {"shared": {"rate": 5}}
    assert device("GET", "/attributes?clientKeys=fw").json() == {"client": {"fw": "1.0"}}


def test_a_deleted_device_may_register_again(device, provision, thingsboard, name):
    thingsboard.delete(name)
    assert device("GET", "/attributes").status == 401
    assert provision()["status"] == "SUCCESS"


def test_a_command_is_sent_once_and_answered(device, thingsboard, name):
    number = thingsboard.command(name, "blink", {"times": 2})
    assert device("GET", "/rpc").json() == {"id": number, "method": "blink", "params": {"times": 2}}
    assert device("GET", "/rpc?timeout=1").status == 408
    assert thingsboard.result(number) is None
    assert device("POST", f"/rpc/{number}", json=["done"]).status == 200
    assert thingsboard.result(number) == ["done"]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff"])
def test_a_body_that_is_no_json(device, thingsboard, name, data):
    number = thingsboard.command(name, "blink")
    for path in ("/telemetry", "/attributes", f"/rpc/{number}"):
        assert device("POST", path, data=data).status == 400
    assert device("POST", "/telemetry", data=b"[]").status == 400
    assert thingsboard.result(number) is None and shown(thingsboard, name)["telemetry"] == {}


def test_the_answer_to_a_command_of_another_device(device, thingsboard):
    thingsboard.create(other := next(_names))
    number = thingsboard.command(other, "blink")
    assert device("POST", f"/rpc/{number}", json={}).status == 404
    assert thingsboard.result(number) is None


def test_a_command_that_comes_while_the_device_waits(device, thingsboard, name):
    """Others are served meanwhile: the server answers a request for telemetry in that time."""
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(device, "GET", "/rpc?timeout=4000")
        time.sleep(0.1)
        assert device("POST", "/telemetry", json={"t": 1}).status == 200 and not waiting.done()
        number = thingsboard.command(name, "blink")
        assert waiting.result().json()["id"] == number


def test_without_a_command_the_device_waits_for_its_timeout(device, thingsboard):
    start = time.monotonic()
    assert device("GET", "/rpc?timeout=120").status == 408
    assert 0.12 <= time.monotonic() - start < 20
    thingsboard.set("patience", 0)
    assert device("GET", "/rpc").status == 408
    thingsboard.set("patience", 60)


@pytest.mark.parametrize("timeout", ["soon", "-1", "1.5", "9" * 5000])
def test_a_timeout_that_is_no_time(device, timeout):
    assert device("GET", f"/rpc?timeout={timeout}").status == 400


def test_a_command_is_not_spent_on_a_client_that_left(shared, device, thingsboard, name, token, logged):
    shared.clear_log()
    address = urlsplit(shared.urls["thingsboard"].http)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=5)
    connection.request("GET", f"{address.path}/api/v1/{token}/rpc?timeout=4000")
    time.sleep(0.1)
    connection.close()
    assert logged(shared), "the request has ended"
    number = thingsboard.command(name, "blink")
    assert device("GET", "/rpc?timeout=1").json()["id"] == number


@pytest.mark.parametrize("act", ["delete", "command"])
def test_what_is_not_there(thingsboard, act):
    with pytest.raises(SandboxError, match="no device 'nobody'"):
        getattr(thingsboard, act)("nobody", *["x"] * (act == "command"))
    with pytest.raises(SandboxError, match="no device 'nobody'"):
        thingsboard.set_shared("nobody", {})


def test_no_token_or_secret_is_in_the_log(shared, device, token):
    device("POST", "/telemetry", json={"t": 1})
    device("GET", "/rpc?timeout=1")
    assert token not in repr(shared.log("thingsboard"))
