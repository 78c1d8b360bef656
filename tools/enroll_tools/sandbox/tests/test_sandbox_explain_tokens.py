"""What the sandbox says of ickStream's, ThingsBoard's, Cumulocity's and OAuth's devices and requests."""

from __future__ import annotations

import base64
import json

import pytest
from enroll_tools.sandbox import samples
from enroll_tools.sandbox.tests.cpython_device import Firmware


@pytest.fixture
def ickstream(sandbox):
    return Firmware(sandbox, "ickstream", samples.create(sandbox, "ickstream"))


@pytest.fixture
def thingsboard(sandbox):
    return Firmware(sandbox, "thingsboard", samples.create(sandbox, "thingsboard"))


@pytest.fixture
def cumulocity(sandbox):
    sandbox.cumulocity.create("S1")
    section = {"serial": "S1", "bootstrap_user": "management/devicebootstrap", "interval": 1}
    return Firmware(sandbox, "cumulocity", {**section, "bootstrap_password": "bootstrap-password"})


@pytest.fixture
def oauth(sandbox):
    section = {"serial": "S1", "device_path": "/device_authorization", "token_path": "/token"}
    return Firmware(sandbox, "oauth", {**sandbox.oauth.create_client(), **section})


def rpc(method, **params):
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def test_ickstream_registers_works_and_is_removed(sandbox, ickstream):
    ickstream.register()
    assert "has registered" in ickstream.verdict()
    assert ickstream.last().device == "hardware-1"
    assert ickstream.call("POST", "", rpc("getDevice")).status == 200
    assert "The credential is right" in ickstream.verdict()
    (view,) = sandbox.ickstream.devices_view()
    assert (view.id, view.state, view.details["user"]) == ("hardware-1", "registered", "user-1")
    ickstream.register()
    assert "was used before" in ickstream.verdict()
    sandbox.ickstream.delete_device(view.details["id"])
    assert ickstream.state() == "deleted"
    ickstream.call("POST", "", rpc("getDevice"))
    assert "is not that of a device" in ickstream.verdict()


def test_ickstream_lost_answer(sandbox, ickstream):
    sandbox.fault("ickstream", drop="after")
    ickstream.register()
    assert "The service registered the device" in ickstream.verdict()
    assert ickstream.state() == "orphaned"


@pytest.mark.parametrize(
    ("header", "words"),
    [("", "is missing"), ("Token x", "Bearer is wanted"), ("Bearer x", "No such registration token")],
)
def test_ickstream_wrong_token(ickstream, header, words):
    ickstream.register(changed=lambda request: request.headers.update(Authorization=header))
    assert words in ickstream.verdict()


def test_ickstream_expired_token_and_unknown_application(sandbox, ickstream):
    sandbox.ickstream.create_user("u")
    token = sandbox.ickstream.create_token("u", lifetime=0)
    ickstream.register(changed=lambda request: request.headers.update(Authorization=f"Bearer {token}"))
    assert "expired before it was used" in ickstream.verdict()
    ickstream.register(changed=lambda request: request.body["params"].update(applicationId="x"))
    assert "no such application" in ickstream.verdict()
    ickstream.register(changed=lambda request: request.body["params"].update(hardwareId="x" * 101))
    assert "at most 100 characters" in ickstream.verdict()
    user = sandbox.ickstream.users(reveal=True)[0]["access_token"]
    ickstream.register(changed=lambda request: request.headers.update(Authorization=f"Bearer {user}"))
    assert "a user's access token" in ickstream.verdict()


def test_ickstream_tables(sandbox, ickstream):
    ickstream.register()
    users, applications, tokens = sandbox.ickstream.tables()
    assert [line.cells[0] for line in (*users.rows, *applications.rows)] == ["user-1", "application-1"]
    assert [line.cells[2] for line in tokens.rows] == ["used"]
    (create, _) = users.rows[0].actions
    getattr(sandbox.ickstream, create.operation)(**create.arguments)
    assert [line.cells[2] for line in sandbox.ickstream.tables()[2].rows] == ["good", "used"], "the newest first"


def test_thingsboard_registers_asks_again_and_is_deleted(sandbox, thingsboard):
    thingsboard.register()
    assert "is provisioned with an access token" in thingsboard.verdict()
    assert thingsboard.state() == "registered"
    thingsboard.register(1)
    assert "provisioned already" in thingsboard.verdict()
    assert thingsboard.state() == "orphaned"
    thingsboard.register()
    assert thingsboard.last().method == "GET"
    assert "The credential is right" in thingsboard.verdict()
    assert thingsboard.state() == "registered"
    sandbox.thingsboard.delete("sensor-0001")
    assert thingsboard.state() == "deleted"
    assert thingsboard.call("POST", "/telemetry", {"a": 1}).status == 401
    assert "No device has this access token" in thingsboard.verdict()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"provisionDeviceKey": "x"}, "No device profile"),
        ({"provisionDeviceSecret": "x"}, "the secret is wrong"),
        ({"deviceName": ""}, "deviceName is missing"),
        ({"deviceName": "made"}, "there is one of this name already"),
    ],
)
def test_thingsboard_refused(sandbox, thingsboard, changes, words):
    sandbox.thingsboard.create("made")
    thingsboard.register(1, lambda request: request.body.update(changes))
    assert words in thingsboard.verdict()


def test_thingsboard_profiles(sandbox, thingsboard):
    closed = sandbox.thingsboard.create_profile(create_new=False)
    device = Firmware(sandbox, "thingsboard", {"serial": "other", **closed})
    device.register(1)
    assert "only accepts existing devices" in device.verdict()
    sandbox.thingsboard.delete_profile(closed["provision_key"])
    device.register(1)
    assert "No device profile" in device.verdict()
    (profiles,) = sandbox.thingsboard.tables()
    assert len(profiles.rows) == 1


def test_cumulocity_from_request_to_lost_user(sandbox, cumulocity):
    assert cumulocity.state() == "created"
    cumulocity.register(1)
    assert "accept it" in cumulocity.verdict()
    (view,) = sandbox.cumulocity.devices_view()
    assert (view.state, view.actions[0].label) == ("waiting", "Accept")
    sandbox.cumulocity.accept("S1")
    cumulocity.register(1)
    assert "got its user and password" in cumulocity.verdict()
    assert cumulocity.state() == "registered"
    assert cumulocity.call("GET", "/inventory/managedObjects").status == 200
    assert cumulocity.last().device == "S1"
    cumulocity.register(1)
    assert "got its user before" in cumulocity.verdict()
    assert cumulocity.state() == "orphaned"
    cumulocity.call("GET", "/inventory/managedObjects")
    assert cumulocity.state() == "registered"
    sandbox.cumulocity.delete("S1")
    assert cumulocity.state() == "deleted"
    cumulocity.call("GET", "/inventory/managedObjects")
    assert "not the user and password of a device" in cumulocity.verdict()
    cumulocity.register(1)
    assert "was deleted" in cumulocity.verdict()


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("", "is missing"),
        ("Basic !", "valid Base64"),
        (basic("management/devicebootstrap:x"), "the password is wrong"),
        (basic("x:bootstrap-password"), "not the bootstrap user"),
    ],
)
def test_cumulocity_wrong_bootstrap_user(cumulocity, header, words):
    cumulocity.register(1, lambda request: request.headers.update(Authorization=header))
    assert words in cumulocity.verdict()


def test_cumulocity_without_accept_loses_the_password(sandbox, cumulocity):
    cumulocity.register(1)
    sandbox.cumulocity.accept("S1")
    cumulocity.register(1, lambda request: request.headers.pop("Accept"))
    # http.client adds no Accept by itself.
    assert "no header Accept" in cumulocity.verdict()
    assert cumulocity.state() == "orphaned"


def test_cumulocity_wrong_users(sandbox, cumulocity):
    cumulocity.register(1)
    sandbox.cumulocity.accept("S1")
    cumulocity.register(1)
    for header, words in (
        (basic("device_S1:x"), "The tenant is missing"),
        (basic("t100/device_S1:x"), "not the present one"),
        (basic("management/devicebootstrap:bootstrap-password"), "may only ask for credentials"),
    ):
        cumulocity.call("GET", "/inventory/managedObjects", headers={"Authorization": header})
        assert words in cumulocity.verdict()


def test_oauth_from_code_to_refresh(sandbox, oauth):
    assert oauth.state() == "created"
    oauth.register(1)
    assert "a code to show" in oauth.verdict()
    assert oauth.state() == "waiting"
    oauth.register(1)
    assert "approve or deny the code" in oauth.verdict()
    oauth.register(1)
    assert "before its interval" in oauth.verdict()
    (view,) = sandbox.oauth.devices_view()
    approve = view.actions[0]
    getattr(sandbox.oauth, approve.operation)(**approve.arguments)
    assert oauth.state() == "enabled"
    oauth.register(1)
    assert "got an access token" in oauth.verdict()
    assert oauth.state() == "registered"
    assert oauth.call("GET", "/userinfo").status == 200
    assert "The credential is right" in oauth.verdict()
    sandbox.oauth.end_access()
    oauth.call("GET", "/userinfo")
    assert "has expired" in oauth.verdict()
    refresh(oauth)
    assert "got an access token" in oauth.verdict()
    refresh(oauth)
    assert "was used before" in oauth.verdict()
    oauth.call("GET", "/userinfo")
    assert "no such access token" in oauth.verdict()
    sandbox.oauth.delete_client(view.id)
    assert oauth.state() == "deleted"
    refresh(oauth)
    assert "client was deleted" in oauth.verdict()


def refresh(device):
    """Refresh with the token of the credential, which stays the same."""
    steps = device.provider.refresh(device.config, device.credential, device.now)
    next(steps)
    device.send(steps.send(device.kept))


def test_oauth_denied_expired_and_lost(sandbox, oauth):
    oauth.register(1)
    code = sandbox.oauth.codes()[0]["user_code"]
    sandbox.oauth.deny(code)
    oauth.register(1)
    assert "denied the device" in oauth.verdict()
    assert oauth.state() == "disabled"
    oauth.register(1)
    sandbox.oauth.expire()
    oauth.register(1)
    assert "shows another one" in oauth.verdict()
    oauth.kept = {}
    oauth.register(1)
    sandbox.oauth.approve(sandbox.oauth.codes()[-1]["user_code"])
    sandbox.fault("oauth", drop="after")
    oauth.register(1)
    assert oauth.state() == "orphaned"
    oauth.register(1)
    assert "redeemed before" in oauth.verdict()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("client_secret", "wrong", "its secret is wrong"),
        ("client_secret", "", "is missing"),
        ("client_id", "wrong", "There is no such client"),
    ],
)
def test_oauth_wrong_client(sandbox, oauth, old, new, words):
    client = sandbox.oauth.clients(reveal=True)[0]
    given = {**client, old: new}

    def change(request):
        request.headers["Authorization"] = basic(f"{given['client_id']}:{given['client_secret']}")

    oauth.register(1, change)
    assert words in oauth.verdict()


def test_oauth_registers_a_client(sandbox, oauth):
    token = sandbox.oauth.create_initial_token(once=True)
    section = {"serial": "S1", "device_path": "/device_authorization", "token_path": "/token"}
    device = Firmware(sandbox, "oauth", {**section, "register_path": "/register", "initial_token": token})
    device.register(1)
    assert "A client is registered" in device.verdict()
    device.kept = {}
    device.register(1)
    assert "good for one client only" in device.verdict()
    device.register(1, lambda request: request.headers.update(Authorization="Bearer x"))
    assert "no such initial access token" in device.verdict()
    assert json.loads(device.last().body)["client_name"] == "S1"
