"""What each provider sends to register, byte for byte."""

from enroll.httpdate import iso_date
from helpers import config, raises

NOW = iso_date("2017-02-02") + 12 * 3600


def request(it, now=NOW):
    """The one request that registers, as (method, URL, JSON body, headers)."""
    steps = it.service.register(it, now)
    sent = steps.send(None)
    assert sent.credential, "its answer carries the credential"
    try:
        steps.send(None)
    except StopIteration:
        pass
    else:
        raise AssertionError("a second request")
    return sent.method, sent.url, sent.body or None, sent.headers


def test_etherfax():
    it = config("etherfax", url="https://na.connect.etherfax.net/rest/2.0/api", ca=__file__)
    assert request(it) == (
        "GET",
        "https://na.connect.etherfax.net/rest/2.0/api/devices?a=register&id=MT873615726&token=414d6d04931da79f6d9925e0c30b85a3",
        None,
        {},
    )


def test_etherfax_with_a_slash_behind_the_url():
    url = request(config("etherfax", url="http://localhost/api/"))[1]
    assert url.startswith("http://localhost/api/devices?a=register&")


def test_etherfax_encodes_the_serial_in_the_url_but_not_in_the_token():
    url = request(config("etherfax", {"serial": "A B&c=d/?"}))[1]
    assert "&id=A%20B%26c%3Dd%2F%3F&token=" in url


def test_etherfax_with_an_offset_from_utc():
    eve = iso_date("2017-02-02") - 3600
    assert request(config("etherfax", {"utc_offset": 1}), eve)[1].endswith("=414d6d04931da79f6d9925e0c30b85a3")
    assert not request(config("etherfax"), eve)[1].endswith("=414d6d04931da79f6d9925e0c30b85a3")


def test_etherfax_with_the_serial_of_the_board():
    it = config("etherfax", {"serial": None})
    it.complete({"serial": "MT873615726"})
    assert request(it) == request(config("etherfax"))


def test_ickstream():
    assert request(config("ickstream", url="http://localhost/jsonrpc")) == (
        "POST",
        "http://localhost/jsonrpc",
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "addDevice",
            "params": {"hardwareId": "hw-1", "applicationId": "app-1"},
        },
        {"Authorization": "Bearer once-canary"},
    )


def test_ickstream_with_an_address_and_another_scheme():
    _, _, body, headers = request(config("ickstream", {"address": "192.0.2.7", "scheme": "OAuth"}))
    assert body["params"] == {"hardwareId": "hw-1", "applicationId": "app-1", "address": "192.0.2.7"}
    assert headers == {"Authorization": "OAuth once-canary"}


def test_ickstream_without_a_token_says_so_before_anything_is_sent():
    it = config("ickstream", {"registration_token": None})
    assert "registration_token" in str(raises("configuration", request, it))


def test_xyte_by_mac_and_serial_number():
    assert request(config("xyte", url="http://localhost")) == (
        "POST",
        "http://localhost/v1/devices",
        {"hardware_key": "key-canary", "sn": "sn-1", "mac": "00:11:22:33:44:55", "firmware_version": "1.0"},
        {},
    )


def test_xyte_by_cloud_id():
    cloud_id = "p" + "x" * 16
    body = request(config("xyte", {"cloud_id": cloud_id, "mac": None}))[2]
    assert body == {"hardware_key": "key-canary", "sn": "sn-1", "cloud_id": cloud_id, "firmware_version": "1.0"}


def test_xyte_with_everything_optional():
    more = {"sub_model": "m", "name": "Lobby 1", "details": {"floor": 3, "tags": ["a"]}}
    body = request(config("xyte", dict(more, children=[], static_cert=True)))[2]
    for key, value in more.items():
        assert body[key] == value
    assert sorted(body) == sorted(["hardware_key", "sn", "mac", "firmware_version"] + list(more))


def test_xyte_with_what_the_board_knows():
    it = config("xyte", {"mac": None, "hardware_key": None})
    it.complete({"mac": "66:55", "hardware_key": "hk"})
    body = request(it)[2]
    assert body["mac"] == "66:55" and body["hardware_key"] == "hk"


def test_centagate_with_a_token_made_elsewhere():
    assert request(config("centagate", url="http://localhost/CentagateWS/webresources")) == (
        "PUT",
        "http://localhost/CentagateWS/webresources/token/registerActiveToken/admin",
        {"username": "user-1", "tokenSn": "60123456789", "tokenType": "1", "cenToken": "ab" * 32},
        {"Accept": "application/json"},
    )


def test_centagate_that_signs_itself():
    it = config(
        "centagate",
        {"cen_token": None, "admin_username": "what do ya want ", "auth_token": "for nothing?", "secret_code": "Jefe"},
    )
    body = request(it)[2]
    assert body["cenToken"] == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert sorted(body) == ["cenToken", "tokenSn", "tokenType", "username"]


def test_centagate_encodes_the_administrator_in_the_url():
    url = request(config("centagate", {"admin_username": "a/b c?d"}))[1]
    assert url.endswith("/token/registerActiveToken/a%2Fb%20c%3Fd")


def test_requests_are_the_same_on_every_attempt():
    for provider in ("etherfax", "ickstream", "xyte", "centagate"):
        it = config(provider)
        assert request(it) == request(it)
