"""Which certificates and which times are trusted."""

import json

import pytest
from outcome import status
from program import registered


@pytest.mark.parametrize(
    ("fault", "words"),
    [("wrong-host", "another host"), ("other-ca", "not signed"), ("expired", "clock"), ("not-yet-valid", "clock")],
)
def test_a_bad_certificate_is_refused_before_a_byte_of_the_request(sandbox, make, service, runtime, fault, words):
    device = make(service, runtime, f"https-{fault}")
    before = sandbox.counts()[f"https-{fault}"]
    boot = device.boot()
    assert status(boot, "certificate") == 75 and words in boot.stdout
    after = sandbox.counts()[f"https-{fault}"]
    assert after["connections"] == before["connections"] + 1  # it came, saw the certificate, and left
    assert after["requests"] == before["requests"] and not sandbox.log(service)


def test_a_bad_certificate_leaves_no_attempt_whose_outcome_is_unknown(sandbox, make, runtime):
    device = make("etherfax", runtime, "https-expired")
    device.boot()
    config = json.loads(device.path.read_text())
    device.write(config | {"url": sandbox.url("etherfax")})
    sandbox.etherfax.disable(config["etherfax"]["serial"])
    assert status(device.boot(), "refused") == 77


def test_a_ca_file_that_holds_no_certificate_is_a_mistake_in_the_configuration(sandbox, make, runtime):
    device = make("etherfax", runtime, ca="enroll.json")
    boot = device.boot()
    assert status(boot, "configuration") == 78 and "`ca`" in boot.stdout
    assert not sandbox.log()


@pytest.mark.parametrize(
    "fault",
    ["kiss-of-death", "stratum-16", "unsynchronized", "wrong-mode", "wrong-origin", "zero-transmit", "short", "silent"],
)
def test_a_time_server_that_is_not_to_be_believed_is_not(sandbox, make, fault):
    """Its answer is ignored, and the service's Date is used instead."""
    device = make("etherfax")
    sandbox.ntp_offset(2 * 86400)  # the wrong day: a token made of it would be refused
    sandbox.ntp_fault(fault)
    assert device.boot().returncode == 0
    assert [entry.method for entry in sandbox.log("etherfax")] == ["GET"]


@pytest.mark.parametrize("fault", ["forged", "forged-source"])
def test_a_forged_answer_is_ignored_while_the_wait_goes_on(sandbox, make, runtime, fault):
    device = make("etherfax", runtime)
    sandbox.ntp_fault(fault)
    assert device.boot().returncode == 0
    assert len(sandbox.log("ntp")) == 1


def test_the_next_server_is_asked_where_one_is_dead(sandbox, make, runtime):
    registered(make, "etherfax", runtime, ntp=["127.0.0.1:9", "no-such-host.invalid", sandbox.ntp])
    assert len(sandbox.log("ntp")) == 1


@pytest.mark.parametrize("years", [-56, 40, 174])
def test_an_absurd_date_is_refused(sandbox, make, years):
    device = make("etherfax", url="https://127.0.0.1:9/", ca=str(sandbox.ca_der), earliest="2072-01-01")
    # no Date to fall back to, and the machine's own clock is before the earliest day
    sandbox.ntp_offset(years * 365.25 * 86400)
    boot = device.boot()
    assert status(boot, "clock") == 75 and "impossible date" in boot.stdout


def test_a_certificate_is_verified_again_after_the_hint_of_a_date(sandbox, make, runtime):
    device = make("etherfax", runtime, "https-other-ca")
    sandbox.ntp_fault("silent")
    assert status(device.boot(), "certificate") == 75
    assert not [entry for entry in sandbox.log("etherfax") if "register" in entry.path]
