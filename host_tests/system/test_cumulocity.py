"""The firmware against the sandbox's Cumulocity, over TLS."""

import pytest
from outcome import status
from program import SESSION, run

pytestmark = pytest.mark.long("chip")  # newest shows the same in less time

DEVICE = "from enroll.providers.cumulocity import device\n"


def test_it_is_accepted_and_works(sandbox, make, runtime):
    board = make("cumulocity", runtime)
    boot = board.boot()
    serial = boot.stdout.split()[-1]
    assert serial.startswith("serial-") and [it.status for it in sandbox.log("cumulocity")] == [404, 201]
    sandbox.clear_log()
    assert board.boot().returncode == 0 and not sandbox.log(), "the second boot sends nothing"
    program = """
session.run(device.measurement(session, "c8y_T", {"c8y_T": {"T": {"value": 21.5, "unit": "C"}}}))
print(session.run(device.operations(session, print)))
"""
    assert run(board, SESSION + DEVICE + program) == ["0"]
    assert sandbox.cumulocity.measurements()[-1]["c8y_T"] == {"T": {"value": 21.5, "unit": "C"}}
    number = sandbox.cumulocity.send(serial, {"c8y_Restart": {}})
    assert run(board, SESSION + DEVICE + "print(session.run(device.operations(session, lambda it: None)))") == ["1"]
    (done,) = [it for it in sandbox.cumulocity.operations() if it["id"] == str(number)]
    assert done["status"] == "SUCCESSFUL"


def test_a_reset_while_it_waits_for_a_person(sandbox, make, runtime):
    """It stays awake for 30 s at most; the next boot goes on asking."""
    board = make("cumulocity", runtime, section={"serial": f"late-{runtime}", "interval": 31})
    assert status(board.boot(), "server") == 75, "nobody has registered it"
    sandbox.cumulocity.create(f"late-{runtime}")
    assert status(board.boot(), "server") == 75
    sandbox.cumulocity.accept(f"late-{runtime}")
    assert board.boot().returncode == 0


def test_a_lost_answer_wants_a_person_once_more(sandbox, make, runtime):
    board = make("cumulocity", runtime, section={"serial": f"lost-{runtime}", "interval": 31})
    sandbox.cumulocity.create(f"lost-{runtime}", accept=True)
    board.boot()
    sandbox.fault("cumulocity", drop="after")
    assert status(board.boot(), "network") == 75
    assert status(board.boot(), "server") == 75
    sandbox.cumulocity.create(f"lost-{runtime}", accept=True)
    board.boot()
    assert board.boot().returncode == 0


def test_a_device_that_was_deleted_registers_again(sandbox, make, runtime):
    board = make("cumulocity", runtime)
    serial = board.boot().stdout.split()[-1]
    sandbox.cumulocity.delete(serial)
    sandbox.cumulocity.create(serial, accept=True)
    assert (
        run(board, SESSION + DEVICE + "print(session.request('GET', '/inventory/managedObjects').status_code)")[-1]
        == "200"
    )
