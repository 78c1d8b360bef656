"""The firmware against the sandbox's back end, over TLS: each example in firmware/examples, as it is there."""

import itertools
import json

import devices
import pytest
from outcome import status
from program import SESSION, run

pytestmark = pytest.mark.long("chip")  # newest shows the same in less time

EXAMPLES = ("rest", "rest_claim", "rest_approval", "rest_form", "rest_repeat")
CALL = "it = session.request('GET', '/me')\nprint(it.status_code, it.json()['serial'])"
numbers = itertools.count(1)


@pytest.fixture
def described(sandbox, make):
    """`described(example)`: a device that is configured as that example says, and is created in the back end."""

    def described(example, runtime=None, **top):
        serial = f"{example}-{next(numbers)}"
        data = json.loads((devices.ROOT / "firmware/examples" / f"{example}.json").read_text())
        section = data["rest"]
        secret = sandbox.rest.create(serial)["secret"]
        section["serial"] = serial
        section["secrets"] = dict.fromkeys(section["secrets"], secret)
        for step in section["steps"]:
            for rule in step.get("answers", []):
                rule.update({"seconds": 1} if "seconds" in rule else {})
        device = make("rest", runtime)
        device.write(json.loads(device.path.read_text()) | {"rest": section} | top)
        return device, serial, secret

    return described


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_registers_once_and_is_authorised_afterwards(sandbox, described, runtime, example):
    device, serial, secret = described(example, runtime)
    sandbox.rest.accept(serial)
    boot = device.boot()
    device_id = next(it["id"] for it in sandbox.rest.devices() if it["serial"] == serial)
    expected = serial if example == "rest_repeat" else device_id
    assert boot.stdout == f"enroll: registered rest {expected}\n", boot
    sandbox.clear_log()
    assert device.boot().returncode == 0 and not sandbox.log(), "the second boot sends nothing"
    assert run(device, SESSION + CALL) == ["200", serial]
    assert secret not in "".join(device.heard)


def test_it_asks_until_a_person_has_decided(sandbox, described, runtime):
    device, serial, _ = described("rest_approval", runtime)
    sandbox.rest.deny(serial)
    boot = device.boot()
    assert status(boot, "refused") == 77 and "a person has denied this device: accept it" in boot.stdout
    sandbox.fault("rest", path="/enrollments/", status=202, times=2)
    sandbox.rest.accept(serial)
    sandbox.clear_log()
    assert device.boot().returncode == 0
    assert [(it.method, it.status) for it in sandbox.log("rest")] == [("GET", 202), ("GET", 202), ("GET", 200)]


def test_a_lost_answer(sandbox, described, runtime):
    """One back end issues a key once, the other repeats it."""
    once, serial, _ = described("rest", runtime)
    sandbox.fault("rest", drop="after")
    assert status(once.boot(), "network") == 75
    boot = once.boot()
    assert status(boot, "orphaned") == 77 and "reset it in the portal" in boot.stdout
    sandbox.rest.reset(serial)
    assert once.boot().returncode == 0
    again, _, _ = described("rest_repeat", runtime)
    sandbox.fault("rest", drop="after")
    assert status(again.boot(), "network") == 75
    assert again.boot().returncode == 0


def test_a_key_that_was_taken_back_is_replaced(sandbox, described, runtime):
    device, serial, _ = described("rest", runtime)
    assert device.boot().returncode == 0
    sandbox.rest.reset(serial)
    sandbox.clear_log()
    assert run(device, SESSION + CALL) == ["200", serial]
    assert [it.status for it in sandbox.log("rest")] == [401, 401, 201, 200], "two 401s, then it registers"
