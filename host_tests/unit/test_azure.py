"""Azure: published vectors, the wire until a hub is assigned, and calls at the hub."""

import json

from enroll.clock import BUILD
from enroll.credential import Credential
from enroll.providers import Request
from enroll.providers.azure import device as calls
from enroll.steps import kept
from fake_device import Device
from fake_session import Registered
from helpers import KEY, MORE_SECTIONS, config, raises

PLACE = "http://localhost/api/0ne00111111/registrations/my-device/"
VERSION = "?api-version=2021-06-01"
ASSIGNING = (202, {"operationId": "4.a.b", "status": "assigning"}, {"Retry-After": "2"})


def assigned(hub="my-hub.azure-devices.net"):
    state = {"registrationId": "my-device", "status": "assigned", "assignedHub": hub, "deviceId": "my-device"}
    return 200, {"operationId": "4.a.b", "status": "assigned", "registrationState": state}


def sent(device):
    return [(method, url.replace(PLACE, "")) for method, url, _ in device.service.requests]


def authorization(request):
    """The fields of a shared access signature."""
    kind, _, text = request.headers["Authorization"].partition(" ")
    assert kind == "SharedAccessSignature"
    return dict([field.split("=", 1) for field in text.split("&")])


def test_the_published_vector_of_a_registration_token():
    """Of Azure's page on symmetric keys: the scope 0ne00111111, a token until 1663952627."""
    it = config("azure", {"serial": "my-symkey-device"})
    steps = it.service.register(it, 1663952627 - 3600)
    steps.send(None)
    request = steps.send({})
    assert isinstance(request, Request) and request.credential
    assert authorization(request) == {
        "sr": "0ne00111111%2Fregistrations%2Fmy-symkey-device",
        "sig": "8VPprb8BiTkuVE0hBqHm%2FSVrzVpdD8VZcXugntdbhuU%3D",
        "se": "1663952627",
        "skn": "registration",
    }


def test_the_published_vector_of_a_hub_token():
    it = config("azure", earliest="2022-01-01")
    credential = Credential(it, "my-symkey-device", KEY, {"hub": "MyExampleHub.azure-devices.net"})
    assert credential.headers(1663119026 - 3600)["Authorization"] == (
        "SharedAccessSignature sr=MyExampleHub.azure-devices.net%2Fdevices%2Fmy-symkey-device"
        "&sig=f%2BwW8XOKeJOtiPc9Iwjc4OpExvPM7NlhM9qxN2a1aAM%3D&se=1663119026"
    )


def test_no_token_is_signed_for_a_time_that_cannot_be_true():
    """The hub would take it for an expired one, or it would be good for decades."""
    for earliest, first in ((None, BUILD), ("2026-11-20", 1795132800), ("1970-01-01", 0)):
        credential = Credential(config("azure", earliest=earliest), "my-device", KEY, {"hub": "hub"})
        for now in (first - 1, max(first, BUILD) + 946684800):
            assert "`earliest`" in str(raises("clock", credential.headers, now))
        assert credential.headers(first) and credential.headers(max(first, BUILD) + 946684799)


def test_it_polls_until_a_hub_is_assigned():
    device = Device("azure", {"payload": {"model": "m1"}})
    credential = device.boot(ASSIGNING, ASSIGNING, assigned()).credential
    assert sent(device) == [("PUT", "register" + VERSION)] + [("GET", "operations/4.a.b" + VERSION)] * 2
    assert json.loads(device.service.requests[0][2]["data"]) == {
        "registrationId": "my-device",
        "payload": {"model": "m1"},
    }
    assert sum(device.port.slept) == 4, "Retry-After"
    assert credential.device_id == "my-device" and credential.extra["hub"] == "my-hub.azure-devices.net"
    assert device.it.service.base(device.it, credential) == "http://my-hub.azure-devices.net"
    assert device.boot().name == "registered"


def test_what_an_allocation_policy_returns_is_kept():
    answer = assigned()
    answer[1]["registrationState"]["payload"] = {"interval": 5}
    device = Device("azure")
    for credential in (device.boot(answer).credential, device.boot().credential):
        assert credential.extra["payload"] == {"interval": 5}


def test_a_hub_that_is_assigned_at_once():
    device = Device("azure")
    assert device.boot(assigned()).name == "registered" and len(device.service.requests) == 1
    assert json.loads(device.service.requests[0][2]["data"]) == {"registrationId": "my-device"}


def test_a_reset_goes_on_polling():
    device = Device("azure")
    device.refused("network", ASSIGNING, OSError(104))
    assert device.boot(assigned()).name == "registered"
    assert sent(device) == [("GET", "operations/4.a.b" + VERSION)]


def test_an_operation_that_the_service_has_forgotten_is_begun_again():
    device = Device("azure")
    device.refused("network", ASSIGNING, OSError(104))
    assert device.boot((404, {"errorCode": 404206}), assigned()).name == "registered"
    assert sent(device) == [("GET", "operations/4.a.b" + VERSION), ("PUT", "register" + VERSION)]


def test_an_operation_whose_name_is_no_text_is_not_asked_for():
    """Neither in this attempt nor in a later one, also if it is on flash."""
    for name in (5, "", None, ["x"]):
        device = Device("azure")
        device.refused("answer", (202, {"operationId": name, "status": "assigning"}))
        kept(device.it, {"_operation": name or 5})
        assert device.boot(assigned()).name == "registered"
        assert sent(device) == [("PUT", "register" + VERSION)]


def test_an_operation_that_has_failed_is_begun_again():
    """Its outcome is final: what an administrator changes counts for a new one."""
    for status in ("failed", "disabled"):
        device = Device("azure")
        over = 200, {"operationId": "4.a.b", "status": status}
        device.refused("refused", ASSIGNING, over)
        assert device.boot(over, ASSIGNING, assigned()).name == "registered"
        polled = ("GET", "operations/4.a.b" + VERSION)
        assert sent(device) == [polled, ("PUT", "register" + VERSION), polled]


def test_a_service_that_knows_no_operation_is_not_asked_without_end():
    device = Device("azure")
    unknown = 404, {"errorCode": 404206}
    device.refused("refused", ASSIGNING, unknown)
    device.refused("refused", unknown, ASSIGNING, unknown)


def test_refusals():
    for status, answer, kind, word in (
        (401, {"errorCode": 401002, "message": "Unauthorized"}, "refused", "`device_key`"),
        (404, {"errorCode": 404201}, "refused", "enrollment"),
        (400, {"errorCode": 400004}, "configuration", "`id_scope`"),
        (429, {}, "server", "too many"),
        (500, {}, "server", "500"),
        (200, {"operationId": "4", "status": "disabled"}, "refused", "enable it"),
        (200, {"operationId": "4", "status": "failed"}, "refused", "link a hub"),
    ):
        text = str(Device("azure").refused(kind, (status, answer)).error)
        assert word in text, text


def test_429_says_when_to_ask_again():
    device = Device("azure")
    assert device.refused("server", (429, {}, {"Retry-After": "77"})).error.retry_after == 77


def test_answers_that_lack_something():
    Device("azure").refused("answer", (200, {"status": "assigned", "registrationState": {}}))
    for body in (b"", b"{}", b'{"status": "assigned"}', b'{"status": "assigned", "registrationState": null}'):
        assert "not the answer to a regis" in str(Device("azure").refused("answer", (200, body)).error)
    for hub in ("", "a b", "user@hub", "[::1]", "hub:x", 5):
        Device("azure").refused("answer", assigned(hub))


def test_bad_values_name_their_key_before_any_packet():
    for key, value in (
        ("id_scope", "0ne 00"),
        ("id_scope", "a/b"),
        ("id_scope", None),
        ("device_key", None),
        ("device_key", "not base64!"),
        ("device_key", KEY[:-1]),
        ("device_key", KEY + "\n="),
        ("id_scope", "0ne\n"),
        ("serial", "x" * 101),
        ("serial", "sensor 1"),
        ("serial", " sensor-1"),
        ("serial", "sensor/1"),
        ("serial", "sensor~1"),
        ("serial", "sensor%201"),
        ("serial", "sensor."),
        ("serial", "sensor_"),
        ("serial", "00:11:"),
        ("payload", 5),
    ):
        text = str(raises("configuration", config, "azure", {key: value}))
        assert "`azure.%s`" % key in text, text


def test_what_the_board_says_must_be_a_registration_id_too():
    it = config("azure", {"serial": None})
    assert "`azure.serial` must be letters" in str(raises("configuration", it.complete, {"serial": "sensor 1"}))


def test_registration_ids_that_the_service_takes():
    for serial in ("00:11:22:aa:bb:cc", "Sensor_1.x", "sensor-", "7", "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6"):
        assert config("azure", {"serial": serial}).section["serial"] == serial


def test_the_key_is_a_secret():
    assert str(config("azure").section["device_key"]) == "***"
    assert MORE_SECTIONS["azure"]["device_key"] == config("azure").section["device_key"].reveal()


class Hub:
    """Notes what it is asked, and has one message."""

    refusal = None

    def __init__(self, *messages):
        self.messages = list(messages or [b"hello"])

    def __call__(self, it):
        if it.method == "POST" and self.refusal:
            return self.refusal
        if it.method == "GET":
            body = self.messages[0] if self.messages else b""
            head = b'HTTP/1.1 200 X\r\nETag: "lock-1"\r\n' if body else b"HTTP/1.1 204 X\r\n"
            return head + b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        if it.method == "DELETE":
            self.messages.pop(0)
        return 204, None


def registered(*messages):
    return Registered("azure", Hub(*messages), reply=assigned("hub")[1])


PATH = "/devices/my-device/messages/"
HUB_VERSION = "?api-version=2020-03-13"


def test_telemetry_goes_to_the_hub_with_a_token_of_its_own():
    device = registered()
    device.run(calls.telemetry, {"t": 21.5}, level="high")
    (it,) = device.asked
    assert (it.method, it.host, it.path) == ("POST", "hub", PATH + "events" + HUB_VERSION)
    assert it.json == {"t": 21.5} and it.headers["iothub-app-level"] == "high"
    assert it.headers["iothub-contenttype"] == "application/json" and it.headers["iothub-contentencoding"] == "utf-8"
    fields = authorization(it)
    assert fields["sr"] == "hub%2Fdevices%2Fmy-device" and int(fields["se"]) == device.time() + 3600
    device.sleep(3000)
    device.run(calls.telemetry, {"t": 21.5})
    assert int(authorization(device.asked[0])["se"]) == device.time() + 3600, "a token must not expire"


def test_a_clock_that_goes_wrong_is_set_again():
    """To the hub every token has then expired; the device registers again, which asks for the time."""
    device = registered()
    device.run(calls.telemetry, {"t": 1})
    device.port.now = true = device.time() + 7200
    device.port.set_clock = lambda unix: setattr(device.clock, "time", lambda: unix)

    def hub(it):
        if it.method == "PUT":
            return assigned("hub")
        return (204, None) if int(authorization(it)["se"]) > true else (401, {"Message": "ErrorCode:401002;"})

    device.net.answer = hub
    for _ in range(2):
        raises("refused", device.run, calls.telemetry, {"t": 1})
        device.sleep(6)
    device.run(calls.telemetry, {"t": 1})
    assert int(authorization(device.asked[-1])["se"]) == true + 3600


def test_a_clock_that_falls_back_to_its_epoch_is_set_before_the_next_request():
    """As after a flat battery: nothing is sent with a token of that time, and the device stays registered."""
    device = registered()
    device.run(calls.telemetry, {"t": 1})
    device.clock.time = lambda: 946684800
    device.port.set_clock = lambda unix: setattr(device.clock, "time", lambda: unix)
    raises("clock", device.run, calls.telemetry, {"t": 1})
    assert not device.asked
    device.run(calls.telemetry, {"t": 1})
    (it,) = device.asked
    assert it.method == "POST" and int(authorization(it)["se"]) == device.port.now + 3600


def test_a_message_is_completed_once_it_is_handled():
    device = registered()
    seen = []
    assert device.run(calls.message, seen.append) is True and seen == [b"hello"]
    assert [(it.method, it.path) for it in device.asked] == [
        ("GET", PATH + "deviceBound" + HUB_VERSION),
        ("DELETE", PATH + "deviceBound/lock-1" + HUB_VERSION),
    ]
    assert device.run(calls.message, seen.append) is False and len(seen) == 1


def test_a_message_whose_handler_fails_stays():
    device = registered()

    def handler(body):
        raise ValueError

    raises(ValueError, device.run, calls.message, handler)
    assert [it.method for it in device.asked] == ["GET"]


def test_a_message_may_be_anything():
    """Also what begins like a web page or compressed data: an unreadable message would stay first in the queue."""
    bodies = [b"<a>1</a>", b"x=1", b"\x1f\x8b", b"{", b"\xff\x00"]
    device = registered(*bodies)
    seen = []
    for _ in bodies:
        assert device.run(calls.message, seen.append) is True
    assert seen == bodies and device.run(calls.message, seen.append) is False


def test_what_the_hub_refuses():
    device = registered()
    for status, kind, word in ((403, "refused", "too many messages"), (404, "refused", "unknown"), (429, "server", "")):
        device.net.answer.refusal = status, {"Message": "ErrorCode:X;"}, {"Retry-After": "9"}
        error = raises(kind, device.run, calls.telemetry, {"t": 1})
        assert word in str(error) and error.retry_after == 9, str(error)
