"""A back end of one's own: five ways to register, each with its refusals, and the key afterwards."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
from urllib.parse import urlencode

import pytest
from enroll_tools.sandbox import SandboxError

_serials = (f"SN-{number}" for number in itertools.count())
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def rest(shared):
    yield shared.rest
    shared.rest.set("tolerance", 300)
    shared.rest.set("automatic", False)


@pytest.fixture
def serial():
    return next(_serials)


@pytest.fixture
def secret(rest, serial):
    return rest.create(serial)["secret"]


@pytest.fixture
def call(shared, send):
    def call(method, path, **more):
        return send(method, shared.urls["rest"].http + path, **more)

    return call


@pytest.fixture
def claim(call, serial, secret):
    def claim(scheme="Bearer", code=secret, **more):
        headers = {"Authorization": f"{scheme} {code}"}
        return call("POST", "/devices/claim", **{"json": {"serial": serial}, **more}, headers=headers)

    return claim


@pytest.fixture
def signed(shared, call, serial, secret):
    """Register with a signature over serial number, time and nonce; `sent`: another time than the signed one."""

    def signed(moment=None, nonce="n", key=secret, sent=None):
        moment = str(int(shared.clock.now()) if moment is None else moment)
        signature = hmac.new(key.encode(), f"{serial}\n{moment}\n{nonce}".encode(), hashlib.sha256).hexdigest()
        headers = {"X-Timestamp": sent or moment, "X-Nonce": nonce, "X-Signature": signature}
        return call("POST", "/devices/register", json={"serial": serial}, headers=headers)

    return signed


@pytest.fixture
def asked(call, serial, secret):
    """The path of a request that a person decides."""
    reply = call("POST", "/enrollments", json={"serial": serial}, headers={"X-Fleet-Token": secret})
    assert reply.status == 202
    return "/enrollments/" + reply.json()["ticket"]


def refusal(reply):
    return reply.status, reply.json()["message"]


def test_a_claim_code(claim, call, serial):
    reply = claim()
    device = reply.json()["device"]
    assert reply.status == 201 and reply.json()["region"] == "north"
    me = call("GET", "/me", headers={"Authorization": f"Bearer {device['token']}"})
    assert me.json() == {"serial": serial, "id": device["id"]}
    assert refusal(claim()) == (409, "registered before")


@pytest.mark.parametrize("wrong", [{"code": "x"}, {"scheme": "Basic"}, {"scheme": ""}], ids=str)
def test_another_claim_code(claim, wrong):
    assert refusal(claim(**wrong)) == (401, "unknown claim code")
    assert claim().status == 201, "a refused request uses nothing up"


@pytest.mark.parametrize("path", ["/devices/claim", "/devices/register", "/enrollments"])
def test_an_unknown_device(call, path):
    assert refusal(call("POST", path, json={"serial": "nobody"})) == (403, "unknown device")
    assert refusal(call("POST", path, json={})) == (403, "unknown device")


@pytest.mark.parametrize("path", ["/devices/claim", "/devices/register", "/enrollments"])
@pytest.mark.parametrize(
    ("data", "kind"), [(b"{", "application/json"), (b"[]", "application/json"), (b"{}", "text/plain")]
)
def test_what_is_no_json_object(call, path, data, kind):
    reply = call("POST", path, data=data, headers={"Content-Type": kind})
    assert refusal(reply) == (400, "a JSON object is wanted")


def test_a_signature(signed, call, serial):
    key = signed().json()["api_key"]
    assert call("GET", "/me", headers={"X-Api-Key": key}).json()["serial"] == serial


def test_a_signature_that_does_not_fit(signed):
    assert refusal(signed(key="x")) == (401, "bad signature")
    assert refusal(signed(sent="1")) == (401, "bad signature")
    assert refusal(signed(moment="soon")) == (401, "too early or too late")


def test_a_signature_is_good_for_some_time(shared, rest, signed):
    now = int(shared.clock.now())
    rest.set("tolerance", 10)
    for moment in (now - 30, now + 30):
        assert refusal(signed(moment, "far")) == (401, "too early or too late")
    assert signed(now - 5, "near").status == 201


def test_a_nonce_is_good_once(signed, rest, serial):
    assert signed(nonce="once-" + serial).status == 201
    rest.reset(serial)
    assert refusal(signed(nonce="once-" + serial)) == (401, "replayed")
    assert signed(nonce="twice-" + serial).status == 201
    assert refusal(signed(nonce="thrice-" + serial)) == (409, "registered before")


def test_a_person_accepts(asked, call, rest, serial):
    assert [call("GET", asked).status for _ in range(2)] == [202, 202]
    rest.accept(serial)
    answer = call("GET", asked).json()
    assert answer["status"] == "accepted" and set(answer) == {"status", "token", "id"}
    assert call("GET", "/me", headers={"Authorization": f"Bearer {answer['token']}"}).json()["id"] == answer["id"]
    assert refusal(call("GET", asked)) == (409, "registered before")


def test_a_person_denies(asked, call, rest, serial):
    rest.deny(serial)
    assert call("GET", asked).json() == {"status": "denied"}
    rest.accept(serial)
    assert call("GET", asked).json()["status"] == "accepted"


def test_all_are_accepted_by_a_setting(asked, call, rest):
    rest.set("automatic", True)
    assert call("GET", asked).json()["status"] == "accepted"


def test_only_the_last_request_of_a_device_counts(asked, call, serial, secret):
    call("POST", "/enrollments", json={"serial": serial}, headers={"X-Fleet-Token": secret})
    assert refusal(call("GET", asked)) == (404, "no such request")
    reply = call("POST", "/enrollments", json={"serial": serial}, headers={"X-Fleet-Token": "x"})
    assert refusal(reply) == (401, "unknown fleet token")


def test_a_form(call, serial, secret):
    reply = call("POST", "/register", data=urlencode({"serial": serial, "code": secret}).encode(), headers=FORM)
    assert reply.status == 200 and reply.headers["Content-Type"] == "text/plain"
    me = call("GET", "/me", headers={"X-Auth-Token": reply.headers["X-Auth-Token"]})
    assert me.json() == {"serial": serial, "id": reply.body.decode()}


def test_a_form_that_is_refused(call, serial, secret):
    good = urlencode({"serial": serial, "code": secret}).encode()
    kind = {"Content-Type": "application/json"}
    assert refusal(call("POST", "/register", data=good, headers=kind)) == (415, "a form is wanted")
    for fields, message in (({"serial": serial, "code": "x"}, "unknown code"), ({"code": secret}, "unknown device")):
        reply = call("POST", "/register", data=urlencode(fields).encode(), headers=FORM)
        assert refusal(reply) == (403, message)


@pytest.mark.parametrize("data", [b"serial", b"serial=1&&", b"\xff"])
def test_a_broken_form(call, data):
    assert refusal(call("POST", "/register", data=data, headers=FORM)) == (400, "a form is wanted")


def test_the_same_key_again(call, serial, secret):
    basic = "Basic " + base64.b64encode(f"{serial}:{secret}".encode()).decode()
    keys = [call("PUT", f"/devices/{serial}/key", headers={"Authorization": basic}).json()["key"] for _ in range(2)]
    assert keys[0] == keys[1]
    assert call("GET", "/me", headers={"X-Api-Key": keys[0]}).status == 200
    for wrong in ("Basic x", "", "Basic " + base64.b64encode(f"{serial}:x".encode()).decode()):
        reply = call("PUT", f"/devices/{serial}/key", headers={"Authorization": wrong})
        assert refusal(reply) == (401, "unknown password")
    assert call("PUT", "/devices/nobody/key", headers={"Authorization": basic}).status == 403


@pytest.mark.parametrize("headers", [{}, {"X-Api-Key": "x"}, {"Authorization": "Bearer"}], ids=str)
def test_an_unknown_key(call, secret, headers):
    assert refusal(call("GET", "/me", headers=headers)) == (401, "unknown key")


@pytest.mark.parametrize("act", ["reset", "delete"])
def test_a_key_that_was_taken_back(claim, call, rest, serial, act):
    key = claim().json()["device"]["token"]
    getattr(rest, act)(serial)
    assert refusal(call("GET", "/me", headers={"X-Api-Key": key})) == (401, "unknown key")
    assert claim().status == (201 if act == "reset" else 403)


def test_what_is_not_there(rest, serial, secret):
    for act in (rest.accept, rest.deny, rest.reset, rest.delete):
        with pytest.raises(SandboxError, match="no device 'nobody'"):
            act("nobody")
    with pytest.raises(SandboxError, match="already has"):
        rest.create(serial)


def test_secrets_show_only_when_asked_for(shared, rest, claim, serial, secret):
    key = claim().json()["device"]["token"]
    (found,) = [it for it in rest.devices() if it["serial"] == serial]
    assert (found["secret"], found["key"]) == ("***", "***")
    (found,) = [it for it in rest.devices(reveal=True) if it["serial"] == serial]
    assert (found["secret"], found["key"]) == (secret, key)
    assert not [it for it in (secret, key) if it in repr(shared.log("rest"))]
