"""Malformed answers: values that are complete are taken, partial ones are not."""

import json

from enroll.credential import Credential
from enroll.providers import Answer
from helpers import changed, config, raises
from test_provider_answers import GOOD, XYTE, parsed


def keeps(provider, body):
    """The Credential in `body`, which is a malformed answer in which no value is partial."""
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
    assert keeps("etherfax", text("etherfax")[:-1].encode() + b', "n": 123, "m": 45').extra == {"n": 123}
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


def test_another_charset_in_broken_json_is_an_answer_that_is_not_understood():
    for broken in (b'{"code": 0, "ob+L\xe4\x96ps "{\\"a|": 1}"}', b'{"a": \xe9 }', b'{"\xff" "b" : }'):
        raises("answer", parsed, "etherfax", broken)


def test_a_list_of_many_objects_is_not_nested_deeply():
    for provider in ("etherfax", "xyte", "ickstream"):
        found = keeps(provider, text(provider, list=[{"a": [number]} for number in range(100)]).encode())
        assert (
            len(found.extra["list"]) == 100
            and Credential(config(provider), *json.loads(found.encode())).extra == found.extra
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
        again = Credential(config(provider), *json.loads(found.encode()))
        assert (again.device_id, again.secret.reveal()) == (found.device_id, found.secret.reveal())
        assert again.extra["good"] == "g"


def test_what_has_no_room_in_a_record_is_left_out_and_the_rest_is_kept():
    for provider in ("etherfax", "xyte", "ickstream"):
        for size in (4000, 7000, 8500):
            found = keeps(provider, text(provider, long="é" * (size // 2), short="s", longer="l" * 5000).encode())
            encoded = found.encode()
            again = Credential(config(provider), *json.loads(encoded))
            assert len(encoded) <= 8192 and again.secret.reveal() == found.secret.reveal()
            assert again.extra["short"] == "s" and again.extra.get("longer", "l")[0] == "l"


def test_thirty_two_levels_are_taken_and_not_one_more():
    for levels in (31, 32, 33, 34):
        raw = b'{"a":' * levels + b"1" + b"}" * levels
        assert (Answer(200, raw).json() == json.loads(raw)) == (levels <= 32), levels


def test_what_is_nested_too_deeply_to_be_written_again_is_left_out():
    for provider in ("etherfax", "xyte", "ickstream"):
        for levels in (31, 60, 400):
            deep = text(provider)[:-1] + ', "more": ' + "[" * levels + "1" + "]" * levels + "}"
            found = keeps(provider, deep.encode())
            assert Credential(config(provider), *json.loads(found.encode())).secret.reveal() == found.secret.reveal()
            first = '{"more": ' + "[" * levels + "]" * levels + ", " + text(provider)[1:]
            if levels > 31:
                raises("answer", parsed, provider, first.encode())
