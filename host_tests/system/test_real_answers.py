"""Answers as real servers, balancers and portals send them to a device that registers for the first time.

An answer that gives a credential is never thrown away, and no device whose outcome is known is called orphaned.
"""

import json

import pytest
from answers import ONCE
from outcome import status

CREDENTIAL = {
    "etherfax": {"DeviceToken": "t" * 1000},
    "xyte": {
        "id": "device-" + "9" * 64,
        "access_key": "k" * 1000,
        "hub_url": "https://hub.example.com",
        "hub_url_static_cert": "https://hub2.example.com",
    },
}


def register(device):
    """Boot a device that has not registered yet; it is never called orphaned."""
    boot = device.boot()
    assert "orphaned" not in boot.stdout + boot.stderr
    return boot


def is_registered(sandbox, device):
    """Whether the device has its credential: it says so, and sends nothing."""
    sandbox.clear_log()
    return register(device).returncode == 0 and not sandbox.log()


@pytest.mark.parametrize("service", ONCE)
@pytest.mark.parametrize(
    "shape",
    [
        "gzip",
        "long-head",
        "long-head=60000",
        "charset=utf-8-sig",
        "reset",
        "long-body=8192,gzip",
        "long-body=4096,no-brace,gzip,long-head,reset",
    ],
)
def test_a_credential_is_kept_however_its_answer_looks(sandbox, make, runtime, service, shape):
    device = make(service, runtime)
    sandbox.fault(service, shape=shape)
    assert register(device).returncode == 0
    assert len(sandbox.log(service)) == 1
    assert is_registered(sandbox, device)


@pytest.mark.parametrize("service", ONCE)
@pytest.mark.parametrize("shape", ["", "early", "early,reset"])
def test_a_credential_of_a_thousand_characters_is_kept(sandbox, make, runtime, service, shape):
    device = make(service, runtime)
    sandbox.fault(service, status=200, body=json.dumps(CREDENTIAL[service]), shape=shape)
    assert register(device).returncode == 0
    assert is_registered(sandbox, device)


def test_a_credential_that_comes_before_the_request_has_left_is_kept(sandbox, make, runtime):
    """The body is longer than what a closed connection takes, so that writing it fails."""
    device = make("xyte", runtime, section={"details": {"notes": ["n" * 100] * 80}})
    sandbox.fault("xyte", status=201, body=json.dumps(CREDENTIAL["xyte"]), shape="early")
    assert register(device).returncode == 0
    assert is_registered(sandbox, device)


@pytest.mark.parametrize("service", ONCE)
@pytest.mark.parametrize("missing", [1, 2])
@pytest.mark.parametrize("shape", ["", "long-head"])
def test_a_credential_in_an_answer_that_was_cut_is_kept(sandbox, make, runtime, service, missing, shape):
    """The connection ends before the last brace, or before the quotation mark and the brace; all else has come."""
    device = make(service, runtime)
    body = json.dumps(CREDENTIAL[service] | ({"note": "cut here"} if missing > 1 else {}))
    sandbox.fault(service, status=200, body=body, shape=shape, truncate=len(body) - missing)
    register(device)
    assert is_registered(sandbox, device)


@pytest.mark.parametrize("shape", ["early", "early,reset", "long-head", "charset=iso-8859-1"])
def test_the_page_of_a_captive_portal_is_known_however_it_comes(sandbox, make, runtime, shape):
    device = make("etherfax", runtime)
    sandbox.fault("etherfax", shape=f"portal=403,{shape}")
    assert status(register(device), "network") == 75
    assert register(device).returncode == 0


@pytest.mark.parametrize("shape", ["early", "early,reset", "gzip", "long-head", "charset=iso-8859-1", "no-brace"])
def test_a_refusal_is_a_refusal_however_it_comes(sandbox, make, service, shape):
    device = make(service)
    headers = {"Content-Type": "application/json"}
    sandbox.fault(service, status=401, headers=headers, body='{"error": "no"}', shape=shape)
    assert status(register(device), "refused") == 77
    assert register(device).returncode == 0


@pytest.mark.parametrize("form", ["imf-fixdate", "rfc850", "asctime", "get-only"])
def test_a_date_in_any_form_sets_the_clock_where_no_time_server_answers(sandbox, make, runtime, form):
    """The date is two days ahead; etherFAX takes a token of that day only."""
    sandbox.set_time(sandbox.clock.now() + 2 * 86400)
    device = make("etherfax", runtime, ntp=["127.0.0.1:9"])
    sandbox.fault("*", times=2, shape=f"date={form}")
    assert register(device).returncode == 0
