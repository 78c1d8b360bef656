"""The firmware against the sandbox's Azure: provisioning service and hub, over TLS."""

import pytest
from outcome import status
from program import SESSION, run

pytestmark = pytest.mark.long("chip")  # newest shows the same in less time

DEVICE = "from enroll.providers.azure import device\n"


def test_it_is_assigned_to_a_hub_and_works_there(sandbox, make, runtime):
    board = make("azure", runtime)
    boot = board.boot()
    serial = boot.stdout.split()[-1]
    assert [it.status for it in sandbox.log("azure")] == [202, 200], boot
    sandbox.clear_log()
    assert board.boot().returncode == 0 and not sandbox.log(), "the second boot sends nothing"
    sandbox.azure.send(serial, "hello")
    program = """
session.run(device.telemetry(session, {"t": 21.5}))
seen = []
print(session.run(device.message(session, seen.append)), seen[0].decode(), session.run(device.message(session, print)))
"""
    assert run(board, SESSION + DEVICE + program) == ["True", "hello", "False"]
    assert sandbox.azure.events()[-1] == {"device": serial, "body": '{"t": 21.5}'}


def test_an_answer_that_is_lost_costs_nothing(sandbox, make, runtime):
    board = make("azure", runtime)
    sandbox.fault("azure", drop="after")
    assert status(board.boot(), "network") == 75
    assert board.boot().returncode == 0


def test_a_device_that_was_deleted_from_the_hub_registers_again(sandbox, make, runtime):
    board = make("azure", runtime)
    serial = board.boot().stdout.split()[-1]
    sandbox.azure.delete(serial)
    program = 'print(session.request("POST", "/devices/{id}/messages/events?api-version=2020-03-13", True).status_code)'
    assert run(board, SESSION + DEVICE + program)[-1] == "204"


def test_what_the_portal_says(sandbox, make, runtime):
    board = make("azure", runtime)
    serial = sandbox.azure.devices()[-1]["id"]
    for change in (sandbox.azure.disable, sandbox.azure.fail):
        change(serial)
        assert status(board.boot(), "refused") == 77
        sandbox.azure.enable(serial)
    sandbox.azure.fail(serial, False)
    assert board.boot().returncode == 0
    assert status(make("azure", runtime, section={"device_key": "bm90IG1pbmU="}).boot(), "refused") == 77
