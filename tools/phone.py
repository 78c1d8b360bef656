"""A phone in the network that a device makes, see lib/enroll/portal.py. On loopback, for tests and pictures."""

from __future__ import annotations

import json
import re
import socket
import time
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import loopback
from devices import Device
from improv import Wireless

PATIENCE = 20.0  # seconds


class Boxed(Wireless):
    """A context in which `device` runs with the Wi-Fi `air`, {name: password}, and makes the network `own`,
    {"ssid", "password"}.

    `address`: of its page. `names`: the port of its name server.
    """

    def __init__(self, device: Device, air: dict[str, str], own: dict[str, str]) -> None:
        self.web, self.names = loopback.free(), loopback.free(socket.SOCK_DGRAM)
        self.host = f"127.0.0.1:{self.web}"
        self.address = f"http://{self.host}/"
        device.write(json.loads(device.path.read_text()) | {"portal": own})
        super().__init__(device, air, ENROLL_PORTAL=f"{self.web},{self.names}")

    def ask(self, path: str = "/", host: str = "", form: dict[str, str] | None = None) -> tuple[int, str | None, str]:
        """(status, address that it leads to, text)"""
        line = HTTPConnection("127.0.0.1", self.web, timeout=PATIENCE)
        try:
            headers: dict[str, Any] = {"Host": host or self.host, "Content-Type": "application/x-www-form-urlencoded"}
            line.request("POST" if form else "GET", path, urlencode(form) if form else None, headers)
            answer = line.getresponse()
            return answer.status, answer.getheader("Location"), answer.read().decode()
        finally:
            line.close()

    def page(self) -> str:
        """The page, once the device serves it."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                status, _, text = self.ask()
                assert status == 200, text
                return text
            except OSError:
                assert time.monotonic() < end, f"no page is served: {self.log()}"
                time.sleep(0.05)

    def give(self, ssid: str, password: str, hidden: str = "") -> str:
        """Fill in the form. Returns what the page says once it is known what became of the network."""
        found = re.search(r"name=k value=(\w+)", self.page())
        assert found, "the page has no form"
        form = {"k": found[1], "s": ssid, "o": hidden, "p": password}
        assert self.ask(form=form)[:2] == (302, self.address)
        while "http-equiv=refresh" in (text := self.page()):
            time.sleep(0.05)
        said = re.search("role=status>(.*?)</p>", text)
        assert said, text
        return said[1]
