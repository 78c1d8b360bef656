"""A first boot registers and a second one is silent, with all four services."""

import hashlib
import hmac
import json
import re
import ssl
import subprocess

import devices
import pytest
import trustme
from program import registered
from runtimes import micropython

OUTCOME = re.compile(r"enroll: registered (\w+) (\S+)\n\Z")


def test_first_boot_registers_and_the_second_opens_no_socket(sandbox, make, service, runtime):
    device = make(service, runtime)
    first = device.boot()
    assert first.returncode == 0, first
    provider, device_id = OUTCOME.search(first.stdout).groups()
    assert provider == service
    entries = sandbox.log()
    assert [entry.service for entry in entries] == ["ntp", service]
    before = sandbox.counts()
    second = device.boot()
    assert second.returncode == 0 and second.stdout == f"enroll: registered {service} {device_id}\n"
    assert sandbox.counts() == before and len(sandbox.log()) == len(entries)


def test_the_credential_is_on_flash_and_is_the_one_that_was_sent(sandbox, make, runtime):
    device = registered(make, "etherfax", runtime)
    token = json.loads(sandbox.log("etherfax")[0].answer)["DeviceToken"]
    assert any(token.encode() in slot.read_bytes() for slot in device.folder.glob("state/*/slot"))


def test_the_seed_vector_of_etherfax_is_on_the_wire(sandbox, make, runtime):
    """Serial MT873615726 on 2 February 2017 UTC, from the vendor's documentation."""
    sandbox.set_time("2017-02-02T12:00:00Z")
    device = make("etherfax", runtime, section={"serial": "MT873615726"}, earliest="2017-01-01")
    sandbox.etherfax.create("MT873615726", enabled=True)
    try:
        # TLS is verified by the machine's clock, so its certificate of today is good
        assert device.boot().returncode == 0
        path = sandbox.log("etherfax")[0].path
        assert path.endswith("?a=register&id=MT873615726&token=414d6d04931da79f6d9925e0c30b85a3")
    finally:
        sandbox.etherfax.delete("MT873615726")


def test_the_registration_token_of_ickstream_is_erased_and_the_file_stays_whole(make, runtime):
    device = make("ickstream", runtime)
    token = json.loads(device.path.read_text())["ickstream"]["registration_token"]
    before = json.loads(device.path.read_text())
    assert device.boot().returncode == 0
    after = device.path.read_text()
    assert token not in after
    before["ickstream"]["registration_token"] = " " * len(token)
    assert json.loads(after) == before
    assert [path.name for path in device.folder.iterdir() if path.name.startswith("enroll.json")] == ["enroll.json"]


def test_a_token_that_a_power_cut_left_behind_is_erased_on_the_next_boot(make, runtime):
    device = make("ickstream", runtime)
    whole = device.path.read_text()
    assert device.boot().returncode == 0
    device.path.write_text(whole)
    assert device.boot().returncode == 0
    token = json.loads(whole)["ickstream"]["registration_token"]
    assert token not in device.path.read_text()


def test_a_cen_token_made_elsewhere_registers_as_well(sandbox, make, runtime):
    device = make("centagate", runtime)
    config = json.loads(device.path.read_text())
    section = config["centagate"]
    text = section["admin_username"] + section.pop("auth_token")
    section["cen_token"] = hmac.new(section.pop("secret_code").encode(), text.encode(), hashlib.sha256).hexdigest()
    device.write(config)
    assert device.boot().returncode == 0
    assert json.loads(sandbox.log("centagate")[0].body)["cenToken"] == section["cen_token"]


@pytest.mark.parametrize(
    "setting", ["centagate.code_as_string", "centagate.object_as_string", "ickstream.id_as_string"]
)
def test_both_ways_in_which_a_service_may_write_its_answer(sandbox, make, runtime, setting):
    sandbox.set(setting, True)
    try:
        assert make(setting.split(".")[0], runtime).boot().returncode == 0
    finally:
        sandbox.set(setting, False)


def test_what_the_board_knows_of_itself_fills_the_configuration(sandbox, make, runtime):
    serial = f"BOARD-{runtime}"
    sandbox.etherfax.create(serial, enabled=True)
    device = make("etherfax", runtime)
    config = json.loads(device.path.read_text())
    config["etherfax"] = {}
    device.write(config)
    missing = device.boot()
    assert missing.returncode == 78 and "etherfax.serial" in missing.stdout
    assert not sandbox.log()
    found = device.boot(ENROLL_IDENTITY=json.dumps({"serial": serial}))
    assert found.stdout == f"enroll: registered etherfax {serial}\n"


@pytest.mark.parametrize("pem", [False, True])
def test_a_ca_file_with_several_certificates_in_either_form(sandbox, make, runtime, pem):
    device = make("etherfax", runtime)
    other = trustme.CA().cert_pem.bytes()
    if pem:
        both = b"A comment.\n" + other + sandbox.ca_pem.read_bytes()
    else:
        both = ssl.PEM_cert_to_DER_cert(other.decode()) + sandbox.ca_der.read_bytes()
    (device.folder / "both.ca").write_bytes(both)
    config = json.loads(device.path.read_text())
    device.write(config | {"ca": "both.ca"})
    assert device.boot().returncode == 0


COMPILE = """
import sys
for path in sys.argv[1:]:
    with open(path) as file:
        compile(file.read(), path, "exec")
"""


def test_every_source_is_compiled_by_the_firmware_itself(runtime):
    """Most tests here run the library's bytecode."""
    found = [*devices.ROOT.glob("lib/**/*.py"), *devices.ROOT.glob("firmware/**/*.py")]
    command = [micropython(runtime), "-c", COMPILE, *map(str, found)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert len(found) > 50 and done.returncode == 0, done
