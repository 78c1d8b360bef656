"""Connections that a session keeps open, and the ways in which servers and load balancers end or forget them."""

import pytest
from program import connections, registered, run

PROGRAM = """
from enroll.providers.xyte import device as xyte
session = enroll.Session(config, port, log=log)
def telemetry(value):
    return session.run(xyte.telemetry(session, {"value": value}))["success"]
print(*[telemetry(value) for value in range(3)])
"""


def told(sandbox):
    """The values that the service has taken, in order."""
    return [
        entry.body.partition('"value": ')[2][0] for entry in sandbox.log("xyte") if entry.path.endswith("telemetry")
    ]


@pytest.mark.parametrize("how", ["silent", "reset", "close"])
def test_telemetry_outlives_a_connection_that_was_forgotten(sandbox, make, runtime, how):
    device = registered(make, "xyte", runtime, timeout=4)
    sandbox.clear_log()
    before = connections(sandbox)
    sandbox.fault("xyte", shape=f"forget={how}")
    assert run(device, PROGRAM) == ["True"] * 3
    assert told(sandbox) == ["0", "1", "2"]
    assert connections(sandbox) == before + 2


@pytest.mark.parametrize(
    ("headers", "made"),
    [
        ({"Connection": "close, TE"}, 2),
        ({"Keep-Alive": "timeout=0"}, 2),
        ({"Keep-Alive": "max=100, timeout=0"}, 2),
        ({"Keep-Alive": "timeout=60"}, 1),
        ({"Connection": "Keep-Alive"}, 1),
    ],
)
def test_what_a_server_says_of_its_connection_is_obeyed(sandbox, make, runtime, headers, made):
    device = registered(make, "xyte", runtime)
    sandbox.clear_log()
    before = connections(sandbox)
    sandbox.fault("xyte", headers=headers)
    assert run(device, PROGRAM) == ["True"] * 3
    assert told(sandbox) == ["0", "1", "2"]
    assert connections(sandbox) == before + made


CLOSES = """
session = enroll.Session(config, port, log=log)
def telemetry(value):
    body = {"status": "online", "telemetries": {"value": value}}
    response = session.request("POST", "/v1/devices/{id}/telemetry", json=body)
    response.close()
    response.close()
    return response.status_code, response.json()["success"]
print(*[telemetry(value) for value in range(3)])
"""


def test_a_response_that_is_closed_as_usual_leaves_the_connection_to_the_session(sandbox, make, runtime):
    device = registered(make, "xyte", runtime)
    sandbox.clear_log()
    before = connections(sandbox)
    assert run(device, CLOSES).count("True)") == 3
    assert told(sandbox) == ["0", "1", "2"]
    assert connections(sandbox) == before + 1
