"""What the console shows of each service: devices and their states, orphans, tables and forms."""

from __future__ import annotations

import pytest
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.tests.cpython_device import Firmware

SERIAL = "MT1"


@pytest.fixture
def etherfax(sandbox):
    sandbox.etherfax.create(SERIAL, enabled=True)
    return Firmware(sandbox, "etherfax", {"serial": SERIAL})


def test_each_click_of_the_portal(sandbox):
    """The actions that a device offers lead through every state."""
    sandbox.etherfax.create(SERIAL)
    device = Firmware(sandbox, "etherfax", {"serial": SERIAL})
    seen = []

    def click(label):
        (view,) = sandbox.etherfax.devices_view()
        seen.append(view.state)
        (action,) = [action for action in view.actions if action.label == label]
        getattr(sandbox.etherfax, action.operation)(**action.arguments)

    click("Enable")
    device.register()
    click("Disable")
    click("Enable")
    click("Reset")
    click("Delete")
    click("Create again")
    assert seen == ["created", "registered", "disabled", "registered", "enabled", "deleted"]
    assert device.state() == "enabled"


def test_since_and_secrets(sandbox, etherfax):
    token = etherfax.register().json()["DeviceToken"]
    (view,) = sandbox.etherfax.devices_view()
    assert view.secrets == {"DeviceToken": token}
    assert view.since == pytest.approx(sandbox.clock.now(), abs=10)
    assert view.meaning.count(".") == 1
    assert sandbox.log("etherfax")[0].device == SERIAL


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"truncate": 5}])
def test_lost_answer_makes_an_orphan(sandbox, etherfax, fault):
    sandbox.fault("etherfax", **fault)
    etherfax.register()
    (view,) = sandbox.etherfax.devices_view()
    assert view.state == "orphaned"
    assert "did not reach the device" in view.meaning
    sandbox.etherfax.reset(SERIAL)
    assert etherfax.state() == "enabled"
    etherfax.register()
    assert etherfax.state() == "registered"


def test_fault_before_the_work_makes_no_orphan(sandbox, etherfax):
    sandbox.fault("etherfax", drop="before")
    etherfax.register()
    assert etherfax.state() == "enabled"
    assert "never saw the request" in etherfax.verdict()


def test_second_registration_shows_an_orphan_until_the_token_is_used(etherfax):
    etherfax.register()
    credential = etherfax.credential
    etherfax.register()
    assert etherfax.state() == "orphaned"
    etherfax.credential = credential
    etherfax.call("GET", "/accounts?a=status")
    assert etherfax.state() == "registered"


def test_a_device_that_asks_again_and_again_fills_no_disk(sandbox, etherfax):
    """Only the log keeps what a device does, and that is a ring."""
    etherfax.register()
    credential = etherfax.credential
    for _ in range(3):
        etherfax.register()
        etherfax.credential = credential
        etherfax.call("GET", "/accounts?a=status")
    assert [it.event for it in sandbox.etherfax.history.events(SERIAL)] == ["enabled"]
    etherfax.register()
    assert sandbox.etherfax.portal_devices.counts() == {"Registered, token lost": 1}


def test_one_device_by_its_id(sandbox, etherfax):
    (view,) = sandbox.etherfax.devices_view()
    assert sandbox.etherfax.device_view(SERIAL) == view
    sandbox.etherfax.delete(SERIAL)
    gone = sandbox.etherfax.device_view(SERIAL)
    assert gone.state == "deleted" and [it.label for it in gone.actions] == ["Create again"]
    assert sandbox.etherfax.portal_devices.counts() == {"Deleted": 1}
    assert sandbox.etherfax.device_view("nobody") is None


def test_orphans_outlive_a_restart(tmp_path):
    with Sandbox(tmp_path) as sandbox:
        sandbox.etherfax.create(SERIAL, enabled=True)
        sandbox.fault("etherfax", drop="after")
        Firmware(sandbox, "etherfax", {"serial": SERIAL}).register()
    with Sandbox(tmp_path) as sandbox:
        assert [view.state for view in sandbox.etherfax.devices_view()] == ["orphaned"]


def test_form_comes_from_the_signature(sandbox):
    (form,) = sandbox.etherfax.forms()
    assert (form.operation, form.text) == ("create", "Create a device, as a person does in the portal.")
    assert [argument.name for argument in form.arguments] == ["serial", "enabled"]
