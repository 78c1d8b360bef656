"""Devices that wait until a person decides; with real boards and clicks: host_tests/browser/test_by_hand.py."""

from __future__ import annotations

import pytest
from enroll_tools.sandbox import SandboxError
from enroll_tools.sandbox.samples import SERVICES, fresh
from enroll_tools.sandbox.tests.cpython_device import Firmware

DECIDED = ("rest", "cumulocity", "oauth")


@pytest.mark.parametrize("service", SERVICES)
def test_an_example_waits_only_where_a_person_decides(shared, service):
    """Elsewhere the mistake is named, and no device is made."""
    if service in DECIDED:
        Firmware(shared, service, fresh(shared, service, by_hand=True))  # which checks the configuration
        assert len(shared.services[service].devices_view()) == 1
        return
    with pytest.raises(SandboxError, match=f"no person decides on a device of {service}: leave out by_hand"):
        fresh(shared, service, by_hand=True)
    assert not shared.services[service].devices_view()


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_the_timeline_of_a_client_has_the_decision(shared, decision):
    """And the console calls the client by the board's name, which enroll.json has as `serial`."""
    section = fresh(shared, "oauth", by_hand=True)
    Firmware(shared, "oauth", section).register(1)
    (view,) = [it for it in shared.oauth.devices_view() if it.id == section["client_id"]]
    assert view.name == section["serial"]
    getattr(shared.oauth, decision)(view.details["user code"])
    word = {"approve": "approved", "deny": "denied"}[decision]
    (newest, *_) = shared.oauth.history.events(section["client_id"])
    assert newest.event == f"{word} code {view.details['user code']}"


def test_the_address_that_a_device_shows_leads_on(shared, send):
    """It is no error, and names the console."""
    reply = send("GET", shared.urls["oauth"].http + "/device")
    assert (reply.status, b"the sandbox's console, on the page OAuth" in reply.body) == (200, True)
