"""What the sandbox says of Xyte's and Centagate's devices and requests."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from enroll_tools.sandbox import samples
from enroll_tools.sandbox.tests.cpython_device import Firmware


@pytest.fixture
def xyte(sandbox):
    return Firmware(sandbox, "xyte", samples.create(sandbox, "xyte"))


@pytest.fixture
def centagate(sandbox):
    return Firmware(sandbox, "centagate", samples.create(sandbox, "centagate"))


def test_xyte_registers_works_and_is_deleted(sandbox, xyte):
    xyte.register()
    assert "has registered" in xyte.verdict()
    assert xyte.last().device == "S1 020000000001"
    assert xyte.call("POST", "/v1/devices/{id}/telemetry", {"status": "online"}).status == 200
    assert "The credential is right" in xyte.verdict()
    (view,) = sandbox.xyte.devices_view()
    assert (view.state, view.details["status"]) == ("registered", "online")
    xyte.register()
    assert "registered before" in xyte.verdict()
    assert xyte.state() == "orphaned"
    sandbox.xyte.delete(view.details["id"])
    assert xyte.state() == "deleted"
    xyte.call("GET", "/v1/devices/{id}/command")
    assert "it registers again by itself" in xyte.verdict()
    xyte.register()
    assert xyte.state() == "registered"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hardware_key": "wrong"}, "No model has this hardware key"),
        ({"firmware_version": "v1"}, "semantic"),
        ({"mac": "x"}, "six bytes"),
        ({"sn": ""}, "sn can't be blank"),
        ({"mac": None, "cloud_id": "ABC0123456789abcdef"}, "short code SBX"),
    ],
)
def test_xyte_refused(xyte, changes, words):
    xyte.register(changed=lambda request: request.body.update(changes))
    assert words in xyte.verdict()


def test_xyte_capitals_of_the_hardware_key(sandbox, xyte):
    key = sandbox.xyte.models(reveal=True)[0]["hardware_key"]
    xyte.register(changed=lambda request: request.body.update(hardware_key=key.upper() + " "))
    assert "blanks or capitals" in xyte.verdict()


def test_xyte_wrong_key(sandbox, xyte):
    key = xyte.register().json()["access_key"]
    path = "/v1/devices/{id}/command"
    for header, words in (("", "is missing"), (f"Bearer {key}", "Bearer stands before"), ("x", "not that of this")):
        assert xyte.call("GET", path, headers={"Authorization": header}).status == 403
        assert words in xyte.verdict()
    assert xyte.explained().expected[0].expected == key
    xyte.credential.device_id = "unknown"
    xyte.call("GET", path)
    assert "No device has this id" in xyte.verdict()


def test_xyte_tables_and_models(sandbox, xyte):
    (model, commands) = sandbox.xyte.tables()
    assert model.secret == {"hardware_key"}
    assert not commands.rows
    assert "send one" in commands.empty
    (drop,) = model.rows[0].actions
    getattr(sandbox.xyte, drop.operation)(**drop.arguments)
    assert not sandbox.xyte.tables()[0].rows


def test_centagate_binds(sandbox, centagate):
    assert centagate.state() == "enabled"
    centagate.register()
    assert centagate.verdict() == "The token is bound to the user: nothing to do."
    assert centagate.state() == "registered"
    centagate.register()
    assert "This very token is bound" in centagate.verdict()
    sandbox.centagate.set_token("OTP1", "new")
    assert centagate.state() == "created"
    centagate.register()
    assert "set it to deactivated" in centagate.verdict()
    sandbox.centagate.delete_token("OTP1")
    assert centagate.state() == "deleted"
    centagate.register()
    assert "no OTP token" in centagate.verdict()


def sign(key, text):
    return hmac.digest(key.encode(), text.encode(), hashlib.sha256)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            lambda key, token: sign(key, "user-1" + token).hex(),
            "in place of the administrator's, so sign the administrator's",
        ),
        (lambda key, token: sign(key, token + "admin-1").hex(), "authToken comes first"),
        (lambda key, token: sign(key, token).hex(), "only authToken"),
        (lambda key, token: sign(token, "admin-1" + key).hex(), "are exchanged"),
        (lambda key, token: sign(key, "admin-1" + token).hex().upper(), "in capitals"),
        (lambda key, token: base64.b64encode(sign(key, "admin-1" + token)).decode(), "in Base64"),
        (lambda key, token: "0" * 64, "the sandbox cannot tell which: copy the values again"),
    ],
)
def test_centagate_wrong_signature(sandbox, centagate, made, words):
    (session,) = sandbox.centagate.sessions(reveal=True)
    token = made(session["secret_code"], session["auth_token"])
    centagate.register(changed=lambda request: request.body.update(cenToken=token))
    told = centagate.explained()
    assert words in told.verdict
    assert told.expected[0].expected == sign(session["secret_code"], "admin-1" + session["auth_token"]).hex()


def test_centagate_sessions_users_and_codes(sandbox, centagate):
    other = sandbox.centagate.create_session("other")
    token = sign(other["secret_code"], "other" + other["auth_token"]).hex()
    centagate.register(changed=lambda request: request.body.update(cenToken=token))
    assert "session of 'other'" in centagate.verdict()
    centagate.register(changed=lambda request: request.body.update(username="nobody"))
    assert "There is no such user" in centagate.verdict()
    centagate.register(changed=lambda request: request.body.update(tokenType="3"))
    assert "has a wrong form" in centagate.verdict()
    centagate.register(changed=lambda request: request.headers.update(Accept="text/html"))
    assert "header Accept" in centagate.verdict()
    sandbox.centagate.fail(10003)
    centagate.register()
    assert "asked for with `fail`" in centagate.verdict()
    sandbox.centagate.delete_sessions("admin-1")
    centagate.register()
    assert "has no session" in centagate.verdict()


def test_centagate_login(sandbox):
    sandbox.centagate.create_user("admin", "secret", admin=True)
    app = sandbox.centagate.create_integration("app", "app-secret")
    login = {"password": "secret", "integration_key": app["key"], "secret_key": app["secret_key"]}
    section = {"admin_username": "admin", "username": "u", "token_sn": "S", "token_type": "2", "login": login}

    def verdict(ahead=0, changed=None, **changes):
        device = Firmware(sandbox, "centagate", {**section, "login": {**login, **changes}}, ahead)
        device.register(1, changed)
        return device.verdict()

    assert "is logged in" in verdict()
    assert "No app has this integration key" in verdict(integration_key="other")
    assert "made with another secret key or over another text" in verdict(secret_key="wrong")
    assert "the password is wrong" in verdict(password="wrong")
    assert "s ahead" in verdict(3600)
    assert "epoch" in verdict(-946_684_800)


def test_centagate_tables(sandbox, centagate):
    users, sessions, apps = sandbox.centagate.tables()
    assert [line.cells[0] for line in users.rows] == ["user-1", "admin-1"], "the newest first"
    assert sessions.secret == {"auth_token", "secret_code"}
    assert apps.empty.endswith("logs in.")
    assert next(form.label for form in sandbox.centagate.forms()) == "Add an OTP token"
