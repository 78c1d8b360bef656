"""Centagate: signatures, every return code, both spellings of the answer."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from enroll_tools.sandbox import SandboxError
from enroll_tools.sandbox.services.centagate import CODES


def sign(key, message):
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


@pytest.fixture
def session(sandbox):
    sandbox.centagate.create_user("ann")
    sandbox.centagate.create_user("bob")
    return sandbox.centagate.create_session("boss")


@pytest.fixture
def bind(sandbox, send, session):
    """Register a token; returns the answer's code."""

    def call(sn="60123456789", kind="1", username="ann", admin="boss", full=False, **changes):
        signature = sign(session["secret_code"], session["username"] + session["auth_token"])
        body = {"username": username, "tokenSn": sn, "tokenType": kind, "cenToken": signature, **changes}
        url = f"{sandbox.urls['centagate'].http}/token/registerActiveToken/{admin}"
        answer = send("PUT", url, json={name: value for name, value in body.items() if value is not None})
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert set(answer.json()) == {"code", "message", "object"}
        return answer.json() if full else answer.json()["code"]

    return call


def test_sms(sandbox, bind):
    answer = bind(full=True)
    assert (answer["code"], answer["message"]) == (0, "Success")
    expected = {"boundUser": "ann", "boundTokenSn": "60123456789", "boundTokenType": "1", "boundTokenStatus": "ACTIVE"}
    assert answer["object"] == expected
    assert sandbox.centagate.phones() == [{"number": "60123456789", "username": "ann"}]


@pytest.mark.parametrize("kind", ["text/plain", "text/plain; charset=UTF-8", "application/json;charset=utf-8"])
def test_the_types_of_body_that_the_samples_send(sandbox, send, session, kind):
    """The Java sample gives Jersey a string and no type: text/plain."""
    signature = sign(session["secret_code"], "boss" + session["auth_token"])
    body = {"username": "ann", "tokenSn": "60123456789", "tokenType": "1", "cenToken": signature}
    url = sandbox.urls["centagate"].http + "/token/registerActiveToken/boss"
    headers = {"Content-Type": kind, "Accept": "application/json"}
    assert send("PUT", url, data=json.dumps(body).encode(), headers=headers).json()["code"] == 0


def test_otp(sandbox, bind):
    sandbox.centagate.create_token("T1")
    assert bind("T1", "2", full=True)["object"]["boundTokenType"] == "2"
    assert sandbox.centagate.tokens() == [{"sn": "T1", "status": "active", "cr": False, "username": "ann"}]


def test_the_other_address(sandbox, send, trusted):
    url = sandbox.urls["centagate"].https.replace("/centagate/", "/centagate/v2/") + "/auth/authBasic"
    assert send("POST", url, json={}, context=trusted).json()["code"] == 10002


@pytest.mark.parametrize(
    "changes",
    [{name: value} for name in ("username", "tokenSn", "tokenType", "cenToken") for value in (None, "", 1)]
    + [{"kind": "3"}, {"kind": "SMS"}, {"sn": "not-a-phone"}, {"sn": "12345"}, {"sn": "+1 650 555"}, {"more": 1}],
)
def test_invalid_input(sandbox, bind, changes):
    assert bind(**changes) == 10002
    assert sandbox.centagate.phones() == []


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'"x"', b"\xff"])
def test_invalid_body(sandbox, send, session, data):
    url = sandbox.urls["centagate"].http + "/token/registerActiveToken/boss"
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    assert send("PUT", url, data=data, headers=headers).json()["code"] == 10002


def test_signature(sandbox, bind, session):
    right = sign(session["secret_code"], "boss" + session["auth_token"])
    for wrong in (right.upper(), "0" * 64, sign(session["auth_token"], "boss" + session["secret_code"]), "é"):
        assert bind(cenToken=wrong) == 23022
    assert bind(admin="nobody") == 23022
    assert bind(admin="ann") == 23022
    assert bind(cenToken=right) == 0
    sandbox.centagate.delete_sessions("boss")
    assert bind(cenToken=right) == 23022


def test_every_session_of_an_administrator_works(sandbox, bind, session):
    later = sandbox.centagate.create_session("boss")
    assert bind() == 0
    assert bind(cenToken=sign(later["secret_code"], "boss" + later["auth_token"])) == 0


def test_permission(sandbox, bind):
    plain = sandbox.centagate.create_session("ann")
    assert bind(admin="ann", cenToken=sign(plain["secret_code"], "ann" + plain["auth_token"])) == 10001


def test_codes_from_real_state(sandbox, bind):
    create = sandbox.centagate.create_token
    assert bind(username="nobody") == 22002
    assert bind("T0", "2") == 29001
    create("T1", status="new")
    assert bind("T1", "2") == 29002
    for status in ("active", "locked", "lost", "expired"):
        create(f"T-{status}", status=status)
        assert bind(f"T-{status}", "2") == 29017
    assert bind() == 0
    assert bind(username="bob") == 29004
    create("T2")
    assert bind("T2", "2") == 0
    # The same again, so that a client sees that an earlier attempt got through; and any other for this user.
    assert bind("T2", "2") == 29008
    create("T3")
    assert bind("T3", "2") == 29008
    # Bound to somebody else.
    assert bind("T2", "2", username="bob") == 29017
    create("CR", cr=True)
    assert bind("CR", "2", username="bob") == 6007
    sandbox.centagate.create_user("cara", allow_cr=True)
    assert bind("CR", "2", username="cara") == 0


def test_refusals_change_nothing(sandbox, bind):
    sandbox.centagate.create_token("T1", status="new")
    before = (sandbox.centagate.tokens(), sandbox.centagate.phones())
    bind("T1", "2")
    bind(cenToken="wrong")
    assert (sandbox.centagate.tokens(), sandbox.centagate.phones()) == before


def test_same_number_again(sandbox, bind):
    assert [bind(), bind()] == [0, 0]
    sandbox.set("centagate.sms_repeat_refused", True)
    assert bind() == 29004
    sandbox.centagate.delete_phone("60123456789")
    assert bind() == 0


@pytest.mark.parametrize("code", sorted(set(CODES) - {0}))
def test_every_code_by_a_queued_fault(sandbox, bind, code):
    sandbox.centagate.fail(code, times=2)
    answer = bind(full=True)
    assert (answer["code"], answer["message"], answer["object"]) == (code, CODES[code], "")
    assert sandbox.centagate.phones() == []
    assert [bind(), bind()] == [code, 0]


def test_spelled_as_strings(sandbox, bind):
    sandbox.set("centagate.code_as_string", True)
    sandbox.set("centagate.object_as_string", "true")
    answer = bind(full=True)
    assert answer["code"] == "0"
    assert json.loads(answer["object"])["boundUser"] == "ann"
    assert bind(username="nobody") == "22002"


def test_headers(sandbox, send, session):
    url = sandbox.urls["centagate"].http + "/token/registerActiveToken/boss"
    good = {"Content-Type": "application/json", "Accept": "application/json"}
    assert send("PUT", url, data=b"{}", headers={**good, "Content-Type": "text/html"}).status == 415
    assert send("PUT", url, data=b"{}", headers={**good, "Accept": "text/html"}).status == 406
    assert send("PUT", url, data=b"{}", headers={"Content-Type": "application/json"}).status == 406
    for accept in ("*/*", "application/*", "text/html, Application/JSON;q=0.9"):
        assert send("PUT", url, data=b"{}", headers={**good, "Accept": accept}).json()["code"] == 10002
    assert send("POST", url, json={}).status == 405


def test_unknown_address(sandbox, send):
    answer = send("GET", sandbox.urls["centagate"].http + "/token/eat")
    assert (answer.status, answer.json()["code"]) == (200, 23024)


@pytest.fixture
def login(sandbox, send):
    sandbox.centagate.create_user("boss", password="pass word", admin=True)
    app = sandbox.centagate.create_integration()

    def call(**changes):
        fields = {
            "username": "boss",
            "password": "pass word",
            "integrationKey": app["key"],
            "unixTimestamp": str(int(sandbox.clock.now())),
            "supportFido": "",
            "ipAddress": "",
            "userAgent": "",
            "browserFp": "",
            **changes,
        }
        order = ("username", "password", "userAgent", "integrationKey", "supportFido", "browserFp", "unixTimestamp")
        message = "".join(str(fields[name]) for name in (*order, "ipAddress"))
        fields.setdefault("hmac", sign(app["secret_key"], message))
        return send("POST", sandbox.urls["centagate"].http + "/auth/authBasic", json=fields).json()

    return call


def test_login_gives_a_session(sandbox, send, login):
    sandbox.centagate.create_user("ann")
    answer = login()
    assert answer["code"] == 0
    token, secret = answer["object"]["authToken"], answer["object"]["secretCode"]
    body = {"username": "ann", "tokenSn": "60123456789", "tokenType": "1", "cenToken": sign(secret, "boss" + token)}
    url = sandbox.urls["centagate"].http + "/token/registerActiveToken/boss"
    assert send("PUT", url, json=body).json()["code"] == 0


def test_login_signs_the_optional_fields_too(login):
    assert login(supportFido="true", ipAddress="10.0.0.1", userAgent="x", browserFp="y")["code"] == 0


def test_login_refused(sandbox, login):
    assert login(password="wrong")["code"] == 23001
    assert login(username="nobody")["code"] == 23001
    assert login(hmac="0" * 64)["code"] == 23022
    assert login(integrationKey="unknown")["code"] == 23022
    assert login(unixTimestamp="soon")["code"] == 10002
    assert login(username=1)["code"] == 10002
    now = int(sandbox.clock.now())
    assert [login(unixTimestamp=str(now + shift))["code"] for shift in (-301, -290, 290, 310)] == [23023, 0, 0, 23023]
    # The epoch of an ESP32 is thirty years off.
    assert login(unixTimestamp=str(now - 946684800))["code"] == 23023


def test_operations(sandbox, session):
    centagate = sandbox.centagate
    centagate.create_token("T1")
    centagate.set_token("T1", "locked")
    assert centagate.tokens()[0]["status"] == "locked"
    assert {user["password"] for user in centagate.users()} == {"***"}
    assert centagate.sessions()[0]["secret_code"] == "***"
    assert centagate.sessions(reveal=True)[0] == session
    centagate.delete_user("boss")
    assert centagate.sessions() == []
    centagate.delete_token("T1")
    for call, words in (
        (lambda: centagate.create_user("ann"), "already has"),
        (lambda: centagate.create_user(""), "the user's name is empty: give one"),
        (lambda: centagate.create_token(""), "the token's serial number is empty: give one"),
        (lambda: centagate.create_token("T2", status="new age"), "status must be one of"),
        (lambda: centagate.set_token("T1", "new"), "no token"),
        (lambda: centagate.delete_token("T1"), "no token"),
        (lambda: centagate.delete_user("boss"), "no user"),
        (lambda: centagate.delete_phone("1"), "no phone number"),
        (lambda: centagate.fail(7), "code must be one of"),
        (lambda: centagate.create_integration("k") and centagate.create_integration("k"), "already has an app"),
    ):
        with pytest.raises(SandboxError, match=words):
            call()
