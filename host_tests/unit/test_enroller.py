"""The state machine: when it sends requests, how it treats each outcome, and what it reports."""

import asyncio
import json

import enroll
from answers import GOOD, ONCE
from enroll.enroller import Enroller
from enroll.httpdate import http_date
from enroll.journal import KEPT, REFUSED, TRIED
from fake_device import NOW, Device, Port, Service
from helpers import SECTIONS, config, folder, raises


def test_a_first_boot_registers_and_a_second_one_sends_nothing():
    for provider in SECTIONS:
        device = Device(provider)
        action = device.boot((201, GOOD[provider]))
        assert action.name == "registered"
        assert action.credential.provider == provider
        assert len(device.service.requests) == 1
        assert device.port.clock == NOW
        assert device.state() == KEPT
        again = device.boot()
        assert again.name == "registered"
        assert again.credential.secret.reveal() == action.credential.secret.reveal()
        assert not device.service.requests and not device.port.connected
        assert enroll.stored(device.it, device.port).device_id == action.credential.device_id


def test_an_injected_client_gets_the_arguments_of_urequests_and_nothing_else():
    for provider in SECTIONS:
        device = Device(provider, timeout=7)
        device.boot((200, GOOD[provider]))
        ((method, url, more),) = device.service.requests
        assert method in ("GET", "POST", "PUT") and url.startswith("http://localhost/api")
        assert not [key for key in more if key not in ("data", "headers", "timeout")]
        assert more["timeout"] == 7
        if method != "GET":
            assert json.loads(more["data"])
            assert more["headers"]["Content-Type"].startswith("application/json")


def test_an_injected_client_may_fail_to_close_an_answer():
    class Broken(Service):
        def close(self):
            raise OSError(9)

    for provider in SECTIONS:
        enroller = Enroller(config(provider, store=folder() + "/state"), Port(), request=Broken((200, GOOD[provider])))
        assert enroller.step(0).name == "registered"
        enroller.close()


def test_an_attempt_is_made_when_it_is_due_and_not_before():
    device = Device("xyte", retry={"first": 10, "cap": 60})
    device.boot((503, b""))
    enroller = device.enroller
    at = enroller.step(0).at
    assert 0 <= at <= 10
    device.service.answers = [(200, GOOD["xyte"])]
    if at:
        assert enroller.step(at / 2).name == "wait" and len(device.service.requests) == 1
    assert enroller.step(at).name == "registered"


def test_retry_after_is_obeyed_in_seconds_and_as_a_date():
    for name in ("Retry-After", "retry-after"):
        for value in ("120", "Wed, 18 Nov 2026 11:08:40 GMT"):
            seconds = http_date(value, NOW) - NOW if "," in value else 120
            device = Device("xyte", retry={"first": 5, "cap": 60})
            action = device.refused("server", (503, b"", {name: value}))
            assert seconds <= action.at <= seconds + 60, (value, action.at)


def test_a_retry_after_that_is_nonsense_is_ignored():
    device = Device("xyte", retry={"first": 5, "cap": 60})
    assert device.refused("server", (503, b"", {"Retry-After": "soon"})).at <= 5


def test_refusals_are_asked_again_slowly():
    for status in (403, 404, 401):
        action = Device("xyte").boot((status, b""))
        assert 450 <= action.at <= 900


def test_a_definite_refusal_stays_a_refusal_after_a_reboot():
    for provider in ONCE:
        device = Device(provider)
        for _ in range(3):
            device.refused("refused", (403, b""))
            assert device.state() == REFUSED
        assert device.boot((200, GOOD[provider])).name == "registered"


def test_a_lost_answer_and_a_refusal_make_an_orphan():
    for provider in ONCE:
        for lost in (OSError(104, "reset"), (500, b""), (502, b"<html>"), ValueError("library")):
            device = Device(provider)
            action = device.boot(lost)
            assert action.error.kind in ("network", "server")
            assert device.state() == TRIED
            for _ in range(2):
                error = device.refused("orphaned", (403, b"")).error
                assert "portal" in str(error)
            assert device.boot((200, GOOD[provider])).name == "registered"


def test_a_refusal_then_a_lost_answer_make_an_orphan():
    device = Device("etherfax")
    device.refused("refused", (403, b""))
    device.refused("network", OSError(104, "reset"))
    assert device.state() == TRIED
    device.refused("orphaned", (403, b""))


def test_being_asked_to_wait_makes_no_orphan():
    for status in (429, 503):
        device = Device("etherfax")
        device.refused("server", (status, b""))
        device.refused("refused", (403, b""))
        device.refused("refused", (403, b""))


def test_services_that_may_be_asked_again_have_no_orphans():
    for provider in ("ickstream", "centagate"):
        device = Device(provider)
        device.refused("network", OSError(104, "reset"))
        device.refused("refused", (401, b""))


def test_centagate_29008_after_a_lost_answer_is_success():
    device = Device("centagate")
    device.refused("network", OSError(104, "reset"))
    assert device.boot((200, {"code": "29008"})).name == "registered"


def test_centagate_29008_at_first_is_a_refusal():
    device = Device("centagate")
    device.refused("refused", (200, {"code": 29008}))
    device.refused("refused", (200, {"code": 29008}))


def test_what_the_board_cannot_fill_in_is_told_at_once():
    it = config("etherfax", {"serial": None})
    assert "serial" in str(raises("configuration", Enroller, it, Port()))


def test_a_configuration_that_the_service_refuses_is_asked_again():
    device = Device("xyte")
    device.refused("configuration", (400, b""))
    assert device.boot((200, GOOD["xyte"])).name == "registered"


def test_a_missing_registration_token_is_told_to_the_caller():
    device = Device("ickstream", {"registration_token": None})
    raises("configuration", device.boot)
    assert not device.service.requests


def test_run_tries_until_it_is_registered():
    device = Device("xyte", retry={"first": 1, "cap": 2})
    service = Service((500, b""), OSError(104, "reset"), (429, b""), (200, GOOD["xyte"]))
    port = Port()
    found = enroll.run(device.it, port, request=service, log=device.lines.append)
    assert found.secret.reveal() == "token-canary"
    assert len(service.requests) == 4 and port.connected == 4
    assert max(port.slept) <= 0.25 and port.fed >= len(port.slept)
    assert not [line for line in device.lines if "canary" in line]


def test_arun_tries_until_it_is_registered():
    device = Device("xyte", retry={"first": 1, "cap": 1})
    service = Service((500, b""), (200, GOOD["xyte"]))
    found = asyncio.run(enroll.arun(device.it, Port(), request=service))
    assert found.secret.reveal() == "token-canary" and len(service.requests) == 2


def test_a_colon_in_a_librarys_text_does_not_hide_what_to_do():
    error = Device("xyte").refused("network", OSError(5, "tls: handshake: bad")).error
    assert "`url`" in str(error), error
    error = Device("xyte").refused("network", OSError(5, "x" * 1000)).error
    assert "`url`" in str(error), error
