"""A device out of the box is given its Wi-Fi on a page of its own network, and goes on to register."""

import json
import re
import socket
import time
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest
from improv import Wireless

SECRET = "password-canary"
OWN = "own-canary-1"  # the password of the device's own network
AIR = {"home": SECRET, "café <☕>": "", 'a"b  c ': SECRET}


def free(kind):
    """A port of loopback that nobody uses now."""
    with socket.socket(type=kind) as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


class Phone:
    """A phone that has joined the device's network."""

    def __init__(self, monkeypatch):
        self.web, self.names = free(socket.SOCK_STREAM), free(socket.SOCK_DGRAM)
        self.host = f"127.0.0.1:{self.web}"
        monkeypatch.setenv("ENROLL_PORTAL", f"{self.web},{self.names}")

    def ask(self, path="/", host=None, form=None):
        """(status, address that it leads to, text)"""
        line = HTTPConnection("127.0.0.1", self.web, timeout=10)
        try:
            headers = {"Host": host or self.host, "Content-Type": "application/x-www-form-urlencoded"}
            line.request("POST" if form else "GET", path, urlencode(form or {}), headers)
            answer = line.getresponse()
            return answer.status, answer.getheader("Location"), answer.read().decode()
        finally:
            line.close()

    def page(self):
        """The page, once the device serves one."""
        end = time.monotonic() + 20
        while True:
            try:
                status, _, text = self.ask()
                assert status == 200
                return text
            except OSError:
                assert time.monotonic() < end, "no page is served"
                time.sleep(0.1)

    def give(self, key, ssid, password, hidden=""):
        """Fill in the form; the page once the device knows what became of it."""
        assert self.ask(form={"k": key, "s": ssid, "o": hidden, "p": password})[:2] == (302, f"http://{self.host}/")
        while True:
            text = self.page()
            if "http-equiv=refresh" not in text:
                return text
            time.sleep(0.2)


@pytest.fixture
def phone(monkeypatch):
    return Phone(monkeypatch)


def key_of(page):
    return re.search(r"name=k value=(\w+)", page)[1]


def said(page):
    return re.search("role=status>(.*?)</p>", page)[1]


def test_a_device_without_a_network_is_given_one_on_its_page_and_registers(make, runtime, phone):
    device = make("etherfax", runtime)
    device.write(json.loads(device.path.read_text()) | {"portal": {"ssid": "Acme 1", "password": OWN}})
    with Wireless(device, AIR) as boxed:
        page = phone.page()
        assert '<option value="café &#60;☕>">' in page and '<option value="a&#34;b  c ">' in page
        assert phone.ask("/generate_204", "connectivitycheck.gstatic.com")[:2] == (302, f"http://{phone.host}/")
        assert said(phone.give(key_of(page), "home", "wrong-canary")) == "`home` wrong password"
        assert said(phone.give(key_of(page), "", SECRET, hidden="home ")).startswith(
            "The network works: registered etherfax "
        )
        assert boxed.ends() == 0
        assert "canary" not in boxed.log() and "join `Acme 1`, then open" in boxed.log()
    with pytest.raises(OSError):
        phone.ask()
    with Wireless(device, {}) as again:
        assert again.ends() == 0, "the second boot needs no network"
