"""Queued faults: canned answers, delays, dropped connections, truncated bodies. And what must never be a fault."""

from __future__ import annotations

import http.client
import json
import socket
import time

import pytest
from enroll_tools.sandbox import SandboxError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.fixture
def register(sandbox, send, new_device):
    return lambda: send("POST", sandbox.urls["xyte"].http + "/v1/devices", json=new_device)


def test_canned(sandbox, register):
    sandbox.fault("xyte", times=2, status=503, headers={"retry-after": "7", "content-type": "text/html"}, body=b"\xff!")
    for _ in range(2):
        answer = register()
        assert (answer.status, answer.body) == (503, b"\xff!")
        assert answer.headers["Retry-After"] == "7"
        assert answer.headers.get_all("Content-Type") == ["text/html"]
    assert sandbox.xyte.devices() == []
    assert register().status == 201
    assert [entry.note for entry in sandbox.log()] == ["fault: canned 503"] * 2 + [""]
    assert sandbox.log()[0].answer == "<2 bytes, not JSON>"


@pytest.mark.parametrize("status", [204, 302, 304, 401, 429, 500])
def test_canned_statuses(sandbox, register, status):
    sandbox.fault("xyte", status=status, headers={"Location": "http://127.0.0.1:1/"})
    answer = register()
    assert (answer.status, answer.body) == (status, b"")


def test_canned_and_chunked(sandbox, register):
    sandbox.fault("xyte", status=500, headers={"Transfer-Encoding": "chunked"}, body="in chunks")
    answer = register()
    assert (answer.status, answer.body) == (500, b"in chunks")
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in answer.headers


def test_canned_headers_are_sent_as_they_are(sandbox, send):
    sandbox.fault("xyte", status=200, headers={"Content-Length": "50"}, body="too short")
    with pytest.raises(http.client.IncompleteRead):
        send("GET", sandbox.urls["xyte"].http, headers={"Connection": "close"})


@pytest.mark.parametrize("options", [{}, {"times": 2}, {"delay": 0}, {"headers": {}}, {"path": "/v1"}, {"most": 3}])
def test_a_fault_that_does_nothing_is_refused(sandbox, options):
    with pytest.raises(SandboxError, match="the fault does nothing: say what goes wrong"):
        sandbox.fault("xyte", **options)


@pytest.mark.parametrize("length", ["abc", "", "-1", "1.5", "9" * 19])
def test_a_content_length_that_is_no_number_is_refused(sandbox, length):
    with pytest.raises(SandboxError, match="Content-Length must be a whole number"):
        sandbox.fault("xyte", status=200, headers={"content-length": length}, body="x")


def test_headers_are_added_to_the_answer_of_the_service(sandbox, register):
    sandbox.fault("xyte", headers={"connection": "close, TE", "keep-alive": "timeout=1", "server": "other"})
    answer = register()
    assert answer.status == 201
    told = [answer.headers.get_all(name) for name in ("Connection", "Keep-Alive", "Server")]
    assert told == [["close, TE"], ["timeout=1"], ["other"]]


def test_any_service_and_the_front_page(sandbox, send, register):
    sandbox.fault("*", times=2, status=500)
    assert send("GET", f"http://127.0.0.1:{sandbox.ports['http']}/").status == 500
    assert register().status == 500
    sandbox.fault("*", status=500)
    sandbox.clear_faults("*")
    assert register().status == 201


def test_only_its_service_and_path(sandbox, send, register):
    sandbox.fault("etherfax", status=500)
    sandbox.fault("xyte", status=500, path="/children")
    assert register().status == 201
    assert send("GET", sandbox.urls["etherfax"].http + "/devices").status == 500
    assert [fault.path for fault in sandbox.faults()] == ["/children"]
    sandbox.clear_faults("etherfax")
    assert len(sandbox.faults()) == 1
    sandbox.clear_faults()
    assert sandbox.faults() == []


def test_in_order(sandbox, register):
    for status in (500, 502):
        sandbox.fault("xyte", status=status)
    assert [register().status for _ in range(3)] == [500, 502, 201]


def test_delay_comes_after_the_work(sandbox, register):
    sandbox.fault("xyte", delay=0.2)
    start = time.monotonic()
    assert register().status == 201
    assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize(("drop", "devices"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("secure", [False, True])
def test_drop(sandbox, send, trusted, new_device, drop, devices, secure):
    sandbox.fault("xyte", drop=drop)
    url = (sandbox.urls["xyte"].https if secure else sandbox.urls["xyte"].http) + "/v1/devices"
    with pytest.raises(http.client.RemoteDisconnected):
        send("POST", url, json=new_device, context=trusted if secure else None)
    assert len(sandbox.xyte.devices()) == devices
    (entry,) = sandbox.log()
    assert entry.note == f"fault: drop {drop}"
    assert entry.status == (201 if devices else 0)
    # A client that asks again finds out what happened.
    again = send("POST", url, json=new_device, context=trusted if secure else None)
    assert again.status == (422 if devices else 201)


@pytest.mark.parametrize("length", [0, 1, 20])
def test_truncate(sandbox, register, length):
    sandbox.fault("xyte", truncate=length)
    with pytest.raises(http.client.IncompleteRead) as caught:
        register()
    assert len(caught.value.partial) == length
    assert caught.value.expected > 100
    assert len(sandbox.xyte.devices()) == 1


def test_truncate_a_canned_answer(sandbox, register):
    sandbox.fault("xyte", status=201, body='{"id": "x"}', truncate=5)
    with pytest.raises(http.client.IncompleteRead) as caught:
        register()
    assert caught.value.partial == b'{"id"'


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"service": "gopher"}, "unknown service"),
        ({"times": 0}, "times"),
        ({"status": 199}, "status"),
        ({"status": 600}, "status"),
        ({"delay": -1}, "from 0 to"),
        ({"truncate": -1}, "negative"),
        ({"drop": "sometimes"}, "drop"),
        ({"body": "x"}, "needs a status"),
        ({"status": 500, "headers": {"X": "a\r\nY: b"}}, "control characters"),
    ],
)
def test_refused(sandbox, options, words):
    with pytest.raises(SandboxError, match=words):
        sandbox.fault(**{"service": "xyte", **options})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("\ud800"),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    [
        "jsonrpc",
        "id",
        "method",
        "params",
        "hardware_key",
        "sn",
        "mac",
        "cloud_id",
        "firmware_version",
        "details",
        "username",
        "tokenSn",
        "tokenType",
        "cenToken",
        "status",
        "hmac",
        "unixTimestamp",
        "integrationKey",
        "password",
    ]
)
# What HTTP allows in a header, also bytes that are not UTF-8.
HEADERS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=10)
PATHS = ["/v1/devices", "/token/registerActiveToken/x", "/auth/authBasic", "", "/devices?a=register&id=%ff&token=%ff"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(FIELDS, JSON, max_size=8), header=HEADERS, path=st.sampled_from(PATHS))
def test_no_request_breaks_the_sandbox(sandbox, send, body, header, path):
    sandbox.clear_log()
    for urls in sandbox.urls.values():
        for method in ("POST", "PUT", "GET"):
            data = json.dumps(body).encode()
            headers = {"Authorization": header, "Content-Type": "application/json", "Accept": "*/*"}
            assert send(method, urls.http + path, data=data, headers=headers).status < 500
    assert len(sandbox.log()) == 3 * len(sandbox.urls)


def test_bytes_that_are_no_text_in_a_header(sandbox, logged):
    request = (
        b"GET /etherfax/rest/2.0/api/accounts?a=status&x=\xff HTTP/1.1\r\n"
        b"Host: 127.0.0.1\r\nAuthorization: Basic \xff\xfe\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", sandbox.ports["http"]), timeout=5) as connection:
        connection.sendall(request)
        assert connection.recv(4096).split()[1] in (b"400", b"401")
    assert len(logged(sandbox)) == 1
