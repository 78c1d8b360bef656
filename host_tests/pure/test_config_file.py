"""enroll.json that is missing, unreadable or no JSON."""

import sys

from enroll.config import Config
from helpers import folder, raises, write


def test_missing_file():
    path = folder() + "/enroll.json"
    assert "enroll.json" in str(raises("configuration", Config.load, path))


def test_a_folder_instead_of_a_file():
    raises("configuration", Config.load, folder())


def test_file_that_is_no_utf_8():
    path = write(folder() + "/enroll.json", b'{"provider": "\xff\xfe"}')
    raises("configuration", Config.load, path)


def test_broken_json_is_named_with_its_line():
    for text, line in (('{\n"a": nope,\n"b": 1\n}', 2), ('{"a": 1,\n\n"b": nope', 3), ("{\n}\n}\n\n}", 3)):
        message = str(raises("configuration", Config.load, write(folder() + "/enroll.json", text)))
        assert "JSON" in message and "enroll.json" in message
        if sys.implementation.name == "micropython":
            assert "line %d" % line in message, (text, message)


def test_what_a_lenient_parser_takes_is_broken_json_too():
    whole = '{"provider": "etherfax", "url": "http://h", "ntp": ["a", "b"], "etherfax": {"serial": "x"}}'
    Config.load(write(folder() + "/enroll.json", whole))
    for text in (
        whole.replace('", "url', '" "url'),
        whole.replace('"url": ', '"url" '),
        whole.replace('"a", "b"', '"a" "b"'),
        whole.replace('"]', '"'),
        whole.replace('"x"}', '"x"'),
        whole.replace('"x"}', '"x",}'),
        whole.replace('"b"]', '"b",]'),
        whole.replace('"url"', '"provider": "etherfax", "url"'),
    ):
        assert text != whole
        message = str(raises("configuration", Config.load, write(folder() + "/enroll.json", text)))
        assert "broken JSON" in message, message


def test_keys_that_are_no_text_and_deep_nesting_are_mistakes_like_any_other():
    whole = '{"provider": "etherfax", "url": "http://h", "etherfax": {"serial": "x"}%s}'
    for more in (", 1: 2", ", null: 1", ', "a": ' + "[" * 900 + "]" * 900):
        raises("configuration", Config.load, write(folder() + "/enroll.json", whole % more))


def test_json_that_ends_early():
    for text in (
        "",
        " ",
        "\n",
        "{",
        "[",
        '"',
        '{"provider": "xyte"',
        '{"provider": "xyte", ',
        '{"provider": {"a": 1}',
        "nul",
    ):
        raises("configuration", Config.load, write(folder() + "/enroll.json", text))


def test_json_that_is_no_object():
    for text in ("[]", "5", '"text"', "null", "true", '[{"provider": "xyte"}]'):
        raises("configuration", Config.load, write(folder() + "/enroll.json", text))
    for data in ([], 5, "text", None):
        raises("configuration", Config, data)


def test_deeply_nested_json_is_an_error_like_any_other():
    deep = 200
    raises("configuration", Config.load, write(folder() + "/enroll.json", '{"a":' * deep + "1" + "}" * deep))
