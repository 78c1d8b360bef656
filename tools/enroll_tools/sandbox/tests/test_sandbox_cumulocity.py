"""Cumulocity: a user for a device that a person has registered and accepted, once; then its own objects."""

from __future__ import annotations

import base64
import itertools

import pytest
from enroll_tools.sandbox import SandboxError
from enroll_tools.sandbox.services.cumulocity import BOOTSTRAP, TENANT

_serials = (f"serial-{number}" for number in itertools.count())


@pytest.fixture
def cumulocity(shared):
    yield shared.cumulocity
    shared.cumulocity.set("accept", False)


@pytest.fixture
def serial():
    return next(_serials)


@pytest.fixture
def call(shared, send):
    """Call as a user, (name, password)."""

    def call(method, path, user, **more):
        basic = "Basic " + base64.b64encode(":".join(user).encode()).decode()
        headers = {"Authorization": basic, **more.pop("headers", {})}
        return send(method, shared.urls["cumulocity"].http + path, headers=headers, **more)

    return call


@pytest.fixture
def ask(call, serial):
    """Ask for the credentials of `serial` as the bootstrap user, or another one."""

    def ask(user=BOOTSTRAP, **more):
        return call("POST", "/devicecontrol/deviceCredentials", user, **{"json": {"id": serial}, **more})

    return ask


@pytest.fixture
def user(cumulocity, ask, serial):
    """The user of a device that was accepted."""
    cumulocity.create(serial, accept=True)
    ask()
    given = ask().json()
    return f"{given['tenantId']}/{given['username']}", given["password"]


def state(cumulocity, serial):
    (found,) = [it for it in cumulocity.devices() if it["id"] == serial]
    return found["status"]


def error(reply):
    return reply.status, reply.json()["error"]


UNAUTHORIZED = (401, "security/Unauthorized")
NOT_FOUND = (404, "devicecontrol/Not Found")


def test_a_person_accepts_a_device_that_has_asked(cumulocity, ask, serial):
    assert error(ask()) == NOT_FOUND, "nobody has registered it"
    cumulocity.create(serial)
    assert state(cumulocity, serial) == "WAITING_FOR_CONNECTION"
    with pytest.raises(SandboxError, match="waits to be accepted"):
        cumulocity.accept(serial)
    assert error(ask()) == NOT_FOUND
    assert state(cumulocity, serial) == "PENDING_ACCEPTANCE"
    assert error(ask()) == NOT_FOUND
    cumulocity.accept(serial)
    reply = ask()
    given = reply.json()
    assert reply.status == 201 and set(given) == {"id", "tenantId", "username", "password", "self"}
    assert (given["id"], given["tenantId"], given["username"]) == (serial, TENANT, f"device_{serial}")
    assert state(cumulocity, serial) == "REGISTERED"


def test_credentials_are_given_once(cumulocity, ask, user, serial):
    assert error(ask()) == NOT_FOUND
    cumulocity.create(serial, accept=True)
    ask()
    assert ask().json()["password"] != user[1], "a new registration has a new password"


def test_without_accept_the_answer_has_no_body(shared, cumulocity, send, serial):
    """And the device has no user then: its password is lost."""
    cumulocity.create(serial, accept=True)
    basic = "Basic " + base64.b64encode(":".join(BOOTSTRAP).encode()).decode()
    headers = {"Authorization": basic, "Content-Type": "application/json"}
    data = f'{{"id": "{serial}"}}'.encode()
    url = shared.urls["cumulocity"].http + "/devicecontrol/deviceCredentials"
    assert [send("POST", url, data=data, headers=headers).status for _ in range(2)] == [404, 201]
    cumulocity.create(serial, accept=True)
    send("POST", url, data=data, headers=headers)
    assert send("POST", url, data=data, headers=headers).body == b""


def test_the_setting_accepts_all(cumulocity, ask, serial):
    cumulocity.set("accept", True)
    assert error(ask()) == NOT_FOUND, "it must be registered all the same"
    cumulocity.create(serial)
    assert [ask().status, ask().status] == [404, 201]


@pytest.mark.parametrize("user", [("x", BOOTSTRAP[1]), (BOOTSTRAP[0], "x"), ("", "")], ids=str)
def test_another_bootstrap_user(ask, user):
    assert error(ask(user)) == UNAUTHORIZED


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic ???", "Basic /w==", "Bearer bWFuYWdlbWVudC9kZXZpY2Vib290c3RyYXA="]
)
def test_no_basic_credentials(ask, header):
    assert error(ask(headers={"Authorization": header})) == UNAUTHORIZED


@pytest.mark.parametrize("body", [{}, {"id": 5}, [], "x"], ids=str)
def test_a_body_without_an_id(ask, body):
    assert error(ask(json=body)) == NOT_FOUND


CALLS = [
    ("GET", "/inventory/managedObjects"),
    ("POST", "/inventory/managedObjects"),
    ("GET", "/identity/externalIds/c8y_Serial/x"),
    ("POST", "/identity/globalIds/1/externalIds"),
    ("POST", "/measurement/measurements"),
    ("GET", "/devicecontrol/operations"),
    ("PUT", "/devicecontrol/operations/1"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_only_a_user_of_a_device_calls(call, user, method, path):
    for wrong in (BOOTSTRAP, (user[0], "x"), (user[0].partition("/")[2], user[1]), ("", "")):
        assert error(call(method, path, wrong, json={} if method != "GET" else None)) == UNAUTHORIZED


def test_a_deleted_device_has_no_user(cumulocity, call, user, serial):
    assert call("GET", CALLS[0][1], user).status == 200
    cumulocity.delete(serial)
    assert error(call("GET", CALLS[0][1], user)) == UNAUTHORIZED


def test_a_user_is_void_once_its_device_is_registered_again(cumulocity, call, user, serial):
    cumulocity.create(serial)
    assert error(call("GET", CALLS[0][1], user)) == UNAUTHORIZED
    with pytest.raises(SandboxError, match="already waits"):
        cumulocity.create(serial)


@pytest.fixture
def source(call, user, serial):
    """The id of the device's managed object."""
    made = call("POST", "/inventory/managedObjects", user, json={"name": serial, "c8y_IsDevice": {}})
    assert made.status == 201 and made.json()["name"] == serial
    external = {"type": "c8y_Serial", "externalId": serial}
    assert call("POST", f"/identity/globalIds/{made.json()['id']}/externalIds", user, json=external).status == 201
    return made.json()["id"]


def test_a_managed_object_is_found_by_its_serial_number(call, user, serial):
    path = f"/identity/externalIds/c8y_Serial/{serial}"
    assert error(call("GET", path, user)) == (404, "identity/Not Found")
    made = call("POST", "/inventory/managedObjects", user, json={"name": serial}).json()["id"]
    call("POST", f"/identity/globalIds/{made}/externalIds", user, json={"type": "c8y_Serial", "externalId": serial})
    assert call("GET", path, user).json()["managedObject"] == {"id": made}


def test_a_measurement_has_type_time_and_source(cumulocity, call, user, source):
    good = {"type": "c8y_T", "time": "2026-11-20T00:00:00Z", "source": {"id": source}, "c8y_T": {"T": {"value": 1}}}
    assert call("POST", "/measurement/measurements", user, json=good).status == 201
    for name in ("type", "time", "source"):
        wrong = {key: value for key, value in good.items() if key != name}
        assert call("POST", "/measurement/measurements", user, json=wrong).status == 422
    other = {**good, "source": {"id": "1"}}
    assert call("POST", "/measurement/measurements", user, json=other).status == 422
    assert [it for it in cumulocity.measurements() if it["source"]["id"] == source] == [good]


def test_operations(cumulocity, call, user, source, serial):
    number = str(cumulocity.send(serial, {"c8y_Restart": {}}))
    pending = f"/devicecontrol/operations?status=PENDING&deviceId={source}"
    (found,) = call("GET", pending, user).json()["operations"]
    assert found == {"id": number, "status": "PENDING", "deviceId": source, "c8y_Restart": {}}
    for status in ("EXECUTING", "SUCCESSFUL"):
        path = f"/devicecontrol/operations/{number}"
        assert call("PUT", path, user, json={"status": status}).json() == {"id": number, "status": status}
        assert [it["status"] for it in cumulocity.operations() if it["id"] == number] == [status]
    assert call("GET", pending, user).json()["operations"] == []
    assert call("PUT", f"/devicecontrol/operations/{number}", user, json={"status": "DONE"}).status == 422
    assert call("PUT", "/devicecontrol/operations/x", user, json={"status": "FAILED"}).status == 404


def test_a_device_may_not_touch_anothers_operations(cumulocity, call, ask, user, source, serial):
    number = cumulocity.send(serial, {"c8y_Restart": {}})
    cumulocity.create(other := next(_serials), accept=True)
    ask(json={"id": other})
    given = ask(json={"id": other}).json()
    theirs = (f"{TENANT}/{given['username']}", given["password"])
    call("POST", "/identity/globalIds/7/externalIds", theirs, json={})
    assert call("PUT", f"/devicecontrol/operations/{number}", theirs, json={"status": "FAILED"}).status == 404
    path = f"/devicecontrol/operations?status=PENDING&deviceId={source}"
    assert call("GET", path, theirs).json()["operations"] == []


def test_what_is_not_there(cumulocity, user, serial):
    for act in (cumulocity.delete, cumulocity.accept, lambda name: cumulocity.send(name, {})):
        with pytest.raises(SandboxError, match="'nobody'"):
            act("nobody")
    with pytest.raises(SandboxError, match="no managed object"):
        cumulocity.send(serial, {})


def test_passwords_show_only_when_asked_for(shared, cumulocity, user, serial):
    assert [it["password"] for it in cumulocity.devices() if it["id"] == serial] == ["***"]
    assert [it["password"] for it in cumulocity.devices(reveal=True) if it["id"] == serial] == [user[1]]
    assert user[1] not in repr(shared.log("cumulocity")) and BOOTSTRAP[1] not in repr(shared.log("cumulocity"))
