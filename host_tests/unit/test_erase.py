"""The one-time registration token is erased from enroll.json, and the file survives that."""

import json
import os

from enroll.config import Config
from enroll.erase import erase as erase_used
from helpers import SECTIONS, changed, folder, raises, read, saved, settings, write

KEY = "registration_token"


def erase(config):
    """Erase the token; returns whether that logged nothing."""
    lines = []
    erase_used(config, lines.append)
    assert all(["canary" not in line for line in lines])
    return not lines


def names(path):
    return sorted(os.listdir(path.rsplit("/", 1)[0]))


def test_the_token_is_gone_and_all_else_is_there():
    data = settings("ickstream", timeout=7)
    path = saved(data)
    config = Config.load(path)
    assert erase(config) is True
    assert b"once-canary" not in read(path)
    after = json.loads(read(path))
    assert not (after["ickstream"].pop(KEY) or "").strip()
    assert after == changed(data, {"ickstream": {"hardware_id": "hw-1", "application_id": "app-1"}})
    assert names(path) == ["enroll.json"], "no copy is left"


def test_the_file_loads_afterwards_and_says_that_there_is_no_token():
    path = saved(settings("ickstream"))
    config = Config.load(path)
    erase(config)
    assert config.section[KEY] is None
    assert Config.load(path).section[KEY] is None


def test_erasing_twice_changes_nothing():
    path = saved(settings("ickstream"))
    erase(Config.load(path))
    before = read(path)
    assert erase(Config.load(path)) is True
    assert read(path) == before


def test_a_configuration_that_came_from_no_file():
    assert erase(Config(settings("ickstream"))) is True


def test_a_token_with_quotes_and_backslashes():
    token = 'on"ce\\canary/'
    path = saved(settings("ickstream", {KEY: token}))
    assert erase(Config.load(path)) is True
    assert b"canary" not in read(path)
    assert Config.load(path).section[KEY] is None


def test_the_copy_is_used_where_power_failed_while_the_file_was_written():
    where = folder()
    whole = json.dumps(settings("ickstream", {KEY: "  "}))
    write(where + "/enroll.json.whole", whole)
    for broken in ("", whole[: len(whole) // 2], "\0" * len(whole), whole[:-1]):
        config = Config.load(write(where + "/enroll.json", broken))
        assert config.section["hardware_id"] == "hw-1" and config.section[KEY] is None


def test_a_broken_copy_does_not_hide_a_whole_file():
    path = saved(settings("ickstream"))
    write(path + ".whole", '{"provider"')
    assert Config.load(path).section[KEY].reveal() == "once-canary"


def test_a_broken_file_with_a_broken_copy_is_an_error():
    path = write(folder() + "/enroll.json", '{"provider')
    write(path + ".whole", "{")
    raises("configuration", Config.load, path)


def test_a_mistake_in_a_whole_file_is_named_although_there_is_a_copy():
    path = saved(settings("ickstream", timeout="x"))
    write(path + ".whole", json.dumps(settings("ickstream")))
    assert "timeout" in str(raises("configuration", Config.load, path))


def test_a_file_that_has_gone_is_said_to_be_left():
    path = saved(settings("ickstream"))
    config = Config.load(path)
    os.remove(path)
    assert erase(config) is False


def test_other_texts_of_the_file_keep_what_looks_like_the_token():
    section = changed(SECTIONS["ickstream"], {"application_id": "once-canary-app"})
    path = saved(settings("ickstream", section))
    erase(Config.load(path))
    assert Config.load(path).section["application_id"] == "once-canary-app"


def spelled(old, new):
    """An enroll.json in which `old` is written as `new`."""
    path = saved(settings("ickstream", {"address": "once-canary"}))
    text = read(path)
    assert text.count(old) >= 1
    write(path, text.replace(old, new, 1))
    return path


def test_a_token_or_its_key_that_is_written_with_escapes():
    for old, new in (
        (b'"registration_token": "once-canary"', b'"registration_token": "\\u006fnce-canary"'),
        (b'"registration_token": "once-canary"', b'"registration_tok\\u0065n": "once-canary"'),
    ):
        path = spelled(old, new)
        config = Config.load(path)
        assert erase(config) is True
        assert config.section[KEY] is None
        after = json.loads(read(path))["ickstream"]
        assert not (after[KEY] or "").strip() and after["address"] == "once-canary", "another value was erased"
        assert names(path) == ["enroll.json"], "no copy is left"
