"""Answers as real servers, balancers and portals send them to a device that registers for the first time.

What buys a credential is never thrown away, and no device is called orphaned whose outcome is known.
"""

import pytest
from outcome import status

ONCE = ["etherfax", "xyte"]  # the services that tell a credential only once


def register(device):
    """Boot a device that has not registered yet; it is never called orphaned."""
    boot = device.boot()
    assert "orphaned" not in boot.stdout + boot.stderr
    return boot


def is_registered(sandbox, device):
    """Whether the device has its credential: it says so, and asks nobody."""
    sandbox.clear_log()
    return register(device).returncode == 0 and not sandbox.log()


@pytest.mark.parametrize("service", ONCE)
@pytest.mark.parametrize(
    "shape",
    [
        "long-head",
        "long-head=60000",
        "charset=utf-8-sig",
        "reset",
        "long-head,reset",
    ],
)
def test_a_credential_is_kept_however_its_answer_looks(sandbox, make, runtime, service, shape):
    device = make(service, runtime)
    sandbox.fault(service, shape=shape)
    assert register(device).returncode == 0
    assert len(sandbox.log(service)) == 1
    assert is_registered(sandbox, device)


@pytest.mark.parametrize("shape", ["early", "early,reset", "gzip", "long-head", "charset=iso-8859-1", "no-brace"])
def test_a_refusal_is_a_refusal_however_it_comes(sandbox, make, service, shape):
    device = make(service)
    headers = {"Content-Type": "application/json"}
    sandbox.fault(service, status=401, headers=headers, body='{"error": "no"}', shape=shape)
    assert status(register(device), "refused") == 77
    assert register(device).returncode == 0


@pytest.mark.parametrize("form", ["imf-fixdate"])
def test_a_date_in_any_form_sets_the_clock_where_no_time_server_answers(sandbox, make, runtime, form):
    """The date is two days ahead; etherFAX takes a token of that day only."""
    sandbox.set_time(sandbox.clock.now() + 2 * 86400)
    device = make("etherfax", runtime, ntp=["127.0.0.1:9"])
    sandbox.fault("*", times=2, shape=f"date={form}")
    assert register(device).returncode == 0
