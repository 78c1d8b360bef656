"""enroll.json that is missing, unreadable or no JSON."""

from enroll.config import Config
from helpers import folder, raises, write

WHOLE = '{"provider": "etherfax", "url": "http://h", "ntp": ["a", "b"], "etherfax": {"serial": "x"}}'


def load(text):
    """The configuration in a file that holds `text`, str or bytes."""
    return Config.load(write(folder() + "/enroll.json", text))


def refused(text, words, line):
    """Check that a file that holds `text` is refused with `words`, and with the line."""
    message = str(raises("configuration", load, text))
    assert words in message and "enroll.json" in message and message.endswith("line %d" % line), (text, message)


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
        refused(text, "broken JSON", line)


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
    ):
        assert text != whole
        message = str(raises("configuration", Config.load, write(folder() + "/enroll.json", text)))
        assert "broken JSON" in message, message


def test_keys_that_are_no_text_and_deep_nesting_are_mistakes_like_any_other():
    whole = '{"provider": "etherfax", "url": "http://h", "etherfax": {"serial": "x"}%s}'
    for more in (", 1: 2", ", 1 : 2", ", null : 1", ', "a": ' + "[" * 900 + "]" * 900):
        error = raises("configuration", Config.load, write(folder() + "/enroll.json", whole % more))
        assert "[" in more or "broken JSON" in str(error), error


def test_every_spelling_of_json_is_taken():
    plain = load(WHOLE)
    pretty = WHOLE.replace(",", "\r\n\t ,\r\n").replace(":", " :\n").replace("http :\n", "http:").replace("[", "[ \n")
    for text in (
        b"\xef\xbb\xbf" + WHOLE.encode(),
        b"\xef\xbb\xbf\r\n" + WHOLE.encode() + b"\n\n",
        pretty,
        WHOLE.replace("http://h", r"http:\/\/h"),
        WHOLE.replace("http://h", "http:" + r"\u002f\u002F" + "h"),
        WHOLE.replace("provider", r"pro\u0076ider"),
        WHOLE.replace('"x"}', '"x", "check": null, "utc_offset": -0.0E+0}'),
    ):
        it = load(text)
        assert (it.provider, it.url, it.ntp) == (plain.provider, plain.url, plain.ntp), text
        assert it.section["serial"] == "x"


def test_every_escape_in_a_string():
    for spelled, plain in (
        (r"\u002c\u007D\u005b", ",}["),
        (r"a\"b\\c\/d", 'a"b\\c/d'),
        (r"\b\f\n\r\t", "\b\f\n\r\t"),
        (r"\u00e9\u4e16\uFFFD", "\u00e9\u4e16\ufffd"),
        (r"\ud83d\uDE00!\uDBFF\udfff", "\U0001f600!\U0010ffff"),
        (r"\\ud83d\\", "\\ud83d\\"),
        ("\U0001f600\x7f", "\U0001f600\x7f"),
    ):
        text = WHOLE.replace("{", '{"network": [{"ssid": "%s"}], ' % spelled, 1)
        ssid = load(text).network[0]["ssid"]
        assert ssid == plain and ssid.encode() == plain.encode(), (spelled, ssid)


def test_every_number_of_json():
    for number in ("1", "20", "1.5", "2e1", "2E+1", "200e-1", "0.5e2", "20.00000000000000000000000000000000000000001"):
        it = load(WHOLE.replace("{", '{"timeout": %s, ' % number, 1))
        assert abs(it.timeout - float(number)) < 0.001, number


def test_text_that_is_not_json_is_named_with_its_line():
    for bad in (
        "01", "+1", ".5", "1.", "1e", "1e+", "-", "0x10", "1_0", "1 2", "NaN", "Infinity", "-Infinity", "True",
        "nul", "nulls", "'text'", "text", '"a\tb"', '"a\nb"', r'"\x41"', r'"\u12"', r'"\u12g4"', r'"\ud83d"',
        r'"\ud83d\u0041"', r'"\ude00"', r'"\ud83dx\ude00"', '"a', '"a\\', "", "/* 5 */ 5", "5 // five", "[1,]",
        "[,1]", "[1,,2]", "[1 2]", "[1", "[1}", "{]", "{1: 2}", '{"a" 1}', '{"a": 1,}', '{"a": 1 "b": 2}',
        '{"a": }', '{"a"}', "{,}", "5}, {",
    ):  # fmt: skip
        message = str(raises("configuration", load, '{\n"provider": "etherfax",\n"timeout": %s\n, "url": 1}' % bad))
        assert "broken JSON" in message, (bad, message)
        assert message.endswith("line 3") or message.endswith("line 4"), (bad, message)


def test_no_control_character_stands_in_a_string_as_it_is():
    for character in ("\x01", "\t", "\x1f"):
        path = write(folder() + "/enroll.json", '{"provider": "a%sb"}' % character)
        assert "broken JSON" in str(raises("configuration", Config.load, path))


def test_what_stands_behind_the_json_is_named_too():
    for more in ("}", ",", "{}", "x", "\0", '"'):
        refused(WHOLE + "\n\n" + more, "broken JSON", 3)


def test_a_file_that_is_not_in_utf_8_is_named_with_its_line():
    refused(b'{\n\n"\xe9t\xe9": 1}', "UTF-8", 3)
    refused(b"\xff\xfe{\0}\0", "UTF-8", 1)


def test_a_key_that_is_there_twice_is_named_with_its_line():
    refused(WHOLE.replace('"url"', '"provider": "etherfax", "url"'), "`provider` appears twice", 1)
    refused(WHOLE.replace('"x"', '"x",\n"serial": "y"'), "`serial` appears twice", 2)
    refused(WHOLE.replace('"x"', '"x",\n"seri\\u0061l": "y"'), "`serial` appears twice", 2)


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
