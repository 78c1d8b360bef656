"""The firmware against the sandbox's ThingsBoard, over TLS."""

import pytest
from outcome import status
from program import SESSION, run

pytestmark = pytest.mark.long("chip")  # newest shows the same in less time

DEVICE = "from enroll.providers.thingsboard import device\n"


def test_it_registers_once_and_works(sandbox, make, runtime):
    board = make("thingsboard", runtime)
    assert board.boot().stdout.startswith("enroll: registered thingsboard sensor-")
    sandbox.clear_log()
    assert board.boot().returncode == 0 and not sandbox.log(), "the second boot sends nothing"
    name = sandbox.thingsboard.devices()[-1]["name"]
    sandbox.thingsboard.set_shared(name, {"rate": 5})
    number = sandbox.thingsboard.command(name, "blink", {"times": 2})
    program = """
session.run(device.telemetry(session, {"t": 21.5}))
session.run(device.attributes(session, {"fw": "1.0"}))
shared = session.run(device.shared(session, "rate", "other"))
there = session.run(device.commands(session, lambda method, params: [method, params["times"]]))
print(shared["rate"], there, session.run(device.commands(session, None, 1)))
"""
    assert run(board, SESSION + DEVICE + program) == ["5", "True", "False"]
    assert sandbox.thingsboard.result(number) == ["blink", 2]
    (shown,) = [it for it in sandbox.thingsboard.devices() if it["name"] == name]
    assert shown["telemetry"] == {"t": 21.5} and shown["client"] == {"fw": "1.0"}


def test_a_lost_answer_loses_nothing(sandbox, make, runtime):
    """The device chose its token, so that it can ask whether that is good. The token is in no log."""
    board = make("thingsboard", runtime)
    sandbox.fault("thingsboard", drop="after")
    assert status(board.boot(), "network") == 75
    boot = board.boot()
    assert boot.returncode == 0, boot
    assert [(it.method, it.status) for it in sandbox.log("thingsboard")] == [("POST", 200), ("POST", 200), ("GET", 200)]
    token = next(it for it in sandbox.thingsboard.devices(reveal=True) if it["name"] in boot.stdout)["token"]
    assert token not in boot.stdout + boot.stderr and "/api/v1/***/attributes" in boot.stderr


def test_a_device_that_was_deleted_registers_again(sandbox, make, runtime):
    board = make("thingsboard", runtime)
    name = board.boot().stdout.split()[-1]
    sandbox.thingsboard.delete(name)
    assert run(board, SESSION + DEVICE + "print(session.request('GET', '/attributes').status_code)") == ["200"]
    assert [it["name"] for it in sandbox.thingsboard.devices()].count(name) == 1


def test_a_profile_that_creates_no_devices(sandbox, make, runtime):
    profile = sandbox.thingsboard.create_profile(create_new=False)
    board = make("thingsboard", runtime, section={**profile, "serial": f"made-{runtime}"})
    assert status(board.boot(), "refused") == 77
    sandbox.thingsboard.create(f"made-{runtime}")
    assert board.boot().returncode == 0
    board = make("thingsboard", runtime, section={"provision_secret": "wrong"})
    assert status(board.boot(), "configuration") == 78
