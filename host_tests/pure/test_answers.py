"""What each provider makes of an answer: a credential, or an error of the right kind."""

import json

from enroll.errors import EnrollError
from enroll.providers import Answer, Credential
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
    reply = changed(GOOD["ickstream"], {"jsonrpc": 2.0, "id": "1", "error": None})
    assert parsed("ickstream", reply).device_id == "device-1"


def test_ickstream_answer_to_another_request():
    for number in (2, "2", None, 0, "", "1 ", [1]):
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
    raises("configuration", parsed("centagate", GOOD["centagate"]).headers)


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


def keeps(provider, body):
    """The Credential in `body`, which is an answer that is not as it should be: nothing in it is half."""
    found, whole = parsed(provider, body), parsed(provider, GOOD[provider])
    assert (found.device_id, found.secret.reveal()) == (whole.device_id, whole.secret.reveal())
    return found


def text(provider, **more):
    """GOOD with `more` at its end."""
    reply = GOOD[provider]
    if provider == "ickstream":
        return json.dumps(dict(reply, result=dict(reply["result"], **more)))
    return json.dumps(changed(reply, more))


def test_an_answer_without_its_last_braces_is_whole():
    """Strict parsers refuse it, lenient ones do not."""
    for provider in ("etherfax", "ickstream", "xyte"):
        whole = text(provider).rstrip("}")
        for end in (
            "",
            "}",
            " ",
            "\r\n",
            ",",
            ', "',
            ', "more',
            ', "more"',
            ', "more": ',
            ', "more": "ab',
            ', "more": [1, {"a',
        ):
            keeps(provider, (whole + end).encode())
    found = parsed("centagate", b'{"code": "0", "object": {"boundUser": "user-1"')
    assert found.extra["boundUser"] == "user-1"
    assert (
        parsed("centagate", json.dumps({"code": 0, "object": '{"boundUser": "u"'}).encode()).extra["boundUser"] == "u"
    )


def test_what_was_cut_in_its_middle_is_left_out():
    whole = text("etherfax", number=12345, on=True, list=[1, "two", {"three": 3}], last="x")
    keys = json.loads(whole)
    for size in range(len(text("etherfax")), len(whole)):
        found = keeps("etherfax", whole[:size].encode()).extra
        for key in ("number", "on", "last"):
            assert found.get(key, keys[key]) == keys[key], (key, whole[:size])
    for half in (
        '{"DeviceToken": "54524a',
        '{"DeviceToken": "54524a\\"',
        '{"DeviceToken": "54524a\\',
        '{"DeviceToken"',
    ):
        raises("answer", parsed, "etherfax", half.encode())


def test_an_answer_to_a_call_may_be_cut_before_its_number():
    whole = json.dumps({"result": GOOD["ickstream"]["result"]}) + ', "id'
    keeps("ickstream", whole.replace("}, ", ", ", 1).encode())
    keeps("ickstream", json.dumps({"result": GOOD["ickstream"]["result"]}).encode())


def test_signs_of_json_within_a_text_are_text():
    for odd in ('a"b', "a\\", '{"', "}", "]]", ",", '\\"', "é€", "\u20ac"):
        for provider in ("etherfax", "xyte", "ickstream"):
            whole = text(provider, odd=odd, more="m")
            assert keeps(provider, whole.encode()).extra["odd"] == odd
            assert keeps(provider, whole.rstrip("}").encode()).extra["odd"] == odd


def test_what_stands_around_an_answer_costs_nothing():
    for provider in ("etherfax", "xyte", "ickstream"):
        whole = text(provider).encode()
        for before in (b"", b" \r\n", b"\xef\xbb\xbf", b")]}',\n", b"<br />\n<b>Warning</b>: old in <b>a.php</b>\n"):
            for after in (b"", b"\r\n\r\n", b"\0", b"<!-- 3 ms -->", b'{"more": 1}', b"}"):
                keeps(provider, before + whole + after)
    for odd in (b'["x", {"DeviceToken": "t"}]', b'[{"DeviceToken": "t"}]', b'"{"', b"{", b"{{", b'{"a"}', b'{"a" {'):
        raises("answer", parsed, "etherfax", odd)


def test_another_charset_costs_nothing_where_it_is_not_needed():
    for provider in ("etherfax", "xyte", "ickstream"):
        whole = text(provider, name="Caf%", model="m")
        assert keeps(provider, whole.encode().replace(b"%", b"\xe9")).extra["model"] == "m"
        assert keeps(provider, whole.rstrip("}").encode().replace(b"%", b"\xe9")).extra["model"] == "m"
        for first, second in ((b"\0", b""), (b"", b"\0")):  # UTF-16, with a mark and without
            wide = b"".join([first + bytes([byte]) + second for byte in whole.encode()])
            keeps(provider, wide)
            keeps(provider, (b"\xfe\xff" if first else b"\xff\xfe") + wide)
    for needed in (b'{"DeviceToken": "caf\xe9"}', b'{"DeviceToken": "caf\xc3\xa9"}'):
        raises("answer", parsed, "etherfax", needed)


def test_a_list_of_many_objects_is_not_nested_deeply():
    for provider in ("etherfax", "xyte", "ickstream"):
        found = keeps(provider, text(provider, list=[{"a": [number]} for number in range(100)]).encode())
        assert (
            len(found.extra["list"]) == 100 and Credential(provider, *json.loads(found.encode())).extra == found.extra
        )
        signs = "[{" * 100
        assert keeps(provider, text(provider, signs=signs).encode()).extra["signs"] == signs


def test_long_values_are_kept_whole():
    for size in (1000, 4000, 7500):
        value = "0123456789" * (size // 10)
        assert parsed("etherfax", {"DeviceToken": value}).secret.reveal() == value
        assert parsed("xyte", changed(XYTE, {"access_key": value})).secret.reveal() == value


def test_a_number_that_no_float_holds_costs_its_field_and_no_other():
    """1e999 was written as `inf`, which is not JSON: the credential was lost at the next boot."""
    for provider in ("etherfax", "xyte", "ickstream"):
        whole = text(provider, q="@", list=["@", 1], more={"a": {"b": "@"}}, good="g").replace('"@"', "1e999")
        found = keeps(provider, whole.encode())
        again = Credential(provider, *json.loads(found.encode()))
        assert (again.device_id, again.secret.reveal()) == (found.device_id, found.secret.reveal())
        assert again.extra["good"] == "g"


def test_what_has_no_room_in_a_record_is_left_out_and_the_rest_is_kept():
    for provider in ("etherfax", "xyte", "ickstream"):
        for size in (4000, 7000, 8500):
            found = keeps(provider, text(provider, long="é" * (size // 2), short="s", longer="l" * 5000).encode())
            encoded = found.encode()
            again = Credential(provider, *json.loads(encoded))
            assert len(encoded) <= 8192 and again.secret.reveal() == found.secret.reveal()
            assert again.extra["short"] == "s" and again.extra.get("longer", "l")[0] == "l"


SECRET = {
    "mqtt_password": "canary-1",
    "mqttPassword": "canary-1",
    "MQTT_PASSWD": "canary-1",
    "refreshToken": "canary-2",
    "apiKey": "canary-3",
    "key1": "canary-4",
    "keys": ["canary-5"],
    "client_secret": {"value": "canary-6"},
    "credentials": {"user": "canary-7"},
    "pin": 12345678,
    "passphrase": "canary-8",
    "secretCode": "canary-9",
}
PLAIN = {
    "boundTokenStatus": "active",
    "monkey_business": "m",
    "hub": "h",
    "userId": "u",
    "pinned": True,
    "keyboard": "k",
}


def test_what_is_secret_in_an_answer_is_printed_as_stars():
    more = dict(SECRET, deep={"list": [{"mqtt": SECRET}]}, **PLAIN)
    for provider in ("etherfax", "xyte", "ickstream"):
        found = parsed(provider, text(provider, **more).encode())
        for _ in range(2):
            for shown in (str(found.extra), repr(found.extra), str(dict(found.extra)), str(list(found.extra.values()))):
                assert "canary-" not in shown and "12345678" not in shown and "***" in shown
            inner = found.extra["deep"]["list"][0]["mqtt"]
            for name, value in SECRET.items():
                assert found.extra[name].reveal() == value == inner[name].reveal()
            for name, value in PLAIN.items():
                assert found.extra[name] == value
            held = found.extra
            encoded = json.loads(found.encode())
            assert encoded[2]["keys"] == ["canary-5"] and encoded[2]["deep"]["list"][0]["mqtt"] == SECRET
            assert "canary-" not in str(held), "what was taken before is closed again"
            found = Credential(provider, *encoded)
    assert parsed("etherfax", text("etherfax", token="", key=None).encode()).extra == {"token": "", "key": None}


def test_a_provider_says_what_else_is_secret():
    it = config("etherfax").service
    it.SECRETS = ("sip",)
    try:
        found = parsed("etherfax", text("etherfax", sip="canary-1", zip="z").encode())
        assert (
            "canary" not in str(found.extra) and found.extra["sip"].reveal() == "canary-1" and found.extra["zip"] == "z"
        )
    finally:
        del it.SECRETS


def test_an_answer_that_is_a_view_of_a_buffer():
    it = config("etherfax")
    whole = json.dumps(GOOD["etherfax"]).encode()
    answer = Answer(200, memoryview(bytearray(whole + bytes(100)))[: len(whole)])
    assert it.service.parse(it, answer).secret.reveal() == GOOD["etherfax"]["DeviceToken"]


def test_what_is_nested_too_deeply_to_be_written_again_is_left_out():
    for provider in ("etherfax", "xyte", "ickstream"):
        for levels in (31, 60, 400):
            deep = text(provider)[:-1] + ', "more": ' + "[" * levels + "1" + "]" * levels + "}"
            found = keeps(provider, deep.encode())
            assert Credential(provider, *json.loads(found.encode())).secret.reveal() == found.secret.reveal()
            first = '{"more": ' + "[" * levels + "]" * levels + ", " + text(provider)[1:]
            if levels > 31:
                raises("answer", parsed, provider, first.encode())
