"""Other secrets in an answer are not printed, and are kept."""

import json

from enroll.credential import Credential
from helpers import config
from test_provider_answers import parsed
from test_provider_answers_odd import text

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
            found = Credential(config(provider), *encoded)
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


def test_a_name_that_is_a_number_does_not_crash():
    """MicroPython's JSON takes numbers and lists of them for names."""
    credential = Credential(config("xyte"), "d", "key", {1: "a", "mqtt_password": "hidden", 2.5: {3: "b"}})
    assert credential.extra[1] == "a" and str(credential.extra["mqtt_password"]) == "***"
    assert b"hidden" in credential.encode()
    long = Credential(config("xyte"), "d", "key", {1: "x" * 9000, 2: "short", "three": "short"})
    assert b"three" in long.encode()
