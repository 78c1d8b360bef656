"""A device out of the box is given its Wi-Fi on a page of its own network, and goes on to register."""

import socket

import pytest
from improv import Wireless
from phone import Boxed

SECRET = "password-canary"
OWN = {"ssid": "Acme 1", "password": "own-canary-1"}
AIR = {"home": SECRET, "café <☕>": "", 'a"b  c ': SECRET}
QUESTION = b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + b"\7captive\5apple\3com\0\0\1\0\1"


def resolved(boxed):
    """What the device's name server answers."""
    with socket.socket(type=socket.SOCK_DGRAM) as it:
        it.settimeout(10)
        it.sendto(QUESTION, ("127.0.0.1", boxed.names))
        return it.recv(512)


def test_a_device_without_a_network_is_given_one_on_its_page_and_registers(make, runtime):
    with Boxed(make("etherfax", runtime), AIR, OWN) as boxed:
        page = boxed.page()
        assert '<option value="café &#60;☕>">' in page and '<option value="a&#34;b  c ">' in page
        assert resolved(boxed).endswith(bytes([127, 0, 0, 1]))
        assert boxed.ask("/generate_204", "connectivitycheck.gstatic.com")[:2] == (302, boxed.address)
        assert boxed.give("home", "wrong-canary") == "`home` wrong password"
        assert boxed.give("", SECRET, hidden="home ").startswith("The network works: registered etherfax ")
        assert boxed.ends() == 0
        assert "canary" not in boxed.log() and "join `Acme 1`, then open" in boxed.log()
    with pytest.raises(OSError):
        boxed.ask()
    with Wireless(boxed.device, {}) as again:
        assert again.ends() == 0, "the second boot needs no network"
