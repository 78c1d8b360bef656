"""Cumulocity: the wire until a person has accepted the device, and calls afterwards."""

import json

from enroll.basic import basic
from enroll.journal import KEPT, RAW, TRIED
from enroll.providers.cumulocity import device as calls
from fake_device import Device, Port, counting
from fake_session import Registered
from helpers import config, raises

WAITS = (404, {"error": "devicecontrol/Not Found", "message": "There is no newDeviceRequest for this device"})
ACCEPTED = {"id": "serial-1", "tenantId": "t7", "username": "device_serial-1", "password": "given-canary"}


def test_it_asks_with_the_bootstrap_user_until_it_is_accepted():
    device = Device("cumulocity")
    saves = []
    action = device.boot(WAITS, WAITS, (201, ACCEPTED), port=Port(counting(saves)))
    assert action.credential.device_id == "serial-1" and action.credential.secret.reveal() == "given-canary"
    for method, url, more in device.service.requests:
        assert (method, url) == ("POST", "http://localhost/api/devicecontrol/deviceCredentials")
        assert json.loads(more["data"]) == {"id": "serial-1"}
        assert more["headers"]["Authorization"] == basic("management/boot", "boot-canary")
        assert more["headers"]["Accept"] == "application/json", "without it the answer has no body"
    assert sum(device.port.slept) == 10
    assert [state for _, state in saves] == [TRIED, RAW, KEPT], "polling does not wear flash"


def test_a_person_is_told_once_what_to_do():
    device = Device("cumulocity", {"interval": 1})
    device.boot(WAITS, WAITS, WAITS, (201, ACCEPTED))
    assert len([line for line in device.lines if "accept this device" in line and "serial-1" in line]) == 1
    assert sum(device.port.slept) == 3


def test_a_device_that_is_not_accepted_asks_again_at_its_next_wake():
    device = Device("cumulocity")
    action = device.refused("server", *[WAITS] * 7)
    assert 5 <= action.at <= 16
    assert device.boot((201, ACCEPTED)).name == "registered"


def test_an_answer_that_is_lost_is_asked_for_again_and_no_orphan():
    """A person must register it again; the device waits for that."""
    device = Device("cumulocity")
    device.refused("network", OSError(104))
    assert device.boot(WAITS, (201, ACCEPTED)).name == "registered"


def test_later_requests_bear_its_own_user():
    device = Device("cumulocity")
    device.boot((201, ACCEPTED))
    for credential in (device.boot().credential, device.boot().credential):
        assert credential.headers(0)["Authorization"] == basic("t7/device_serial-1", "given-canary")


def test_what_the_bootstrap_user_may_not():
    device = Device("cumulocity")
    error = device.refused("configuration", (401, {"error": "security/Unauthorized"})).error
    assert "`bootstrap_password`" in str(error)


def test_what_http_basic_sent_is_not_shown():
    for said in ("pw9", "dTpwdzk=", "dTpwdzk"):
        device = Device("cumulocity", {"bootstrap_user": "u", "bootstrap_password": "pw9"})
        error = device.refused("refused", (403, {"message": "bad " + said})).error
        assert "403" in str(error) and said not in str(error), said


def test_a_404_that_is_not_cumulocitys_is_a_wrong_address():
    for body in (b"", b"not found", b"<html>not found</html>"):
        assert "check `url`" in str(Device("cumulocity").refused("configuration", (404, body)).error)


def test_answers_that_lack_something():
    for name in ("tenantId", "username", "password"):
        Device("cumulocity").refused("answer", (201, {key: ACCEPTED[key] for key in ACCEPTED if key != name}))
    Device("cumulocity").refused("answer", (201, b""))


def test_bad_values_name_their_key():
    for key in ("bootstrap_user", "bootstrap_password"):
        assert "`cumulocity.%s`" % key in str(raises("configuration", config, "cumulocity", {key: None}))
    raises("configuration", config, "cumulocity", {"interval": 0})


def test_a_bootstrap_user_that_http_basic_cannot_carry():
    """RFC 7617, 2: a colon ends the user's name."""
    text = str(raises("configuration", config, "cumulocity", {"bootstrap_user": "management/boot:x"}))
    assert "`cumulocity.bootstrap_user`" in text, text


class Cloud:
    """Answers by method and the last words of a path, and notes what it was asked."""

    def __init__(self, known=True):
        self.known = known
        self.waiting = []

    def __call__(self, it):
        path = it.path.replace("/api/", "").partition("?")[0]
        if it.method == "GET" and path == "identity/externalIds/c8y_Serial/serial-1":
            return (200, {"managedObject": {"id": "77"}}) if self.known else (404, {"error": "identity/Not Found"})
        if path == "inventory/managedObjects":
            return 201, {"id": 78}
        if it.method == "GET":
            return 200, {"operations": self.waiting}
        return 201, {"id": "1"}


def registered(**more):
    return Registered("cumulocity", Cloud(**more), reply=ACCEPTED)


def asked(device):
    return [(it.method, it.path.replace("/api", "").partition("?")[0], it.json) for it in device.asked]


def test_a_measurement_of_a_device_that_has_a_managed_object():
    device = registered()
    device.run(calls.measurement, "c8y_Temperature", {"c8y_Temperature": {"T": {"value": 21.5, "unit": "C"}}})
    (_, _, found), (method, path, body) = asked(device)
    assert found is None and (method, path) == ("POST", "/measurement/measurements")
    assert body["source"] == {"id": "77"} and body["c8y_Temperature"] == {"T": {"value": 21.5, "unit": "C"}}
    assert body["type"] == "c8y_Temperature" and body["time"][4] == body["time"][7] == "-" and body["time"][-1] == "Z"
    device.boot()
    device.run(calls.measurement, "x", {})
    assert len(device.asked) == 1, "which object it is is kept with the credential"


def test_a_device_without_a_managed_object_creates_it():
    device = registered(known=False)
    assert device.run(calls.source) == "78"
    assert [(method, path) for method, path, _ in asked(device)] == [
        ("GET", "/identity/externalIds/c8y_Serial/serial-1"),
        ("POST", "/inventory/managedObjects"),
        ("POST", "/identity/globalIds/78/externalIds"),
    ]
    assert device.asked[1].json["c8y_IsDevice"] == {} and device.asked[2].json["externalId"] == "serial-1"


def test_answers_without_an_id_are_answers_that_are_not_understood():
    """An application got a KeyError, or a TypeError."""
    for odd in ({}, {"managedObject": None}, {"managedObject": {}}, []):
        device = registered()
        device.net.answer = lambda it, odd=odd: (200, odd)
        raises("answer", device.run, calls.source)
    device = registered(known=False)
    known = device.net.answer
    device.net.answer = lambda it: (201, None) if "inventory" in it.path else known(it)
    raises("answer", device.run, calls.source)
    device = registered()
    device.net.answer.waiting = None
    assert device.run(calls.operations, None) == 0
    device.net.answer.waiting = [{"c8y_Restart": {}}]
    raises("answer", device.run, calls.operations, None)


def test_operations_are_carried_out_and_a_failure_is_told():
    device = registered()
    device.net.answer.waiting = [{"id": "5", "c8y_Restart": {}}, {"id": "6", "c8y_Command": {"text": "boom"}}]

    def handler(operation):
        if "c8y_Command" in operation:
            raise ValueError("a canary must not leave")

    assert device.run(calls.operations, handler) == 2
    assert [(path, body) for method, path, body in asked(device) if method == "PUT"] == [
        ("/devicecontrol/operations/5", {"status": "EXECUTING"}),
        ("/devicecontrol/operations/5", {"status": "SUCCESSFUL"}),
        ("/devicecontrol/operations/6", {"status": "EXECUTING"}),
        ("/devicecontrol/operations/6", {"status": "FAILED", "failureReason": "ValueError"}),
    ]
