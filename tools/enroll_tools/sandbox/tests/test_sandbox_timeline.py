"""The timeline of a device, explanations of what names no device, and rules that hold for all views."""

from __future__ import annotations

import dataclasses
import socket

import pytest
from enroll.providers import Request
from enroll_tools.sandbox import samples
from enroll_tools.sandbox.services.view import STATES
from enroll_tools.sandbox.services.views import VIEWS
from enroll_tools.sandbox.tests.cpython_device import Firmware
from enroll_tools.sandbox.timeline import explain_entry, timeline

SERIAL = "MT1"


@pytest.fixture
def device(sandbox):
    sandbox.etherfax.create(SERIAL)
    return Firmware(sandbox, "etherfax", {"serial": SERIAL})


def items(sandbox, device=SERIAL, **more):
    return timeline(device, sandbox.etherfax, sandbox._log, **more)


def ask_time(sandbox):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(b"\x23" + bytes(47), ("127.0.0.1", sandbox.ports["ntp"]))
        client.recv(48)


def test_requests_portal_and_time_are_merged(sandbox, device):
    def later():
        """What comes in the same millisecond has no order."""
        sandbox.clock.set(sandbox.clock.now() + 1)

    later()
    ask_time(sandbox)
    later()
    device.register()
    later()
    sandbox.etherfax.enable(SERIAL)
    later()
    device.register()
    texts = [item.text.partition("?")[0] for item in items(sandbox)]
    path = "GET /etherfax/rest/2.0/api/devices"
    assert texts == [f"{path}: 200", "Portal: enabled", f"{path}: 403", "NTP", "Portal: created"]
    assert [item.certain for item in items(sandbox)] == [True, True, True, False, True]


def test_other_devices_and_addresses_stay_out(sandbox, device):
    other = Firmware(sandbox, "etherfax", {"serial": "other"})
    other.register()
    assert not [item for item in items(sandbox) if item.entry]
    device.register()
    assert [item.entry.device for item in items(sandbox) if item.entry] == [SERIAL]


def test_pages(sandbox, device):
    for _ in range(5):
        device.register()
    first = items(sandbox, limit=2)
    assert len(first) == 2
    last = items(sandbox, limit=2, before=first[-1].entry.id)
    rest = items(sandbox, before=last[-1].entry.id)
    ids = [item.entry.id for item in (*first, *last, *rest) if item.entry]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 5
    assert rest[-1].text == "Portal: created"


def test_secrets_only_when_asked_for(sandbox, device):
    device.register()
    assert items(sandbox)[0].entry.expected == "***"
    assert len(items(sandbox, reveal=True)[0].entry.expected) == 32


def test_time_and_what_is_no_service(sandbox, send):
    ask_time(sandbox)
    sandbox.ntp_fault("stratum-16", 1)
    ask_time(sandbox)
    base = sandbox.urls["rest"].http.removesuffix("/rest")
    send("GET", f"{base}/other")
    send("HEAD", f"{base}/")
    good, bad, other, front = (explain_entry(sandbox.services, entry).verdict for entry in sandbox.log())
    assert good.endswith("nothing to do.")
    assert "stratum 16" in bad
    assert "No service is at this path" in other
    assert "its Date header" in front
    tls = dataclasses.replace(sandbox.log()[0], method="TLS", note="the client does not trust the CA: give it ca.der")
    assert (
        explain_entry({}, tls).verdict == "The TLS handshake failed: the client does not trust the CA: give it ca.der."
    )


@pytest.mark.parametrize("name", VIEWS)
def test_every_sentence_says_what_happened_and_what_to_do(name):
    view = VIEWS[name]
    assert set(view.states) <= set(STATES)
    assert {"registered", "orphaned", "deleted"} <= set(view.states)
    for sentence in (view.empty, *(meaning for _, meaning in view.states.values()), *view.verdicts.values()):
        assert ": " in sentence
        assert sentence.endswith((".", "{}"))


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_can_be_shown(sandbox, name):
    """Also of devices with names and bodies that nobody expects, and with a log that is masked."""
    service = sandbox.services[name]
    device = Firmware(sandbox, name, samples.create(sandbox, name))
    device.register(1)
    odd = [b"", b"[]", b"null", b'{"params": 1, "id": [], "serial": {}}', b"\xff", b"[" * 900, b'{"a": "' + b"x" * 9000]
    for body in odd:
        for route in service.routes():
            path = route.path.replace("{", "x").replace("}", "")
            request = Request(route.method, device.base + path, body, {"Authorization": "Basic e"})
            assert device.send(request).status != 500
    for entry in (*sandbox.log(), *sandbox.log(reveal=True)):
        assert explain_entry(sandbox.services, entry).verdict
    assert service.devices_view() is not None
    for form in service.forms():
        assert form.text.endswith(".")
        assert form.operation in dir(service)
    for table in service.tables():
        assert all(len(line.cells) == len(table.columns) for line in table.rows)
        assert set(table.secret) <= set(table.columns)
        assert table.empty.endswith(".")


def test_a_body_that_was_cut_is_not_guessed_at(sandbox):
    rest = Firmware(sandbox, "rest", samples.create(sandbox, "rest"))

    def change(request):
        request.body = b'{"serial": "SN-0001", "more": "%s"}' % (b"x" * 9000)
        request.headers.update({"X-Signature": "0", "Content-Type": "application/json"})

    assert rest.register(1, change).status == 401
    assert "the beginning of the body only" in rest.verdict()
    assert "changed since" not in rest.verdict()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 503}, "answered 503 (canned 503), and the service never saw the request"),
        ({"drop": "before"}, 'gave no answer ("Close before the work"), and the service never saw the request'),
        (
            {"drop": "after"},
            'registered the device, and a fault that was set here ("Lose the answer") kept the answer back',
        ),
        ({"shape": "gzip"}, "got its DeviceToken: nothing to do. A fault that was set here changed or delayed"),
        ({"shape": "portal"}, "never saw the request"),
    ],
)
def test_faults_are_named(sandbox, device, fault, words):
    sandbox.etherfax.enable(SERIAL)
    sandbox.fault("etherfax", **fault)
    device.register()
    assert words in device.verdict()


def test_import_has_the_doubts_of_its_file_alone(sandbox, device):
    sandbox.etherfax.enable(SERIAL)
    sandbox.fault("etherfax", drop="after")
    device.register()
    assert device.state() == "orphaned"
    state = sandbox.export_state()
    sandbox.import_state(state, replace=True)
    assert device.state() == "orphaned"
    del state["services"]["etherfax"]["history"]  # as an older sandbox has written it
    sandbox.import_state(state, replace=True)
    assert device.state() == "registered"


def test_strangers_packets_stay_out(sandbox, device, send):
    """One address has many devices, and the person's browser: what came before the device, or for another service."""
    ask_time(sandbox)
    sandbox.etherfax.create("MT2", enabled=True)
    send("GET", sandbox.urls["xyte"].http + "/nothing")
    for _ in range(3):
        ask_time(sandbox)
    second = Firmware(sandbox, "etherfax", {"serial": "MT2"})
    second.register()
    texts = [item.text.partition("?")[0] for item in items(sandbox, "MT2")]
    assert texts == ["GET /etherfax/rest/2.0/api/devices: 200", "NTP", "NTP", "NTP", "Portal: enabled"]
