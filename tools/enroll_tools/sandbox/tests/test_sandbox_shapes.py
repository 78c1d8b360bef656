"""Answers as real servers, balancers and portals send them: each shape on the wire, byte by byte."""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import gzip
import http.client
import json
import socket

import pytest
from devices import ROOT
from enroll_tools.sandbox import SandboxError
from enroll_tools.sandbox.control import Control
from enroll_tools.sandbox.shapes import SHAPES

NOW = "1994-11-06T08:49:37Z"


@pytest.fixture
def body(new_device):
    return json.dumps(new_device).encode()


def call(sandbox, body=b"", path="/xyte/v1/devices", method="POST", announced=None):
    """Send one request, or its head and the beginning of its body, and read to the end: (status, head, body)."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
    length = len(body) if announced is None else announced
    with socket.create_connection(("127.0.0.1", sandbox.ports["http"]), timeout=5) as connection:
        connection.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode() + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    first, _, content = answer.partition(b"\r\n\r\n")
    return int(first.split()[1]), first.decode(), content


def lines(head):
    return dict(line.split(": ", 1) for line in head.split("\r\n")[1:])


def test_no_brace(sandbox, body):
    sandbox.fault("xyte", shape="no-brace")
    status, head, content = call(sandbox, body)
    assert status == 201 and lines(head)["Content-Length"] == str(len(content))
    assert json.loads(content + b"}")["id"] == sandbox.xyte.devices()[0]["id"]


@pytest.mark.parametrize("size", [8192, 1000, 30000])
def test_long_body(sandbox, body, size):
    sandbox.fault("xyte", shape="long-body" if size == 8192 else f"long-body={size}")
    status, _, content = call(sandbox, body)
    assert (status, len(content)) == (201, size)
    found = json.loads(content)
    assert found["id"] == sandbox.xyte.devices()[0]["id"]
    assert len(found["features"]) > size // 80
    assert content.index(b"features") < content.index(b"access_key")


def test_a_body_that_is_longer_already_stays(sandbox, body):
    sandbox.fault("xyte", shape="long-body=10")
    assert "access_key" in json.loads(call(sandbox, body)[2])


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", "utf-8-sig"])
def test_charset(sandbox, body, charset):
    sandbox.fault("xyte", shape=f"charset={charset}")
    _, head, content = call(sandbox, body)
    assert lines(head)["Content-Type"] == f"application/json; charset={charset}"
    found = json.loads(content.decode(charset))
    assert (found["greeting"], found["id"]) == ("café", sandbox.xyte.devices()[0]["id"])


def test_gzip(sandbox, body):
    sandbox.fault("xyte", shape="gzip")
    _, head, content = call(sandbox, body)
    assert lines(head)["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(content))["id"] == sandbox.xyte.devices()[0]["id"]
    # The log has it as it was made, and hides what is secret in it.
    (entry,) = sandbox.log()
    assert json.loads(entry.answer)["access_key"] == "***"
    assert (entry.status, entry.note) == (201, "fault: gzip")


@pytest.mark.parametrize("size", [16384, 2000, 60000])
def test_long_head(sandbox, body, size):
    sandbox.fault("xyte", shape="long-head" if size == 16384 else f"long-head={size}")
    status, head, content = call(sandbox, body)
    assert status == 201 and json.loads(content)["id"]
    assert size * 0.95 < len(head) < size * 1.05 + 300
    assert len(lines(head)) < 100
    # The header that a client needs comes last.
    assert head.index("Content-Length") > head.index("Content-Security-Policy")


@pytest.mark.parametrize("status", [200, 403, 511])
def test_portal(sandbox, body, status):
    sandbox.fault("xyte", shape=f"portal={status}")
    answer = call(sandbox, body)
    assert answer[0] == sandbox.log()[0].status == status
    assert lines(answer[1])["Content-Type"].startswith("text/html") and b"<html>" in answer[2]
    assert sandbox.xyte.devices() == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("imf-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("rfc850", "Sunday, 06-Nov-94 08:49:37 GMT"),
        ("asctime", "Sun Nov  6 08:49:37 1994"),
    ],
)
def test_date_in_each_form(sandbox, form, expected, method):
    """The examples of RFC 9110, 5.6.7."""
    sandbox.set_time(NOW)
    sandbox.fault("*", shape=f"date={form}")
    assert lines(call(sandbox, path="/", method=method)[1])["Date"] == expected


def test_date_only_on_get_or_never(sandbox):
    sandbox.fault("*", times=2, shape="date=get-only")
    sandbox.fault("*", shape="date=none")
    told = [lines(call(sandbox, path="/", method=method)[1]).get("Date") for method in ("GET", "HEAD", "GET")]
    assert told[1:] == [None, None]
    sent = email.utils.parsedate_to_datetime(told[0])
    assert abs(sent - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(minutes=1)


@pytest.mark.parametrize("shape", ["early", "early,reset"])
def test_early(sandbox, shape):
    """The answer is there although most of the body never comes."""
    sandbox.fault("xyte", status=401, body='{"error": "no"}', shape=shape)
    try:
        status, head, content = call(sandbox, b"{", announced=100000)
    except ConnectionResetError:
        assert "reset" in shape
    else:
        assert (status, content) == (401, b'{"error": "no"}')
        assert lines(head)["Connection"] == "close"
    assert [entry.status for entry in sandbox.log()] == [401]


def test_reset(sandbox, body):
    """A client can read all that was sent before it; then there is an error instead of an end."""
    sandbox.fault("xyte", shape="reset")
    head = f"POST /xyte/v1/devices HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    with socket.create_connection(("127.0.0.1", sandbox.ports["http"]), timeout=5) as connection:
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        answer = b""
        with pytest.raises(ConnectionResetError):
            while piece := connection.recv(65536):
                answer += piece
    assert answer.startswith(b"HTTP/1.1 201 ") and answer.endswith(b"}")


@pytest.mark.parametrize(
    ("how", "error"),
    [("silent", TimeoutError), ("reset", ConnectionResetError), ("close", ConnectionError)],
)
@pytest.mark.parametrize("secure", [False, True])
def test_forget(sandbox, trusted, how, error, secure):
    """The first answer does not show it, the service does not see the second request, and others are served."""
    sandbox.fault("*", shape=f"forget={how}")
    if secure:
        client = http.client.HTTPSConnection("127.0.0.1", sandbox.ports["https"], timeout=0.3, context=trusted)
    else:
        client = http.client.HTTPConnection("127.0.0.1", sandbox.ports["http"], timeout=0.3)
    with contextlib.closing(client):
        client.request("GET", "/")
        answer = client.getresponse()
        assert answer.status == 200 and answer.read() and answer.headers["Connection"] is None
        client.auto_open = 0
        with pytest.raises(error):
            client.request("GET", "/xyte/v1/devices")
            client.getresponse()
    assert call(sandbox, path="/", method="GET")[0] == 200
    notes = [entry.note for entry in sandbox.log()]
    assert notes[0] == f"fault: forget={how}"
    assert [note for note in notes[1:] if note] == ([] if how == "close" else [f"fault: forgotten connection, {how}"])


def test_several_shapes_in_their_order(sandbox, body):
    sandbox.fault("xyte", shape="long-body=9000, no-brace,gzip,long-head")
    _, head, content = call(sandbox, body)
    plain = gzip.decompress(content)
    assert len(plain) == 8999 and json.loads(plain + b"}")["id"]
    assert "Content-Security-Policy" in head


def test_a_shape_and_the_other_faults(sandbox, body):
    sandbox.fault("xyte", status=503, body='{"error": "busy"}', headers={"Retry-After": "7"}, shape="gzip", truncate=3)
    status, head, content = call(sandbox, body)
    assert (status, content) == (503, b"\x1f\x8b\x08")
    assert lines(head)["Retry-After"] == "7"
    assert sandbox.log()[0].note == "fault: canned 503, truncate 3, gzip"


def test_shapes_of_bodies_that_are_not_json_objects(sandbox, body):
    for shape in ("no-brace", "long-body", "charset"):
        sandbox.fault("xyte", status=200, body="[1]", shape=shape)
        assert call(sandbox, body)[2] == b"[1]"


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("zip", "unknown shape 'zip' .known: no-brace, long-body"),
        ("gzip=9", "gzip does not take the value '9'"),
        ("no-brace=", "no-brace does not take the value ''"),
        ("long-body=-1", "long-body does not take"),
        ("long-head=x", "long-head does not take"),
        ("long-head=99999999", "long-head does not take"),
        ("portal=404", "portal does not take"),
        ("charset=klingon", "charset does not take"),
        ("forget=me", "forget does not take"),
        ("date=iso8601", "date does not take"),
        ("early", "early needs a status or portal"),
    ],
)
def test_refused(sandbox, shape, words):
    with pytest.raises(SandboxError, match=words):
        sandbox.fault("xyte", shape=shape)
    assert sandbox.faults() == []


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ("xyte", "the shape early cannot be for one device, whose request it does not read: leave the device out"),
        (r"*", "a fault of one device cannot be for every service: name its service instead of \\*"),
    ],
)
def test_refused_for_one_device(sandbox, service, words):
    with pytest.raises(SandboxError, match=words):
        sandbox.fault(service, shape="early,portal", device="1")


def test_every_shape_is_in_the_page_and_in_the_help():
    page = (ROOT / "docs" / "sandbox.md").read_text()
    for name in SHAPES:
        assert f"`{name}" in page and name in (Control.fault.__doc__ or "")


def test_over_the_admin_api(sandbox, admin, body):
    assert admin("fault", service="xyte", shape="portal")[0] == 200
    assert call(sandbox, body)[0] == 511


@pytest.mark.parametrize("shape", ["long-head=40000,long-body=60000", "reset", "early,portal=403"])
def test_over_tls(sandbox, send, trusted, shape):
    sandbox.fault("xyte", shape=shape)
    answer = send("POST", sandbox.url("xyte") + "/v1/devices", json={}, context=trusted)
    assert answer.status == (403 if "early" in shape else 422)
