"""How each provider reads an answer: a credential, or an error of the right kind."""

import json

from enroll.errors import EnrollError
from enroll.providers import Answer
from helpers import SECTIONS, changed, config, raises

XYTE = {
    "id": "device-1",
    "access_key": "access-canary",
    "hub_url": "https://hub.example.com/",
    "hub_url_static_cert": "https://static.example.com",
    "mqtt_hub_url": "mqtts://hub.example.com",
}
GOOD = {
    "etherfax": {"DeviceToken": "54524a6421f1ddaf6781c79f9e176cfc"},
    "ickstream": {"jsonrpc": "2.0", "id": 1, "result": {"id": "device-1", "accessToken": "access-canary"}},
    "xyte": XYTE,
    "centagate": {"code": "0", "message": "Success", "object": {"boundUser": "user-1"}},
}
NEEDED = {"etherfax": ("DeviceToken",), "xyte": ("id", "access_key", "hub_url")}
NO_TEXTS = (None, 5, True, [], {}, "", "a b", "a\r\nb", "é", "a\tb", "\x7f")


def parsed(provider, reply, status=200, section=None, again=False, **top):
    """The Credential from an answer with `reply`, as bytes or as what becomes JSON."""
    it = config(provider, section, **top)
    answer = Answer(status, reply if isinstance(reply, bytes) else json.dumps(reply).encode())
    answer.again = again
    return it.service.parse(it, answer)


def ickstream(**changes):
    return changed(GOOD["ickstream"], {"result": changed(GOOD["ickstream"]["result"], changes)})


def test_etherfax():
    found = parsed("etherfax", GOOD["etherfax"])
    assert found.provider == "etherfax"
    assert found.device_id == "MT873615726"
    assert found.secret.reveal() == "54524a6421f1ddaf6781c79f9e176cfc"
    assert found.extra == {}


def test_ickstream():
    found = parsed("ickstream", ickstream(name="Radio", model="m/x", userId="u", address="192.0.2.7"))
    assert found.provider == "ickstream"
    assert found.device_id == "device-1"
    assert found.secret.reveal() == "access-canary"
    for key, value in (("name", "Radio"), ("model", "m/x"), ("userId", "u"), ("address", "192.0.2.7")):
        assert found.extra[key] == value


def test_ickstream_of_an_old_server():
    """Servers that read each number as a float, as Gson does, send that back. The token is used up by then."""
    for number in ("1", 1.0):
        reply = changed(GOOD["ickstream"], {"jsonrpc": 2.0, "id": number, "error": None})
        assert parsed("ickstream", reply).device_id == "device-1"


def test_ickstream_answer_to_another_request():
    for number in (2, "2", None, 0, 1.5, "", "1 ", "1.0", [1]):
        raises("answer", parsed, "ickstream", changed(GOOD["ickstream"], {"id": number}))


def test_xyte():
    for status in (200, 201, 202):
        found = parsed("xyte", XYTE, status)
        assert found.provider == "xyte"
        assert found.device_id == "device-1"
        assert found.secret.reveal() == "access-canary"
        for key in ("hub_url", "hub_url_static_cert", "mqtt_hub_url"):
            assert found.extra[key].rstrip("/") == XYTE[key].rstrip("/")


def test_xyte_requests_go_to_the_hub():
    it = config("xyte")
    assert it.service.base(it, parsed("xyte", XYTE)) == "https://hub.example.com"
    it = config("xyte", {"static_cert": True})
    assert it.service.base(it, parsed("xyte", XYTE, section={"static_cert": True})) == "https://static.example.com"


def test_xyte_needs_the_hub_that_the_configuration_chooses():
    one = changed(XYTE, {"hub_url": None})
    raises("answer", parsed, "xyte", one)
    assert parsed("xyte", one, section={"static_cert": True}).device_id == "device-1"
    raises("answer", parsed, "xyte", changed(XYTE, {"hub_url_static_cert": None}), section={"static_cert": True})


def test_xyte_hub_by_http_is_refused_where_the_service_is_https():
    more = {"url": "https://localhost", "ca": __file__}
    for hub in ("http://hub.example.com", "ftp://hub", "hub.example.com", "HTTP://hub"):
        raises("answer", parsed, "xyte", changed(XYTE, {"hub_url": hub}), **more)
    assert parsed("xyte", XYTE, **more).device_id == "device-1"


def test_xyte_hub_by_http_is_taken_where_the_service_is_http():
    assert parsed("xyte", changed(XYTE, {"hub_url": "http://localhost:8080"})).device_id == "device-1"


def test_xyte_hub_is_checked_like_every_other_url():
    more = {"url": "https://localhost", "ca": __file__}
    for hub in ("https://", "https:///x", "https://hub:99999", "https://hub:x", "https://user@hub", "https://hub/#x"):
        raises("answer", parsed, "xyte", changed(XYTE, {"hub_url": hub}), **more)


def test_centagate():
    found = parsed("centagate", GOOD["centagate"])
    assert found.provider == "centagate"
    assert found.device_id == "60123456789"
    assert found.secret.reveal() == ""
    assert found.extra["boundUser"] == "user-1"
    assert found.extra["username"] == "user-1"


def test_centagate_code_as_number_and_object_as_text():
    for code in (0, "0"):
        for thing in ({"boundUser": "user-1"}, '{"boundUser": "user-1"}'):
            assert parsed("centagate", {"code": code, "object": thing}).extra["boundUser"] == "user-1"


def test_centagate_without_a_usable_object():
    for thing in (None, "", "text", "[]", "5", 5, [], True):
        assert parsed("centagate", {"code": "0", "object": thing}).extra == {"username": "user-1"}
    assert parsed("centagate", {"code": "0"}).extra == {"username": "user-1"}


def test_centagate_has_no_requests_of_a_session():
    raises("configuration", parsed("centagate", GOOD["centagate"]).headers, 0)


def test_unknown_fields_are_kept():
    more = {"later": {"deep": [1, None, "é"]}}
    assert parsed("etherfax", changed(GOOD["etherfax"], more)).extra["later"] == more["later"]
    assert parsed("ickstream", ickstream(**more)).extra["later"] == more["later"]
    assert parsed("xyte", changed(XYTE, more)).extra["later"] == more["later"]
    assert parsed("centagate", {"code": 0, "object": more}).extra["later"] == more["later"]


def test_the_secret_is_not_among_the_other_fields():
    for provider, secret in (("etherfax", "54524a"), ("ickstream", "canary"), ("xyte", "canary")):
        assert secret not in str(parsed(provider, GOOD[provider]).extra)


def test_missing_needed_fields():
    for provider, names in NEEDED.items():
        for name in names:
            reply = changed(GOOD[provider], {})
            del reply[name]
            assert name in str(raises("answer", parsed, provider, reply))
    for name in ("id", "accessToken"):
        reply = ickstream()
        del reply["result"][name]
        assert name in str(raises("answer", parsed, "ickstream", reply))


def test_needed_fields_that_are_no_text_for_a_header():
    for value in NO_TEXTS:
        for provider, names in NEEDED.items():
            for name in names:
                raises("answer", parsed, provider, changed(GOOD[provider], {name: value}))
        for name in ("id", "accessToken"):
            raises("answer", parsed, "ickstream", ickstream(**{name: value}))


def test_answers_that_are_not_the_expected_json():
    for provider in SECTIONS:
        for body in (
            b"",
            b"[]",
            b"null",
            b"5",
            b'"text"',
            b"\xff\xfe",
            b"{}",
            b'{"a": {"b": 1}}',
            b'["code"]',
        ):
            raises("answer", parsed, provider, body)


def test_an_answer_cut_at_every_byte_is_never_a_credential_with_half_a_value():
    for provider in ("etherfax", "ickstream", "xyte"):
        whole = json.dumps(GOOD[provider]).encode()
        complete = parsed(provider, whole)
        for size in range(len(whole)):
            try:
                found = parsed(provider, whole[:size])
            except EnrollError as error:
                assert error.kind == "answer"
            else:  # MicroPython takes the end of the text for a brace, so optional fields may be missing
                assert found.secret.reveal() == complete.secret.reveal() and found.device_id == complete.device_id
                assert all([complete.extra[key] == value for key, value in found.extra.items()]), size


def test_an_answer_that_is_a_view_of_a_buffer():
    it = config("etherfax")
    whole = json.dumps(GOOD["etherfax"]).encode()
    answer = Answer(200, memoryview(bytearray(whole + bytes(100)))[: len(whole)])
    assert it.service.parse(it, answer).secret.reveal() == GOOD["etherfax"]["DeviceToken"]
