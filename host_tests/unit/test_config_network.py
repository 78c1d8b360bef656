"""`network` of enroll.json: Wi-Fi and Ethernet, with addresses of their own or with DHCP's."""

from enroll.config import Secret
from helpers import config, settings
from test_config_mistakes import refused

HOME = {"ip": "192.168.1.5/24", "gateway": "192.168.1.1", "dns": "192.168.1.2"}


def test_every_network_has_every_key():
    wifi, still, cable = config(
        "etherfax",
        network=[{"ssid": "B\u00fcro", "password": "p\u00e4ssword"}, dict(HOME, ssid="a", password=""), dict(HOME)],
    ).network
    nothing = {"ip": None, "gateway": None, "dns": None}
    assert isinstance(wifi["password"], Secret) and wifi.pop("password").reveal() == "p\u00e4ssword"
    assert wifi == dict(nothing, ssid="B\u00fcro")
    assert still == dict(HOME, ssid="a", password=None)
    assert cable == dict(HOME, ssid=None, password=None)


def test_the_longest_and_the_shortest_that_wifi_takes():
    for ssid in ("x", " x ", "x" * 32, "\u00e9" * 16, "\U0001f600" * 8):
        assert config("etherfax", network=[{"ssid": ssid}]).network[0]["ssid"] == ssid
    for password in ("x" * 8, "x" * 63, "\u00e9" * 4, " " * 8, "0123456789abcdefABCDEF" + "0" * 42):
        it = config("etherfax", network=[{"ssid": "a", "password": password}])
        assert it.network[0]["password"].reveal() == password


def test_addresses_at_the_edges():
    for ip, gateway in (
        ("10.0.0.1/30", "10.0.0.2"),
        ("10.255.255.254/8", "10.0.0.1"),
        ("1.0.0.1/1", "100.0.0.1"),
        ("223.255.255.254/24", "223.255.255.1"),
        ("192.168.1.0/23", "192.168.0.255"),
    ):
        found = config("etherfax", network=[{"ip": ip, "gateway": gateway}]).network[0]
        assert (found["ip"], found["gateway"]) == (ip, gateway)


def test_ssids_and_passwords_are_measured_in_bytes():
    for ssid in ("x" * 33, "\u00e9" * 17, "\u4e16" * 11, "a\0b", "", "  "):
        refused(settings("etherfax", network=[{"ssid": ssid}]), "`network", "ssid")
    for password in (
        "short-7",
        "x" * 64,
        "x" * 65,
        "a" * 65,
        "a" * 128,
        "\u00e9" * 32,
        "a" * 63 + "g",
        "line\nbreak",
        "nul\0nul-8",
    ):
        refused(settings("etherfax", network=[{"ssid": "a", "password": password}]), "`network.password`", "bytes")


def test_networks_that_say_too_little():
    home = {"ip": "192.168.1.5/24", "gateway": "192.168.1.1", "dns": "192.168.1.1"}
    for more in ({}, {"password": "password"}, {"ip": None, "gateway": "192.168.1.1"}):
        refused(settings("etherfax", network=[more]), "`network`", "ssid")
    refused(settings("etherfax", network=[dict(home, password="password")]), "ssid")  # a cable has none
    for key in ("gateway", "dns"):
        refused(settings("etherfax", network=[{"ssid": "a", key: home[key]}]), "`network`", key, "`ip`")


def test_invalid_addresses():
    for ip in (
        "192.168.1.5",
        "192.168.1.5/0",
        "192.168.1.5/31",
        "192.168.1.5/32",
        "192.168.1.5/024",
        "192.168.1.5/24/24",
        "192.168.1.5/-24",
        "192.168.1.5/255.255.255.0",
        "192.168.1/24",
        "192.168.1.5.6/24",
        "192.168.1.256/24",
        "192.168.01.5/24",
        "192.168. 1.5/24",
        "192.168.+1.5/24",
        "192.168.1.0/24",
        "192.168.1.255/24",
        "0.0.0.5/24",
        "127.0.0.1/8",
        "224.0.0.1/24",
        "255.255.255.255/24",
        "fe80::1/64",
        "host/24",
        "",
        5,
        [],
    ):
        refused(settings("etherfax", network=[{"ip": ip}]), "`network", "ssid" if ip == "" else "192.168.1.5/24")
    for key in ("gateway", "dns"):
        for bad in ("192.168.1", "192.168.1.1/24", "192.168.1.300", "gateway", "0.0.0.0", "127.0.0.1", "239.1.1.1", 5):
            refused(settings("etherfax", network=[{"ip": "192.168.1.5/24", key: bad}]), "`network." + key)


def test_a_gateway_that_cannot_be_reached():
    for gateway in ("192.168.2.1", "10.0.0.1", "192.168.1.5"):
        refused(settings("etherfax", network=[{"ip": "192.168.1.5/24", "gateway": gateway}]), "`gateway`", "subnet")
