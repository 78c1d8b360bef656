"""ickStream: JSON-RPC to the letter, single-use tokens, the same device for the same hardware."""

from __future__ import annotations

import pytest
from enroll_tools.sandbox import SandboxError

HARDWARE = "01:23:45:67:89:ab"


@pytest.fixture
def rpc(sandbox, send):
    """Call a method with a token; returns the reply."""

    def call(method, params=None, token="", id=1, scheme="Bearer", **members):
        request = {"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}, **members}
        header = {"Authorization": f"{scheme} {token}".strip()} if token else {}
        return send("POST", sandbox.urls["ickstream"].http, json=request, headers=header)

    return call


@pytest.fixture
def user(sandbox):
    sandbox.ickstream.create_application("app", model="acme/player")
    return sandbox.ickstream.create_user("ann")


@pytest.fixture
def token(sandbox, user):
    return sandbox.ickstream.create_token("ann", name="Kitchen")


def params(**more):
    return {"hardwareId": HARDWARE, "applicationId": "app", **more}


def error(reply):
    assert reply.json()["jsonrpc"] == "2.0"
    assert "result" not in reply.json()
    return reply.status, reply.json()["error"]["code"]


def test_add_device(rpc, user, token):
    reply = rpc("addDevice", params(address="192.168.1.7"), token, id=42)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    assert set(reply.json()) == {"jsonrpc", "id", "result"}
    assert (reply.json()["jsonrpc"], reply.json()["id"]) == ("2.0", 42)
    result = reply.json()["result"]
    assert set(result) == {"id", "accessToken", "name", "model", "address", "publicAddress", "userId"}
    assert (result["name"], result["model"], result["userId"]) == ("Kitchen", "acme/player", user["id"])
    assert (result["address"], result["publicAddress"]) == ("192.168.1.7", "127.0.0.1")


def test_without_address_there_is_no_public_address(rpc, token):
    result = rpc("addDevice", params(), token).json()["result"]
    assert set(result) == {"id", "accessToken", "name", "model", "userId"}


def test_token_works_once(rpc, token):
    assert rpc("addDevice", params(), token).status == 200
    reply = rpc("addDevice", params(), token, id="again")
    assert error(reply) == (401, -32000)
    assert reply.json()["id"] == "again"
    assert reply.headers["WWW-Authenticate"] == "Bearer"


def test_token_expires_by_the_sandbox_clock(sandbox, rpc, user):
    sandbox.set_time("2020-01-01T00:00:00Z")
    token = sandbox.ickstream.create_token("ann", lifetime=60.0)
    sandbox.set_time("2020-01-01T00:01:01Z")
    assert error(rpc("addDevice", params(), token)) == (401, -32000)
    sandbox.set_time("2020-01-01T00:00:50Z")
    assert rpc("addDevice", params(), token).status == 200


@pytest.mark.parametrize("scheme", ["Basic", "OAuth", ""])
def test_wrong_scheme(rpc, token, scheme):
    assert error(rpc("addDevice", params(), token, scheme=scheme)) == (401, -32000)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_scheme_ignores_case(rpc, token, scheme):
    assert rpc("addDevice", params(), token, scheme=scheme).status == 200


def test_another_scheme_by_setting(sandbox, rpc, user):
    sandbox.set("ickstream.scheme", "")
    assert rpc("addDevice", params(), sandbox.ickstream.create_token("ann"), scheme="").status == 200
    sandbox.set("ickstream.scheme", "OAuth")
    assert rpc("addDevice", params(), sandbox.ickstream.create_token("ann"), scheme="OAuth").status == 200
    assert error(rpc("addDevice", params(), sandbox.ickstream.create_token("ann"))) == (401, -32000)


def test_unknown_and_missing_token(rpc, user, token):
    assert error(rpc("addDevice", params(), "unknown")) == (401, -32000)
    assert error(rpc("addDevice", params())) == (401, -32000)
    # A user's access token registers no device.
    assert error(rpc("addDevice", params(), user["access_token"])) == (401, -32000)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hardwareId": None},
        {"hardwareId": ""},
        {"hardwareId": 7},
        {"hardwareId": "x" * 101},
        {"applicationId": None},
        {"applicationId": "unknown"},
        {"address": 7},
    ],
)
def test_wrong_parameters_do_not_use_the_token(rpc, token, wrong):
    assert error(rpc("addDevice", params(**wrong), token)) == (200, -32602)
    assert rpc("addDevice", params(hardwareId="x" * 100), token).status == 200


@pytest.mark.parametrize(
    ("body", "code", "id"),
    [
        (b"{", -32700, None),
        (b"", -32700, None),
        (b"\xff", -32700, None),
        (b'{"id": NaN}', -32700, None),
        (b"[" * 100_000, -32700, None),
        (b"[]", -32600, None),
        (b'[{"jsonrpc": "2.0", "id": 1, "method": "addDevice"}]', -32600, None),
        (b'"addDevice"', -32600, None),
        (b'{"id": 1, "method": "addDevice"}', -32600, 1),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "addDevice"}', -32600, 1),
        (b'{"jsonrpc": 2, "id": 1, "method": "addDevice"}', -32600, 1),
        (b'{"jsonrpc": "2.0", "method": "addDevice"}', -32600, None),
        (b'{"jsonrpc": "2.0", "id": null, "method": "addDevice"}', -32600, None),
        (b'{"jsonrpc": "2.0", "id": true, "method": "addDevice"}', -32600, None),
        (b'{"jsonrpc": "2.0", "id": [], "method": "addDevice"}', -32600, None),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 7}', -32600, 1),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "addDevice", "params": []}', -32602, 1),
        (b'{"jsonrpc": "2.0", "id": "a", "method": "eatDevice"}', -32601, "a"),
    ],
)
def test_not_a_request(sandbox, send, body, code, id):
    reply = send("POST", sandbox.urls["ickstream"].http, data=body, headers={"Content-Type": "application/json"})
    assert error(reply) == (200, code)
    assert reply.json()["id"] == id


def test_version_as_a_number_is_accepted(rpc, token):
    assert rpc("addDevice", params(), token, jsonrpc=2.0).status == 200


@pytest.mark.parametrize("kind", ["text/plain", "", "application/jsonrequest", "application/json; charset=latin-1"])
def test_content_type(sandbox, send, kind):
    assert send("POST", sandbox.urls["ickstream"].http, data=b"{}", headers={"Content-Type": kind}).status == 415


def test_content_type_with_charset(sandbox, send):
    header = {"Content-Type": "Application/JSON; charset=UTF-8"}
    assert send("POST", sandbox.urls["ickstream"].http, data=b"{}", headers=header).status == 200


def test_switches_of_old_servers(sandbox, rpc, token):
    for name in ("id_as_string", "version_as_number", "omit_user_id"):
        sandbox.set(f"ickstream.{name}", True)
    reply = rpc("addDevice", params(), token, id=7)
    assert b'"jsonrpc": 2.0,' in reply.body
    assert reply.json()["id"] == "7"
    assert "userId" not in reply.json()["result"]


def test_same_hardware_same_user_same_device(sandbox, rpc, token):
    first = rpc("addDevice", params(), token).json()["result"]
    second = rpc("addDevice", params(), sandbox.ickstream.create_token("ann")).json()["result"]
    assert second["id"] == first["id"]
    assert second["accessToken"] != first["accessToken"]
    old = rpc("getDevice", {"deviceId": first["id"]}, first["accessToken"])
    assert error(old) == (401, -32000)
    assert rpc("getDevice", {"deviceId": first["id"]}, second["accessToken"]).status == 200
    sandbox.set("ickstream.keep_access_token", True)
    third = rpc("addDevice", params(), sandbox.ickstream.create_token("ann")).json()["result"]
    assert third["accessToken"] == second["accessToken"]
    assert len(sandbox.ickstream.devices()) == 1


def test_same_hardware_other_user_other_device(sandbox, rpc, token):
    sandbox.ickstream.create_user("bob")
    first = rpc("addDevice", params(), token).json()["result"]
    second = rpc("addDevice", params(), sandbox.ickstream.create_token("bob")).json()["result"]
    assert first["id"] != second["id"]


@pytest.fixture
def device(rpc, token):
    return rpc("addDevice", params(), token).json()["result"]


def test_calls_of_a_device(rpc, device):
    where = {"deviceId": device["id"]}
    shown = rpc("getDevice", where, device["accessToken"]).json()["result"]
    assert shown["hardwareId"] == HARDWARE
    assert "accessToken" not in shown
    moved = rpc("setDeviceAddress", {**where, "address": "10.0.0.2"}, device["accessToken"]).json()["result"]
    assert (moved["address"], moved["publicAddress"]) == ("10.0.0.2", "127.0.0.1")
    assert error(rpc("setDeviceAddress", where, device["accessToken"])) == (200, -32602)
    assert rpc("removeDevice", where, device["accessToken"]).json()["result"] is True
    for method in ("getDevice", "setDeviceAddress", "removeDevice"):
        assert error(rpc(method, {**where, "address": "x"}, device["accessToken"])) == (401, -32000)


def test_a_device_reaches_only_itself(sandbox, rpc, user, device):
    other = rpc("addDevice", params(hardwareId="other"), sandbox.ickstream.create_token("ann")).json()["result"]
    where = {"deviceId": other["id"]}
    assert error(rpc("getDevice", where, device["accessToken"])) == (200, -32602)
    # Their owner reaches both.
    assert rpc("getDevice", where, user["access_token"]).json()["result"]["id"] == other["id"]
    assert error(rpc("getDevice", {}, user["access_token"])) == (200, -32602)
    stranger = sandbox.ickstream.create_user("eve")
    assert error(rpc("removeDevice", where, stranger["access_token"])) == (200, -32602)


def test_a_device_that_names_no_device_means_itself(rpc, device):
    shown = rpc("getDevice", {}, device["accessToken"]).json()["result"]
    assert shown["id"] == device["id"]
    moved = rpc("setDeviceAddress", {"address": "10.0.0.2"}, device["accessToken"]).json()["result"]
    assert (moved["id"], moved["address"]) == (device["id"], "10.0.0.2")
    for wrong in ("", 5, "unknown"):
        assert error(rpc("getDevice", {"deviceId": wrong}, device["accessToken"])) == (200, -32602)
    # Removing is not done by leaving something out.
    assert error(rpc("removeDevice", {}, device["accessToken"])) == (200, -32602)


def test_registration_token_by_a_controller(rpc, user, device):
    """A user's token and a device's: a device need not say for which application."""
    wanted = {"id": "HALL", "name": "Hall", "applicationId": "app"}
    token = rpc("createDeviceRegistrationToken", wanted, user["access_token"]).json()["result"]
    assert isinstance(token, str)
    result = rpc("addDevice", params(hardwareId="hall"), token).json()["result"]
    assert (result["id"], result["name"]) == ("HALL", "Hall")
    wanted = {"id": "ATTIC", "name": "Attic"}
    token = rpc("createDeviceRegistrationToken", wanted, device["accessToken"]).json()["result"]
    result = rpc("addDevice", params(hardwareId="attic"), token).json()["result"]
    assert (result["id"], result["name"], result["userId"]) == ("ATTIC", "Attic", user["id"])


def test_registration_token_refused(sandbox, rpc, user, device):
    wanted = {"id": "HALL", "name": "Hall", "applicationId": "app"}
    assert error(rpc("createDeviceRegistrationToken", wanted)) == (401, -32000)
    for name, value in (("name", None), ("id", None), ("id", "x" * 41), ("applicationId", None)):
        refused = rpc("createDeviceRegistrationToken", {**wanted, name: value}, user["access_token"])
        assert error(refused) == (200, -32602)
    refused = rpc("createDeviceRegistrationToken", {**wanted, "applicationId": "unknown"}, device["accessToken"])
    assert error(refused) == (200, -32602)
    # An id is unique among all users, and among the hardware of one.
    other = sandbox.ickstream.create_user("eve")
    taken = {**wanted, "id": device["id"]}
    assert error(rpc("createDeviceRegistrationToken", taken, other["access_token"])) == (200, -32602)
    token = rpc("createDeviceRegistrationToken", taken, user["access_token"]).json()["result"]
    assert error(rpc("addDevice", params(hardwareId="other"), token)) == (200, -32602)
    assert rpc("addDevice", params(), token).json()["result"]["id"] == device["id"]


def test_operations(sandbox, rpc, device):
    sandbox.ickstream.delete_device(device["id"])
    assert error(rpc("getDevice", {"deviceId": device["id"]}, device["accessToken"])) == (401, -32000)
    assert sandbox.ickstream.applications() == [{"application_id": "app", "model": "acme/player"}]
    assert sandbox.ickstream.users()[0]["access_token"] == "***"
    assert sandbox.ickstream.tokens()[0]["token"] == "***"
    assert sandbox.ickstream.tokens(reveal=True)[0]["used_at"]
    token = sandbox.ickstream.create_token("ann")
    sandbox.ickstream.delete_user("ann")
    assert error(rpc("addDevice", params(), token)) == (401, -32000)
    sandbox.ickstream.delete_application("app")
    for call in (
        lambda: sandbox.ickstream.create_token("ann"),
        lambda: sandbox.ickstream.delete_user("ann"),
        lambda: sandbox.ickstream.delete_device("x"),
        lambda: sandbox.ickstream.delete_application("app"),
    ):
        with pytest.raises(SandboxError, match="has no"):
            call()
    sandbox.ickstream.create_user("ann")
    with pytest.raises(SandboxError, match="already has"):
        sandbox.ickstream.create_user("ann")
