"""The request log holds everything but the secrets."""

from __future__ import annotations

import base64
import contextlib
import datetime
import http.client
import json
import logging
import sqlite3
import sys
from urllib.parse import quote

import pytest
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.redact import redact
from enroll_tools.sandbox.services.centagate import sign
from enroll_tools.sandbox.services.etherfax import registration_token
from hypothesis import given
from hypothesis import strategies as st

CANARY = "CANARY/secret+value=42"


def register_all(sandbox, send):
    """Register with all four services and work there; returns every secret that went over the wire."""
    secrets = []

    def call(method, url, json=None, authorization=None):
        header = {"Authorization": authorization} if authorization else {}
        answer = send(method, url, json=json, headers=header)
        assert answer.status in (200, 201), answer
        return answer.json()

    base = sandbox.urls["etherfax"].http
    sandbox.etherfax.create("MT1", enabled=True)
    token = registration_token("MT1", sandbox.clock.today())
    device_token = call("GET", f"{base}/devices?a=register&id=MT1&token={token}")["DeviceToken"]
    basic = base64.b64encode(f"device/MT1:{device_token}".encode()).decode()
    call("GET", base + "/accounts?a=status", authorization="Basic " + basic)
    secrets += [token, device_token, basic]

    base = sandbox.urls["ickstream"].http
    user = sandbox.ickstream.create_user("ann")
    sandbox.ickstream.create_application("app")
    request = {"jsonrpc": "2.0", "id": 1, "method": "createDeviceRegistrationToken"}
    params = {"id": "x", "name": "Hall", "applicationId": "app"}
    token = call("POST", base, {**request, "params": params}, "Bearer " + user["access_token"])["result"]
    request = {**request, "method": "addDevice", "params": {"hardwareId": "h", "applicationId": "app"}}
    device = call("POST", base, request, "Bearer " + token)["result"]
    secrets += [user["access_token"], token, device["accessToken"]]

    base = sandbox.urls["xyte"].http
    model = sandbox.xyte.create_model("M1")
    body = {"hardware_key": model["hardware_key"], "sn": "1", "mac": "112233445566", "firmware_version": "1.0.0"}
    device = call("POST", base + "/v1/devices", body)
    call("POST", f"{device['hub_url']}/v1/devices/{device['id']}/telemetry", {"status": "online"}, device["access_key"])
    secrets += [model["hardware_key"], device["access_key"]]

    base = sandbox.urls["centagate"].http
    sandbox.set("centagate.object_as_string", True)
    app = sandbox.centagate.create_integration()
    sandbox.centagate.create_user("boss", password=CANARY, admin=True)
    sandbox.centagate.create_user("kim")
    now = str(int(sandbox.clock.now()))
    login = {"username": "boss", "password": CANARY, "integrationKey": app["key"], "unixTimestamp": now}
    login["hmac"] = sign(app["secret_key"], "boss" + CANARY + app["key"] + now)
    session = json.loads(call("POST", base + "/auth/authBasic", login)["object"])
    signature = sign(session["secretCode"], "boss" + session["authToken"])
    body = {"username": "kim", "tokenSn": "60123456789", "tokenType": "1", "cenToken": signature}
    call("PUT", base + "/token/registerActiveToken/boss", body)
    return [*secrets, CANARY, login["hmac"], session["secretCode"], session["authToken"], signature]


def shown(sandbox, **options):
    """All entries, as a program gets them."""
    return "\n".join(json.dumps(entry.as_dict(), ensure_ascii=False) for entry in sandbox.log(**options))


def test_no_secret_is_shown(sandbox, send, caplog):
    caplog.set_level(logging.DEBUG)
    secrets = register_all(sandbox, send)
    assert len(secrets) == 13
    text = shown(sandbox) + caplog.text
    assert [secret for secret in secrets if secret in text] == []
    assert text.count("***") >= len(secrets)
    assert len(sandbox.log()) == 8


def test_a_secret_is_shown_on_request(sandbox, send):
    secrets = register_all(sandbox, send)
    text = shown(sandbox, reveal=True).replace("\\\\", "\\").replace('\\"', '"')
    assert [secret for secret in secrets if secret not in text] == []
    assert "***" not in text


def test_reveal(send):
    with Sandbox(reveal_secrets=True) as sandbox:
        register_all(sandbox, send)
        assert "***" not in shown(sandbox)


def test_only_the_owner_reads_the_file(tmp_path, send):
    """It holds the secrets, as the tables of the services do."""
    with Sandbox(tmp_path) as sandbox:
        register_all(sandbox, send)
        files = [path for path in tmp_path.iterdir() if CANARY.encode() in path.read_bytes()]
        assert files and all(path.stat().st_mode & 0o77 == 0 for path in files)


def test_a_log_of_an_earlier_version_is_replaced(tmp_path, send):
    database = sqlite3.connect(tmp_path / "sandbox.sqlite3")
    database.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, time REAL)")
    database.execute("INSERT INTO log VALUES (1, 2)")
    database.commit()
    database.close()
    with Sandbox(tmp_path) as sandbox:
        assert sandbox.log() == []


def test_the_newest_entries_are_kept(send):
    """One client wrote 104 MB in 0.4 s."""
    with Sandbox(log_rows=150) as sandbox:
        for _ in range(2):
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", sandbox.ports["http"])) as connection:
                for _ in range(150):
                    connection.request("GET", "/")
                    connection.getresponse().read()
        ids = [entry.id for entry in sandbox.log()]
        assert ids == list(range(151, 301))
        assert sandbox.counts()["http"]["requests"] == 150


def test_a_long_body_is_cut(sandbox, send):
    sandbox.fault("xyte", status=200, body=b"y" * 9000)
    send("POST", sandbox.urls["xyte"].http, data=b"x" * 100_000)
    (entry,) = sandbox.log(reveal=True)
    assert (entry.body, entry.answer) == ("x" * 8192, "y" * 8192)
    assert "body and answer cut to 8192 bytes" in entry.note


def test_pages(sandbox, send):
    for _ in range(7):
        send("GET", sandbox.urls["xyte"].http)

    def ids(**chosen):
        return [entry.id for entry in sandbox.log(**chosen)]

    assert ids(limit=3) == [1, 2, 3] and ids(after=3, limit=3) == [4, 5, 6]
    assert ids(before=6, limit=3) == [3, 4, 5] and ids(before=3) == [1, 2] and ids(after=1, before=4) == [2, 3]
    assert ids(remote="127.0.0.1") == [1, 2, 3, 4, 5, 6, 7] and ids(remote="192.0.2.1") == ids(device="x") == []


def test_whoever_follows_hears_of_each_entry_once(sandbox, send):
    heard = []
    stop = sandbox.follow(heard.append)
    send("GET", sandbox.urls["xyte"].http)
    stop()
    send("GET", sandbox.urls["xyte"].http)
    assert heard == [1] and [entry.id for entry in sandbox.log()] == [1, 2]


def test_seed_vector_on_the_wire(send):
    with Sandbox(time="2017-02-02T12:00:00Z", reveal_secrets=True) as sandbox:
        token = registration_token("MT873615726", datetime.date(2017, 2, 2))
        url = sandbox.urls["etherfax"].http + "/devices?a=register&id=MT873615726&token=" + token
        send("GET", url)
        path = "/etherfax/rest/2.0/api/devices?a=register&id=MT873615726&token=414d6d04931da79f6d9925e0c30b85a3"
        assert sandbox.log()[0].path == path


def test_entry(sandbox, send, caplog):
    caplog.set_level(logging.INFO)
    header = {"Authorization": "Basic eDp5", "X-Other": "not kept", "User-Agent": "probe/1"}
    send("POST", sandbox.urls["ickstream"].http + "?x=1&token=abcdefgh", json={"id": 7}, headers=header)
    (entry,) = sandbox.log("ickstream")
    assert (entry.listener, entry.method, entry.status) == ("http", "POST", 200)
    assert entry.path == "/ickstream/jsonrpc?x=1&token=***"
    assert entry.headers["Authorization"] == "Basic ***"
    assert entry.headers["User-Agent"] == "probe/1"
    assert "X-Other" not in entry.headers
    assert entry.body == '{"id": 7}'
    assert json.loads(entry.answer)["error"]["code"] == -32600
    assert "http POST /ickstream/jsonrpc?x=1&token=*** 200" in caplog.text


def test_read_and_clear(sandbox, send):
    for name in ("xyte", "etherfax", "xyte"):
        send("GET", sandbox.urls[name].http + "/nothing")
    assert [entry.id for entry in sandbox.log()] == [1, 2, 3]
    assert [entry.id for entry in sandbox.log("xyte")] == [1, 3]
    assert [entry.id for entry in sandbox.log(listener="http", after=2)] == [3]
    assert sandbox.log(listener="https") == []
    sandbox.clear_log()
    assert sandbox.log() == []
    send("GET", sandbox.urls["xyte"].http)
    assert [entry.id for entry in sandbox.log()] == [4]


def test_what_the_framework_answers(sandbox, send, logged):
    answer = send("GET", sandbox.urls["xyte"].http + "/x?token=abcdefgh", headers={"Expect": "the unexpected"})
    assert answer.status == 417
    (entry,) = logged(sandbox)
    assert (entry.status, entry.path) == (417, "/xyte/x?token=***")
    assert entry.note == "answered by the framework"


def test_console_line_stays_one_line(sandbox, send, caplog):
    caplog.set_level(logging.INFO, "sandbox.access")
    send("GET", sandbox.urls["xyte"].http + "/%0aforged")
    assert [record.getMessage().count("\n") for record in caplog.records] == [0]
    assert sandbox.log()[0].service == "xyte"


# The beginning keeps it from being a part of some innocent word.
SECRET = st.text('abcXYZ0123456789+/=&%"\\ é', max_size=20).map("S3CR3T".__add__)
NAMES = st.sampled_from(["token", "DeviceToken", "accessToken", "access_key", "hardware_key", "secretCode", "cenToken"])


@pytest.mark.parametrize("scheme", ["", "Bearer ", "Basic ", "Digest "])
@given(secret=SECRET, name=NAMES, depth=st.integers(0, 3), as_text=st.booleans())
def test_a_secret_disappears_everywhere(scheme, secret, name, depth, as_text):
    body = {name: secret, "echo": f"got {secret}!"}
    for level in range(depth):
        body = {"object": json.dumps(body)} if as_text and level % 2 else {"list": [body]}
    texts = redact(
        f"/x/{quote(secret)}?token={quote(secret, safe='')}&y={quote(secret, safe='')}",
        {"Authorization": scheme + secret, "User-Agent": f"x {secret}"},
        json.dumps(body).encode(),
        json.dumps({"error": secret}, ensure_ascii=False).encode(),
    )
    everything = json.dumps(texts) + "".join(str(text) for text in texts)
    assert secret not in everything
    assert quote(secret, safe="") not in everything


def test_an_authorization_hides_its_parts_elsewhere():
    basic = base64.b64encode(b"device/MT1:device-token").decode()
    for header, part in (("Bearer bearer-token", "bearer-token"), (f"Basic {basic}", basic)):
        path, headers, body, _ = redact(
            f"/{part}", {"Authorization": header, "Host": part}, b'{"x": "%s"}' % part.encode(), b""
        )
        assert part not in path + headers["Host"] + headers["Authorization"] + body
    assert redact("/device-token", {"Authorization": f"Basic {basic}"}, b"", b"")[0] == "/***"


@pytest.mark.parametrize(
    "fault",
    [None, {"status": 503}, {"drop": "before"}, {"kind": "captive-portal"}],
    ids=["none", "canned", "dropped", "portal"],
)
def test_a_token_in_the_path_is_hidden_whatever_the_answer(sandbox, send, caplog, fault):
    caplog.set_level(logging.INFO)
    token = "S3CR3T-token"
    for path in ("telemetry", "telemetry/", "nothing"):
        for base in (
            "/thingsboard/api/v1",
            "/thingsboard/API/v1",
            "/api/v1",
            "/thingsboard//api/%761/",
            "/rest/enrollments",
        ):
            if fault:
                sandbox.fault("*", times=1, **fault)
            with contextlib.suppress(http.client.HTTPException, OSError):
                url = f"http://127.0.0.1:{sandbox.ports['http']}{base}/{token}/{path}?a=1"
                send("PUT", url, data=f'{{"echo": "{token}"}}'.encode())
    text = shown(sandbox) + caplog.text
    assert token not in text and "/api/v1/***/telemetry" in text


@pytest.mark.parametrize(
    "path", ["/thingsboard/api/v1/provision", "/thingsboard/api/v1/", "/api/v2/x", "/rest/enrollments"]
)
def test_what_is_no_token_in_a_path_stays(path):
    assert redact(path, {}, b"", b"")[0] == path


@pytest.mark.parametrize("name", ["tokenSn", "tokenType", "username", "id", "hub_url", "registration"])
def test_what_is_no_secret_stays(name):
    body = json.dumps({name: "plain value"})
    assert redact("/", {}, body.encode(), b"")[2] == body


HUGE = {
    "quotes": lambda n: ("/", {}, b'"token"' * n),
    "members": lambda n: ("/", {}, json.dumps([{"token": f"secret-{i}"} for i in range(n)]).encode()),
    "list": lambda n: ("/", {}, json.dumps({"token": [f"secret-{i}" for i in range(n)]}).encode()),
    "query": lambda n: ("/?" + "&".join(f"token=secret-{i}" for i in range(n)), {}, b""),
    "braces": lambda n: ("/", {}, b'{"token":' * n + b"1" + b"}" * n),
    "percent": lambda n: ("/" + "%25" * n + "?token=" + "%25" * n, {}, b""),
    "header": lambda n: ("/", {"Authorization": "Bearer " + "%" * n}, b'{"token": "%s"}' % (b"%" * n)),
    "slashes": lambda n: ("/" + "api/v1/" * n, {}, b""),
    "ampersands": lambda n: ("/?" + "&" * n, {}, b""),
}


@pytest.mark.parametrize("kind", HUGE)
def test_the_work_of_hiding_grows_with_the_length_alone(kind):
    """Each secret was searched for in the whole text: a client sent as many as it liked."""
    searches = []

    def count(frame, event, function):
        if event == "c_call" and frame.f_code.co_name == "_replace":
            searches.append(function)

    path, headers, body = HUGE[kind](3000)
    sys.setprofile(count)
    try:
        texts = redact(path, headers, body, body)
    finally:
        sys.setprofile(None)
    assert len(searches) < 3000
    assert "secret-2" not in str(texts)
