"""Using the credential: connections that stay open, and a device that the service has removed."""

import json

from program import SESSION, connections, registered, run

TELL = """
def tell(**more):
    return session.request("POST", "/v1/devices/{id}/telemetry", json={"status": "online"}, **more)
"""


def test_a_connection_that_was_closed_under_it_is_made_again(sandbox, make, runtime):
    device = registered(make, "xyte", runtime)
    before = connections(sandbox)
    program = """
import time
first = tell().status_code
session._idle[0][0].sock.close()
print(first, tell().status_code)
"""
    assert run(device, SESSION + TELL + program) == ["200", "200"]
    assert connections(sandbox) == before + 2


def test_a_device_that_was_deleted_registers_again_and_its_application_is_unaware(sandbox, make, runtime):
    device = registered(make, "xyte", runtime)
    sandbox.xyte.delete(json.loads(sandbox.log("xyte")[0].answer)["id"])
    sandbox.clear_log()
    program = """
before = session.credential.device_id
response = session.request("GET", "/v1/devices/{id}/command")
after = session.credential.device_id
same = enroll.stored(config, port).device_id == after
print(response.status_code, before == after, tell().status_code, same, Port.slept)
"""
    assert run(device, SESSION + TELL + program) == ["204", "False", "200", "True", "5.0"]
    requests = [(entry.method, entry.status) for entry in sandbox.log("xyte")]
    assert requests == [("GET", 401), ("GET", 401), ("POST", 201), ("GET", 204), ("POST", 200)]


ACCOUNT = """
try:
    response = session.request("GET", "/accounts?a=status")
    print(response.status_code, session.credential.secret.reveal() == first)
except enroll.EnrollError as error:
    print(error.kind, "reset" in str(error))
"""


def test_an_etherfax_device_that_was_reset_registers_again_and_one_that_was_not_says_so(sandbox, make, runtime):
    device = registered(make, "etherfax", runtime)
    serial = json.loads(device.path.read_text())["etherfax"]["serial"]
    sandbox.fault("etherfax", times=2, status=401, path="accounts")
    program = SESSION + TELL + "first = session.credential.secret.reveal()" + ACCOUNT
    assert run(device, program) == ["refused", "True"]
    sandbox.etherfax.reset(serial)
    assert run(device, program) == ["200", "False"]


def test_an_ickstream_device_that_was_removed_asks_for_a_new_registration_token(sandbox, make, runtime):
    device = registered(make, "ickstream", runtime)
    sandbox.fault("ickstream", times=2, status=401)
    program = """
try:
    session.request("POST", "", json={"jsonrpc": "2.0", "id": 2, "method": "getDevice", "params": {}}, repeat=True)
except enroll.EnrollError as error:
    print(error.kind, "registration_token" in str(error))
"""
    assert run(device, SESSION + TELL + program) == ["configuration", "True"]


def test_a_busy_service_says_when_to_ask_again(sandbox, make, runtime):
    device = registered(make, "xyte", runtime)
    dates = {"Date": "Sun, 06 Nov 2022 08:49:37 GMT", "Retry-After": "Sun, 06 Nov 2022 08:50:37 GMT"}
    for headers in ({"Retry-After": "7"}, dates, {"Retry-After": "soon"}, {}):
        sandbox.fault("xyte", status=503, headers=headers)
    program = "answers = [tell() for _ in range(4)]\nprint(*[(one.status_code, one.retry_after) for one in answers])"
    assert "".join(run(device, SESSION + TELL + program)) == "(503,7)(503,60)(503,None)(503,None)"
