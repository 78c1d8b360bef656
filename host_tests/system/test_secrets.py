"""Where a device's secrets go: onto the wire only where the protocol requires it, and into no other file."""

import json

import pytest
from program import registered

WIFI = "canary of the wireless network"
# For each service the secrets of its configuration and the one part of a request that holds each, if one does.
WANTED = {
    "etherfax": {},
    "ickstream": {"registration_token": "headers"},
    "xyte": {"hardware_key": "body"},
    "centagate": {"auth_token": None, "secret_code": None},
}
ANSWERS = {"etherfax": "DeviceToken", "xyte": "access_key"}


def parts(entry):
    return {"path": entry.path, "headers": json.dumps(dict(entry.headers)), "body": entry.body}


def test_a_secret_is_sent_only_where_the_protocol_wants_it(sandbox, make, service, runtime):
    device = make(service, runtime, network=[{"ssid": "factory", "password": WIFI}])
    section = json.loads(device.path.read_text())[service]
    assert device.boot().returncode == 0
    (entry,) = sandbox.log(service)
    sent = parts(entry)
    for key, place in {**WANTED[service], WIFI: None}.items():
        secret = section.get(key, key)
        assert [name for name, text in sent.items() if secret in text] == [place] * bool(place), key
    others = [other for other in sandbox.log() if other.service != service]
    assert {other.service for other in others} == {"ntp"}, "the clock does not say which device asks"
    texts = [WIFI, *(text for text in section.values() if len(text) > 1)]  # "2" is not a secret
    assert not any(text in str(other) for other in others for text in texts)


@pytest.mark.parametrize("service", ANSWERS)
def test_a_request_for_the_date_holds_nothing_of_the_device(sandbox, make, service, runtime):
    device = make(service, runtime, ntp=["127.0.0.1:9"])
    section = json.loads(device.path.read_text())[service]
    assert device.boot().returncode == 0
    asked, registered = sandbox.log()
    assert (asked.method, asked.body) == ("HEAD", "") and registered.service == service
    assert not any(str(value) in "".join(parts(asked).values()) for value in section.values())


def test_only_the_slots_hold_what_it_keeps(sandbox, make, service, runtime):
    device = registered(make, service, runtime)
    files = {str(path.relative_to(device.folder)) for path in device.folder.rglob("*") if path.is_file()}
    assert files == {"enroll.json", "state/0/slot", "state/1/slot", "state/spare"}
    assert not any((device.folder / "state/spare").read_bytes())
    if service == "ickstream":
        assert not json.loads(device.path.read_text())[service]["registration_token"].strip()
