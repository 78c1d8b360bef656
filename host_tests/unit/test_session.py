"""Authorised requests with a stored credential."""

import sys

import enroll
import enroll.http1 as http1
from answers import GOOD
from enroll import tasks
from enroll.config import unload
from enroll.credential import Credential
from enroll.errors import EnrollError
from enroll.session import Session
from fake_device import NOW, Device, Port
from helpers import config, folder, patched, raises
from install import installed
from wire import Ready, Wire

BASIC = "Basic " + "ZGV2aWNlL01UODczNjE1NzI2OnRva2VuLWNhbmFyeQ=="  # device/MT873615726:token-canary
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def registered(provider, section=None, reply=None):
    """A session of a device that has registered."""
    device = Device(provider, section)
    assert device.boot((200, reply or GOOD[provider])).name == "registered"
    return Session(device.it, Port())


def sent(session, method="GET", path="/x", **more):
    """What the session sends, as (where, first line, headers, body)."""
    wire = Wire(OK)
    with installed(wire):
        assert session.request(method, path, **more).content == b"ok"
    head, _, body = wire.sent.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return wire.where, first, dict([line.split(": ", 1) for line in lines]), body


def test_etherfax_uses_basic_at_its_base():
    where, first, headers, _ = sent(registered("etherfax"), "GET", "/accounts?a=status")
    assert where == ("localhost", 80) and first == "GET /api/accounts?a=status HTTP/1.1"
    assert headers["Authorization"] == BASIC


def test_ickstream_uses_its_scheme_at_its_url():
    where, first, headers, body = sent(registered("ickstream"), "POST", "", json={"id": 2})
    assert where == ("localhost", 80) and first == "POST /api HTTP/1.1"
    assert headers["Authorization"] == "Bearer token-canary" and body
    assert sent(registered("ickstream", {"scheme": "OAuth"}))[2]["Authorization"] == "OAuth token-canary"


def test_xyte_uses_the_bare_key_at_its_hub():
    reply = dict(GOOD["xyte"], hub_url="http://hub.example:81/base/", hub_url_static_cert="http://static.example")
    where, first, headers, _ = sent(registered("xyte", None, reply), "POST", "/v1/devices/device-1/telemetry", json={})
    assert where == ("hub.example", 81) and first == "POST /base/v1/devices/device-1/telemetry HTTP/1.1"
    assert headers["Authorization"] == "token-canary"
    assert sent(registered("xyte", {"static_cert": True}, reply))[0] == ("static.example", 80)


def test_centagate_has_no_requests_of_its_own():
    session = registered("centagate")
    raises("configuration", session.request, "GET", "/x")


def test_a_device_that_is_not_registered_has_no_session():
    it = config("etherfax", store=folder() + "/state")
    raises("configuration", Session, it, Port())


def test_a_credential_that_is_handed_over_is_used():
    session = enroll.Session(config("xyte"), Port(), Credential(config("xyte"), "d", "mine", {"hub_url": "http://hub"}))
    assert sent(session)[2]["Authorization"] == "mine"


def test_headers_of_the_caller_are_sent_too():
    assert sent(registered("etherfax"), headers={"X-Mine": "1"})[2]["X-Mine"] == "1"


def refused_certificate(*_, **__):
    raise EnrollError("certificate", "the certificate has expired")
    yield


def test_the_clock_is_set_before_the_first_request_and_after_a_certificate_was_refused():
    session = registered("xyte")
    for _ in range(3):
        sent(session)
        session.close()
    assert session.port.set == [NOW]
    with installed(Wire(OSError(113))):
        raises(OSError, session.request, "GET", "/x")  # says nothing about the clock
    sent(session)
    session.close()
    assert session.port.set == [NOW]
    session.port.now += 5
    with patched(http1, connect=refused_certificate), patched(tasks, select=Ready()):
        raises("certificate", session.request, "GET", "/x")
    sent(session)
    session.close()
    sent(session)
    assert session.port.set == [NOW, NOW + 5]
    assert "enroll.clock" not in sys.modules  # its heap is given back


def test_a_module_whose_import_found_no_heap_is_imported_again():
    """MicroPython leaves its name in sys.modules without a value, for which None stands here, and would crash."""
    session = registered("etherfax")
    for name in ("requests", "clock", "renew"):
        unload(name)
        sys.modules["enroll." + name] = None
        sent(session)


def test_the_link_is_brought_up_before_the_first_request_and_after_one_that_failed():
    session = registered("xyte")
    for _ in range(3):
        sent(session)
        session.close()
    assert session.port.connected == 1
    with installed(Wire(OSError(113))):
        raises(OSError, session.request, "GET", "/x")
    sent(session)
    assert session.port.connected == 2


def test_a_port_may_connect_in_steps_or_return_nothing():
    for steps in (True, False):
        session = registered("xyte")
        real = session.port.connect

        def connecting(networks, real=real):
            yield 0
            real(networks)

        session.port.connect = connecting if steps else lambda networks, real=real: real(networks) and None
        sent(session)
        assert session.port.connected == 1 and session.port.set == [NOW]


def test_the_link_is_taken_down_after_three_requests_in_a_row_to_which_nobody_answered():
    """A driver may still report a connection when the access point is gone."""
    session = registered("xyte")
    dropped = []
    session.port.drop = lambda: dropped.append(session.port.connected)

    def failing():
        with installed(Wire(OSError(113))):
            raises(OSError, session.request, "GET", "/x")

    for _ in range(2):
        failing()
    sent(session)
    session.close()
    for _ in range(2):
        failing()
    assert dropped == []
    failing()
    assert len(dropped) == 1


def test_a_path_cannot_lead_to_another_host():
    session = registered("etherfax")
    for path in ("@evil.example/", "evil", ".evil.example/", ":81/", "http://evil.example/", "\r\n"):
        wire = Wire(OK)
        with installed(wire):
            raises("configuration", session.request, "GET", path)
        assert wire.where is None
    for path in ("/a\r\nHost: evil.example", "/ HTTP/1.1"):
        wire = Wire(OK)
        with installed(wire):
            raises("configuration", session.request, "GET", path)
        assert wire.where is None
    for path in ("/@evil.example/", "?@evil.example", "/http://evil.example/", "//evil.example/"):
        where, first, headers, _ = sent(session, "GET", path)
        session.close()
        assert where[0] == headers["Host"] == "localhost" and first == "GET /api%s HTTP/1.1" % path
