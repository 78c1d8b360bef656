"""Faults by name: of one device or of all, until they expire."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import urllib.error
from pathlib import Path

import pytest
from enroll_tools.sandbox import Sandbox, SandboxError
from enroll_tools.sandbox.fault_kinds import KINDS, OFFSETS
from enroll_tools.sandbox.faults import FaultQueue, make
from enroll_tools.sandbox.ntp import FAULTS
from enroll_tools.sandbox.services.etherfax import registration_token

PAGE = Path(__file__).parents[4] / "docs" / "sandbox.md"
ANSWERS = {
    "busy": (503, "5"),
    "rate-limited": (429, "5"),
    "unauthorized": (401, None),
    "server-error": (500, None),
    "captive-portal": (511, None),
}


@pytest.fixture(scope="module")
def shared():
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared):
    shared.clear_faults()
    return shared


def device(sandbox, serial):
    """The address at which the device registers, which it may."""
    with contextlib.suppress(SandboxError):
        sandbox.etherfax.delete(serial)
    sandbox.etherfax.create(serial, enabled=True)
    token = registration_token(serial, sandbox.clock.today())
    return f"{sandbox.urls['etherfax'].http}/devices?a=register&id={serial}&token={token}"


def state(sandbox, serial):
    [found] = [it for it in sandbox.etherfax.devices_view() if it.id == serial]
    return found.state


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_status(sandbox, send, kind):
    url = device(sandbox, "MT1")
    sandbox.fault("etherfax", kind=kind)
    for _ in range(3):
        answer = send("GET", url)
        assert (answer.status, answer.headers.get("Retry-After")) == ANSWERS[kind]
    assert state(sandbox, "MT1") == "enabled"


def test_a_lost_answer_of_one_device_does_not_touch_another(sandbox, send):
    one, other = device(sandbox, "MT1"), device(sandbox, "MT2")
    sandbox.fault("etherfax", kind="lost-answer", device="MT1")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError, urllib.error.URLError)):
        send("GET", one)
    assert send("GET", other).status == 200
    assert (state(sandbox, "MT1"), state(sandbox, "MT2")) == ("orphaned", "registered")


def test_a_connection_that_is_closed_before_the_work(sandbox, send):
    url = device(sandbox, "MT1")
    sandbox.fault("etherfax", kind="refused-before", device="MT1")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError, urllib.error.URLError)):
        send("GET", url)
    assert state(sandbox, "MT1") == "enabled"


def test_silence(sandbox):
    """Others are answered meanwhile, and nothing is left once the client has gone."""
    path = device(sandbox, "MT1").partition(str(sandbox.ports["http"]))[2]
    sandbox.fault("etherfax", kind="silence", device="MT1")
    silent = http.client.HTTPConnection("127.0.0.1", sandbox.ports["http"], timeout=0.3)
    with contextlib.closing(silent):
        silent.request("GET", path)
        with pytest.raises(TimeoutError):
            silent.getresponse()
    assert state(sandbox, "MT1") == "enabled"


def test_every_other_request(sandbox, send):
    url = sandbox.urls["xyte"].http
    sandbox.fault("xyte", kind="flapping")
    assert [send("GET", url).status for _ in range(4)] == [503, 404, 503, 404]


@pytest.mark.parametrize("kind", ["truncated", "oversized", "gzip", "wrong-json"])
def test_a_spoilt_answer(sandbox, send, kind):
    url = device(sandbox, "MT1")
    sandbox.fault("etherfax", kind=kind)
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.ports["http"], timeout=5)
    with contextlib.closing(connection):
        connection.request("GET", url.partition(str(sandbox.ports["http"]))[2])
        answer = connection.getresponse()
        if kind == "truncated":
            with pytest.raises(http.client.IncompleteRead) as caught:
                answer.read()
            assert len(caught.value.partial) == 10
            return
        body = answer.read()
        assert {
            "oversized": len(body) >= 60_000,
            "gzip": answer.headers["Content-Encoding"] == "gzip",
            "wrong-json": body.startswith(b"{") and not body.endswith(b"}"),
        }[kind]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("certificate-expired", "expired"),
        ("certificate-not-yet-valid", "not yet valid"),
        ("certificate-wrong-host", "mismatch"),
        ("certificate-other-ca", "unable to get local issuer"),
    ],
)
def test_a_certificate_at_the_usual_port(sandbox, kind, words):
    context = ssl.create_default_context(cafile=str(sandbox.ca_pem))

    def shake():
        with socket.create_connection(("127.0.0.1", sandbox.ports["https"]), 5) as plain:
            context.wrap_socket(plain, server_hostname="127.0.0.1").close()

    sandbox.fault("*", kind=kind, times=1)
    with pytest.raises(ssl.SSLCertVerificationError, match=words):
        shake()
    shake()


@pytest.mark.parametrize(("kind", "ahead"), [*OFFSETS.items(), ("ntp-forged", 365 * 86_400)])
def test_the_time(sandbox, kind, ahead):
    sandbox.fault("xyte", kind=kind, times=1)
    host, _, port = sandbox.ntp.partition(":")
    seen = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as query:
        query.settimeout(5)
        for _ in range(2):
            query.sendto(b"\x23" + bytes(47), (host, int(port)))
            seen.append(int.from_bytes(query.recv(64)[40:44], "big"))
    assert abs(seen[0] - seen[1] - ahead) <= 2


def test_a_name_of_ntp_is_one_of_its_faults():
    names = {name.removeprefix("ntp-") for name in KINDS if name.startswith("ntp-") and name not in OFFSETS}
    assert names <= {*FAULTS}


def test_a_fault_ends_by_itself():
    now = [0.0]
    queue = FaultQueue(lambda: now[0])
    queue.add(make("busy", "xyte", expires=60.0))
    assert queue.take("xyte") and [fault.expires for fault in queue.pending()] == [60.0]
    now[0] = 59.0
    assert queue.take("xyte") and [fault.expires for fault in queue.pending()] == [1.0]
    now[0] = 60.0
    assert queue.take("xyte") is None and queue.pending() == []


def test_a_fault_that_ends_while_it_is_looked_at_is_no_error():
    moments = iter(range(10))
    queue = FaultQueue(lambda: float(next(moments)))  # each look at the clock takes a second
    queue.add(make("busy", "xyte", expires=2.0))
    assert [fault.expires for fault in queue.pending()] == [1.0]
    assert queue.pending() == []


def test_an_overloaded_service_takes_so_many_in_any_one_second():
    now = [0.0]
    queue = FaultQueue(lambda: now[0])
    queue.add(make("overloaded", "*", most=2, times=3))

    def refused(service, moment):
        now[0] = moment
        return queue.take(service) is not None

    taken = [refused("xyte", 0.0), refused("rest", 0.75)]
    assert taken == [False, False]
    assert refused("xyte", 0.99), "both were within a second"
    assert not refused("xyte", 1.0), "the first one was a second ago"
    assert refused("etherfax", 1.5), "one of 0.75, one of 1.0; those that were refused do not count"
    assert not refused("xyte", 1.75)
    assert refused("xyte", 1.75) and queue.pending() == [], "`times` counts those that met it"


def test_a_sandbox_that_is_overloaded_from_the_start(send):
    """Of all requests; a register-once service has not seen those that it refused."""
    with Sandbox(most=1) as sandbox:
        sandbox._faults._now = lambda: 0.0  # a second may pass here between two requests
        url = device(sandbox, "MT1")
        assert send("GET", sandbox.urls["xyte"].http).status == 404
        answer = send("GET", url)
        assert (answer.status, answer.headers.get("Retry-After")) == (503, None)
        assert state(sandbox, "MT1") == "enabled"
        assert sandbox.log("etherfax")[-1].note == "fault: overloaded, canned 503, beyond 1 a second"
        sandbox.clear_faults()
        assert send("GET", url).status == 200


def test_one_is_removed_by_its_number(sandbox):
    first, second = sandbox.fault("xyte", kind="busy"), sandbox.fault("xyte", kind="slow")
    sandbox.clear_faults(number=first)
    assert [fault.id for fault in sandbox.faults()] == [second]
    with pytest.raises(SandboxError, match="no fault"):
        sandbox.clear_faults(number=first)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "nothing"}, "unknown kind"),
        ({"kind": "ntp-silent", "device": "MT1"}, "share the NTP server"),
        ({"kind": "busy", "expires": 0}, "expires"),
        ({"kind": "busy", "expires": float("nan")}, "expires"),
        ({"kind": "busy", "times": 0}, "times"),
        ({"kind": "overloaded", "most": 0}, "most"),
        ({"status": 503, "shape": "early", "device": "MT1"}, "one device"),
    ],
)
def test_mistakes(sandbox, given, words):
    with pytest.raises(SandboxError, match=words):
        sandbox.fault("etherfax", **given)
    assert sandbox.faults() == []


def test_the_page_has_each_kind():
    text = PAGE.read_text()
    for name, kind in KINDS.items():
        assert f"| `{name}` | {kind.meets} | {kind.does} |" in text, name
