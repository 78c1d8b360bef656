"""enroll.json that is wrong: each mistake is one EnrollError of kind configuration that names the key."""

from enroll.config import Config
from helpers import LEFT_OUT, SECTIONS, folder, raises, saved, settings

TEXTS = {
    "etherfax": ("serial",),
    "ickstream": ("hardware_id", "application_id", "registration_token", "address", "scheme"),
    "xyte": ("hardware_key", "sn", "mac", "firmware_version", "sub_model", "name"),
    "centagate": ("admin_username", "username", "token_sn", "token_type", "cen_token"),
}


def refused(data, *words):
    """Check that `data` is refused in one line with all of `words`."""
    message = str(raises("configuration", Config, data))
    for word in words:
        assert word in message, (word, message)
    assert "\n" not in message and "\r" not in message
    assert "canary" not in message
    return message


def wrong(key, *values, **more):
    """Check that each of `values` for `key` at the top is refused with the key's name."""
    for value in values:
        refused(settings("etherfax", **{key: value}), key)


def test_unknown_key():
    refused(settings("etherfax", proxy="x"), "proxy")
    refused(settings("etherfax", {"serail": "x"}), "serail")
    refused(settings("etherfax", retry={"last": 1}), "retry", "last")
    refused(settings("etherfax", network=[{"ssid": "a", "channel": 1}]), "network", "channel")


def test_the_section_of_another_provider_is_an_unknown_key():
    refused(settings("etherfax", xyte=SECTIONS["xyte"]), "xyte")


def test_missing_keys_at_the_top():
    refused({"url": "http://localhost"}, "provider")
    refused(settings("etherfax", url=LEFT_OUT), "url")
    refused({}, "provider")


def test_missing_keys_in_a_section():
    refused(settings("xyte", {"firmware_version": LEFT_OUT}), "firmware_version")
    refused(settings("xyte", {"sn": LEFT_OUT}), "sn")
    refused(settings("ickstream", {"application_id": LEFT_OUT}), "application_id")
    for key in ("admin_username", "username", "token_sn", "token_type"):
        refused(settings("centagate", {key: LEFT_OUT}), key)
    refused(settings("xyte", xyte=LEFT_OUT), "xyte")


def test_a_section_that_is_no_object():
    for value in ("text", 5, [], True):
        refused(settings("etherfax", etherfax=value), "etherfax")


def test_an_invalid_provider():
    for name in (
        "",
        " ",
        "nobody",
        "Xyte",
        "xyte ",
        "a b",
        "x",
        ".",
        "..",
        "xyte.x",
        "__init__",
        "/etc",
        "../errors",
        "url",
        "é",
        "a\nb",
    ):
        refused({"provider": name, "url": "http://localhost", name: {}}, "`provider`")
    for name in (5, None, True, [], {}, ["xyte"]):
        raises("configuration", Config, {"provider": name, "url": "http://localhost"})


def test_wrong_types_at_the_top():
    wrong("url", 5, None, True, [], {})
    wrong("ca", 5, True, [], {})
    wrong("store", 5, True, [], {})
    wrong("ntp", "pool.ntp.org", 5, True, {}, [5], [None], [["a"]], [{}])
    wrong("earliest", 20260101, True, [], {})
    wrong("timeout", "20", True, [], {})
    wrong("retry", 5, "5", True, [], [5])
    wrong("network", {}, "ssid", 5, True, ["ssid"], [5], [None], [["a"]])


def test_wrong_types_in_retry_and_network():
    for key in ("first", "cap"):
        for value in ("5", True, [], {}):
            refused(settings("etherfax", retry={key: value}), key)
    for value in (5, True, [], {}, "", None):
        refused(settings("etherfax", network=[{"ssid": value}]), "ssid")
    refused(settings("etherfax", network=[{"password": "canary-9"}]), "ssid")
    refused(settings("etherfax", network=[{"ssid": "a", "password": 5}]), "password")


def test_wrong_types_in_sections():
    for provider, keys in TEXTS.items():
        for key in keys:
            for value in (5, True, [], {}):
                refused(settings(provider, {key: value}), key)
    for value in ("1", True, [], {}):
        refused(settings("etherfax", {"utc_offset": value}), "utc_offset")
    for value in ("x", 5, [], True):
        refused(settings("xyte", {"details": value}), "details")
    for value in ("x", 5, {}, True):
        refused(settings("xyte", {"children": value}), "children")
    for value in ("x", 5, {}, []):
        refused(settings("xyte", {"static_cert": value}), "static_cert")


def test_children_that_are_no_objects():
    for value in ([5], ["x"], [None], [[]]):
        refused(settings("xyte", {"children": value}), "children")


def test_bad_urls():
    for url in (
        "",
        "localhost",
        "ftp://localhost",
        "http://",
        "http:///x",
        "http://localhost:port",
        "http://localhost:70000",
        "http://user:canary@localhost",
        "http://local host",
        "http://localhost/\r\nX: y",
        "http://bücher.example",
        "http://[::1]/",
        "http://localhost/#part",
    ):
        refused(settings("etherfax", url=url), "url")


def test_bad_addresses_that_the_service_had_before():
    wrong("moved_from", "http://old", [], {}, 5, [5], [None], ["old"], ["http://old", "http://old/?a=b"])


def test_https_without_a_ca_that_is_there():
    refused(settings("etherfax", url="https://localhost"), "ca")
    refused(settings("etherfax", url="https://localhost", ca=""), "ca")
    assert "`ca` is missing" in refused(settings("etherfax", url="https://localhost", ca=" "))
    refused(
        settings("etherfax", url="https://localhost", ca=folder() + "/missing.der"), "ca", "/missing.der, no such file"
    )
    refused(settings("etherfax", ca=folder() + "/missing.der"), "ca", "/missing.der, no such file")
    path = saved(settings("etherfax", url="https://localhost", ca="missing.der"))
    message = str(raises("configuration", Config.load, path))
    assert "`ca` names " + path.replace("enroll.json", "missing.der") in message


def test_bad_time_servers():
    for where in (
        "",
        "host:",
        "host:0",
        "host:x",
        "host:70000",
        "ho st",
        "host\r\n",
        "http://host",
        "user@host",
        "host/path",
        "host?",
        "host:8_0",
    ):
        wrong("ntp", [where], ["pool.ntp.org", where])
    wrong("ntp", [])


def test_bad_earliest():
    wrong("earliest", "today", "2026-02-30", "2026-13-01", "1969-12-31", "2026", "01.02.2026")


def test_invalid_times():
    wrong("timeout", 0, -1, 0.999, 86401, 1e12)
    for key in ("first", "cap", "renew"):
        for value in (0, -1, 0.01, 0.999, 86401, 1e12):
            refused(settings("etherfax", retry={key: value}), key)


def test_a_store_in_nvs_is_a_path():
    for name in ("nvs:enroll", "nvs:", "/nvs/", "/nvs/sixteen-letters-", "/nvs//x"):
        refused(settings("etherfax", store=name), "`store` must be", "/nvs/")
    for name in ("/nvs/enroll", "/nvs/fifteen-letters", "/nvs/enroll/more-than-fifteen-letters"):
        assert Config(settings("etherfax", store=name)).store == name


def test_a_cap_below_first():
    refused(settings("etherfax", retry={"first": 100, "cap": 10}), "retry.cap", "retry.first")
    refused(settings("etherfax", retry={"cap": 1}), "retry.cap", "retry.first")


def test_utc_offset_of_a_day_and_more():
    for value in (24, -24, 25, 1e9, -1e9):
        refused(settings("etherfax", {"utc_offset": value}), "utc_offset")


def test_identities_over_100_characters():
    refused(settings("ickstream", {"hardware_id": "h" * 101}), "hardware_id", "100")
    refused(settings("etherfax", {"serial": "S" * 101}), "serial", "100")


def test_token_type_other_than_1_or_2():
    for value in ("0", "3", "SMS", "12", " 1"):
        refused(settings("centagate", {"token_type": value}), "token_type")


def test_cen_token_and_the_secrets_it_is_derived_from_exclude_each_other():
    for given in (
        {"cen_token": None},
        {"cen_token": "canary", "auth_token": "canary", "secret_code": "canary"},
        {"cen_token": "canary", "auth_token": "canary"},
        {"cen_token": "canary", "secret_code": "canary"},
        {"cen_token": None, "auth_token": "canary"},
        {"cen_token": None, "secret_code": "canary"},
    ):
        refused(settings("centagate", given), "cen_token")


def test_mac_and_cloud_id_exclude_each_other():
    refused(settings("xyte", {"cloud_id": "x" * 20}), "mac", "cloud_id")


def test_cloud_id_of_another_form():
    for value in (
        "short",
        "x" * 16,
        "partner-" + "x" * 15,
        "p" + "x" * 15 + "-",
        "p" + "x" * 15 + " ",
        "p" * 100,
        "p" + "x" * 10 + "-" + "x" * 5,
    ):
        refused(settings("xyte", {"cloud_id": value, "mac": None}), "cloud_id")


def test_empty_texts_where_one_is_needed():
    for provider, keys in (
        ("etherfax", ("serial",)),
        ("ickstream", ("hardware_id", "application_id")),
        ("xyte", ("hardware_key", "mac", "firmware_version", "sn")),
        ("centagate", ("admin_username", "username", "token_sn", "token_type", "cen_token")),
    ):
        for key in keys:
            for blank in ("", " ", "\t"):
                refused(settings(provider, {key: blank}), key)


def test_line_breaks_and_control_characters():
    for provider, keys in TEXTS.items():
        for key in keys:
            for bad in ("a\r\nX-Canary: b", "a\nb", "a\0b", "a\x1fb", "a\x7f"):
                refused(settings(provider, {key: bad}), key)


def test_text_beyond_ascii_where_the_wire_wants_ascii():
    for provider, keys in TEXTS.items():
        for key in keys:
            if key != "name":
                refused(settings(provider, {key: "canary-é"}), key)


def test_a_path_that_is_empty_or_no_text():
    """It ended as an IndexError or a KeyError: a boot loop in place of a sentence."""
    for path in ("", " ", {}, [], ["/"], 5, {"0": "/"}):
        section = {"client_id": "a", "serial": "a", "device_path": path, "token_path": "/"}
        data = {"provider": "oauth", "url": "http://localhost", "oauth": section}
        refused(data, "`oauth.device_path` must be a path that begins with /")


def test_an_address_with_a_negative_part():
    for ip in ("10.0.0.-5/24", "10.0.-1.5/24", "-10.0.0.5/24", "10.0.0.5/-8"):
        refused(settings("etherfax", network=[{"ip": ip}]), "network.ip")


def test_a_date_in_another_spelling():
    """Only YYYY-MM-DD is a date."""
    wrong(
        "earliest",
        "2026-1-001",
        "2026-+1-01",
        "2026- 1-01",
        "2026-01-1 ",
        "+2026-1-01",
        "2026-011-1",
        "999999-1-1",
        "99999999999-1-1",
    )
