"""enroll.json that is right: every key, its default, and what the board fills in."""

import json
import sys

import enroll
from enroll.config import Config, Secret
from enroll.httpdate import iso_date
from helpers import SECTIONS, changed, config, folder, raises, saved, settings, write


def revealed(section):
    """A section as plain data, without what was left out."""
    plain = {key: value.reveal() if isinstance(value, Secret) else value for key, value in section.items()}
    return {key: value for key, value in plain.items() if value is not None}


def test_the_least_that_each_provider_needs():
    for provider, section in SECTIONS.items():
        it = config(provider)
        assert it.provider == provider
        assert it.url == "http://localhost/api"
        assert revealed(it.section) == section
        assert callable(it.service.register)


def test_defaults():
    it = config("etherfax")
    assert list(it.ntp) == [("pool.ntp.org", 123)]
    assert it.earliest is None
    assert it.timeout == 20
    assert it.first == 5
    assert it.cap == 900
    assert list(it.network) == []
    assert it.store == "state"
    assert it.moved_from == []


def test_every_key_at_the_top():
    ca = write(folder() + "/ca.der", b"a certificate")
    it = config(
        "etherfax",
        url="http://localhost:8080/rest/",
        moved_from=["https://old.example.com/", "http://older.example.com/a"],
        ca=ca,
        ntp=["pool.ntp.org", "time.example.com:1123", "192.0.2.1"],
        earliest="2026-01-01",
        store="here",
        timeout=7.5,
        retry={"first": 1, "cap": 60},
        network=[{"ssid": "Büro", "password": "wifi-canary"}, {"ssid": "open"}],
    )
    assert it.url == "http://localhost:8080/rest"
    assert it.moved_from == ["https://old.example.com", "http://older.example.com/a"]
    assert list(it.ntp) == [("pool.ntp.org", 123), ("time.example.com", 1123), ("192.0.2.1", 123)]
    assert it.earliest == iso_date("2026-01-01")
    assert it.timeout == 7.5
    assert (it.first, it.cap) == (1, 60)
    assert [item["ssid"] for item in it.network] == ["Büro", "open"]
    assert it.network[0]["password"].reveal() == "wifi-canary"
    assert it.network[1]["password"] is None


def test_half_a_retry_object():
    assert config("etherfax", retry={"first": 2}).cap == 900
    assert config("etherfax", retry={"cap": 60}).first == 5


def test_the_default_cap_is_never_below_first():
    it = config("etherfax", retry={"first": 1000})
    assert it.cap == it.first == 1000


def test_every_key_of_etherfax():
    section = {"serial": "S1", "utc_offset": -5.5, "check": "accounts"}
    assert revealed(config("etherfax", section).section) == section


def test_every_key_of_ickstream():
    section = {"address": "192.0.2.7", "scheme": "OAuth", "hardware_id": "h" * 100}
    assert revealed(config("ickstream", section).section) == changed(SECTIONS["ickstream"], section)


def test_ickstream_without_a_registration_token_is_a_device_that_is_registered():
    assert config("ickstream", {"registration_token": "   "}).section["registration_token"] is None


def test_every_key_of_xyte():
    section = {
        "sub_model": "m",
        "name": "Lobby",
        "details": {"floor": 3},
        "children": [{"model_id": "x", "firmware_version": "1"}],
        "static_cert": True,
    }
    assert revealed(config("xyte", section).section) == changed(SECTIONS["xyte"], section)


def test_xyte_by_cloud_id():
    for cloud_id in ("x" + "a1B2" * 4, "x-" + "a1B2" * 4, "partner" + "Z" * 36):
        plain = revealed(config("xyte", {"cloud_id": cloud_id, "mac": None}).section)
        assert plain["cloud_id"] == cloud_id and "mac" not in plain


def test_every_key_of_centagate():
    section = {"token_type": "2", "cen_token": None, "auth_token": "auth-canary", "secret_code": "secret-canary"}
    plain = revealed(config("centagate", section).section)
    assert plain == {key: value for key, value in changed(SECTIONS["centagate"], section).items() if value}


def test_null_is_as_good_as_left_out():
    it = config("etherfax", ntp=None, earliest=None, store=None, timeout=None, retry=None, network=None, ca=None)
    assert (it.timeout, it.first, it.cap, it.store) == (20, 5, 900, "state")


def test_ca_and_store_are_relative_to_the_file():
    where = folder()
    write(where + "/ca.der", b"0")
    it = Config.load(saved(settings("xyte", url="https://localhost", ca="ca.der"), where))
    assert it.ca == where + "/ca.der"
    assert it.store == where + "/state"
    it = Config.load(saved(settings("xyte", store="deep/er"), where))
    assert it.store == where + "/deep/er"


def test_absolute_ca_and_store_stay_as_they_are():
    ca = write(folder() + "/ca.der", b"0")
    it = Config.load(saved(settings("xyte", url="https://localhost", ca=ca, store="/elsewhere")))
    assert (it.ca, it.store) == (ca, "/elsewhere")


def test_a_file_with_blanks_and_line_breaks_around():
    path = write(folder() + "/enroll.json", "\r\n  " + json.dumps(settings("xyte")) + " \n\n")
    assert Config.load(path).provider == "xyte"


FROM_BOARD = (("etherfax", "serial"), ("ickstream", "hardware_id"), ("xyte", "hardware_key"), ("xyte", "mac"))


def test_what_is_left_out_comes_from_the_board():
    for provider, key in FROM_BOARD:
        it = config(provider, {key: None})
        it.complete({"serial": "board", "hardware_id": "board", "hardware_key": "board", "mac": "board", "other": "x"})
        assert revealed(it.section)[key] == "board"


def test_what_only_reads_the_file_is_unloaded():
    network = [{"ssid": "wifi", "ip": "192.0.2.5/24", "gateway": "192.0.2.1"}]
    path = saved(settings("xyte", {"mac": None}, earliest="2026-01-01", timeout=7, network=network))
    it = Config.load(path)
    for _ in range(2):
        for name in ("reader", "scalars", "schema", "values", "ipv4", "httpdate"):
            assert "enroll." + name not in sys.modules and not hasattr(enroll, name), name
        it.complete({"mac": "00:11:22:33:44:55"})  # which wants some of them again


def test_the_board_does_not_override_the_file():
    it = config("etherfax", {"serial": "mine"})
    it.complete({"serial": "board"})
    assert it.section["serial"] == "mine"


def test_the_board_is_not_asked_for_a_mac_where_a_cloud_id_is_given():
    it = config("xyte", {"cloud_id": "x" * 20, "mac": None})
    it.complete({"mac": "board"})
    assert "mac" not in revealed(it.section)
    it.complete({})


def test_what_the_board_lacks_is_named():
    for provider, key in FROM_BOARD:
        for board in ({}, {key: ""}, {key: None}, {key: "   "}):
            error = raises("configuration", config(provider, {key: None}).complete, board)
            assert key in str(error), error


def test_what_the_board_gives_is_checked_like_the_file():
    for provider, key in FROM_BOARD:
        for bad in ("a\r\nb", "é", 5):
            error = raises("configuration", config(provider, {key: None}).complete, {key: bad})
            assert key in str(error), error


def test_a_hardware_id_of_the_board_over_100_characters_is_refused():
    it = config("ickstream", {"hardware_id": None})
    assert "hardware_id" in str(raises("configuration", it.complete, {"hardware_id": "h" * 101}))


def test_secrets_do_not_show():
    secret = Secret("canary")
    for text in (
        repr(secret),
        str(secret),
        "%s" % secret,
        "%r" % secret,
        "{}".format(secret),
        f"{secret} {secret!r}",
        str([secret]),
    ):
        assert "canary" not in text and "***" in text, text
    assert secret.reveal() == "canary"


def test_every_private_key_is_a_secret():
    for provider, keys in (
        ("ickstream", ("registration_token",)),
        ("xyte", ("hardware_key",)),
        ("centagate", ("cen_token",)),
    ):
        for key in keys:
            assert isinstance(config(provider).section[key], Secret), key
    section = config("centagate", {"cen_token": None, "auth_token": "a", "secret_code": "b"}).section
    assert isinstance(section["auth_token"], Secret) and isinstance(section["secret_code"], Secret)
    assert isinstance(config("xyte", network=[{"ssid": "a", "password": "b" * 8}]).network[0]["password"], Secret)
