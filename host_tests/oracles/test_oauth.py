"""OAuth: the firmware against oidc-provider, a server that is not ours."""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import on_micropython
import pytest
import trustme
from devices import Device
from enroll_tools.sandbox import Sandbox
from oracles.conftest import FETCHED, HERE
from program import run
from runtimes import first

USERINFO = """
session = enroll.Session(config, port, log=log)
print(session.request("GET", "").status_code)
"""
# One attempt that asks once, and does not wait for a person. Then a line with its outcome.
ATTEMPT = """
from enroll import tasks
enroller = enroll.Enroller(config, port, log=log)
enroller.patience = 4
action = tasks.run(enroller.attempt(), port.feed, port.sleep, enroller)
enroller.close()
print(action.error.kind if action.error else "registered", action.error)
"""
EXPIRED = """
import enroll.providers.oauth as oauth
oauth.expires = lambda credential: 0 if credential is known else 1 << 40
known = enroll.stored(config, port)
session = enroll.Session(config, port, known, log=log)
print(session.request("GET", "").status_code)
"""


# The same, and nobody waits for a person.
AGAIN = f"""
from enroll.enroller import Enroller
Enroller.patience = 4
try:
    {EXPIRED.strip().replace(chr(10), chr(10) + "    ")}
except enroll.EnrollError as error:
    print(error.kind)
"""


class Server:
    """oidc-provider in a process of its own."""

    def __init__(self, folder: Path, ntp: str, **ttl: int) -> None:
        self.ntp = ntp
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1")
        self.ca = folder / "ca.pem"
        authority.cert_pem.write_to_path(self.ca)
        environment = {**os.environ, "NODE_PATH": str(FETCHED / "node_modules")}
        command = ["node", str(HERE / "oidc_server.mjs")]
        self.process = subprocess.Popen(
            command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self.process.stdin and self.process.stdout
        cert = "".join(pem.bytes().decode() for pem in issued.cert_chain_pems)
        key = issued.private_key_pem.bytes().decode()
        self.process.stdin.write(json.dumps({"cert": cert, "key": key, "ttl": ttl}) + "\n")
        self.process.stdin.flush()
        port = self.process.stdout.readline().strip()
        assert port, self.process.stderr and self.process.stderr.read()
        self.url = f"https://127.0.0.1:{port}"

    def person(self, what: str, code: str = "") -> None:
        """What a person does in a browser: approve, deny."""
        trusted = ssl.create_default_context(cafile=self.ca)
        with urllib.request.urlopen(f"{self.url}/person/{what}", code.encode(), context=trusted) as answer:
            assert answer.status == 204

    def device(self, folder: Path, **section: Any) -> Device:
        device = Device(folder / "device", first(), on_micropython.library())
        section = {"serial": "board-1", "device_path": "/device/auth", "token_path": "/token", **section}
        section = {"scope": "openid offline_access", "api": self.url + "/me", **section}
        device.write({"provider": "oauth", "url": self.url, "ca": str(self.ca), "oauth": section, "ntp": [self.ntp]})
        return device


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not (FETCHED / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("packages of npm are not there: install Node and run 'make test-oracles'")
    with Sandbox() as sandbox:
        server = Server(tmp_path_factory.mktemp("oidc"), sandbox.ntp)
        yield server
        server.process.communicate()


def attempt(device: Device) -> tuple[str, str]:
    """The outcome of one attempt, and the code that it has shown."""
    outcome = run(device, ATTEMPT)[0]
    return outcome, (re.findall("code ([A-Z-]+) at", device.heard[-1]) or [""])[-1]


def approved(server: Server, device: Device) -> None:
    """Let a person approve `device`, which asks for it."""
    outcome, code = attempt(device)
    assert outcome == "server", device.heard[-1]
    server.person("approve", code)
    assert attempt(device)[0] == "registered", device.heard[-1]


def copy(device: Device, name: str) -> Path:
    """What is on flash now, in another folder."""
    return Path(shutil.copytree(device.folder / "state", device.folder / name, dirs_exist_ok=True))


CLIENTS = {
    "with secret": {"client_id": "with secret", "client_secret": "s:%+/ secret"},
    "public": {"client_id": "public"},
}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_person_approves_the_device(server, tmp_path, client):
    device = server.device(tmp_path, **CLIENTS[client])
    approved(server, device)
    assert device.boot().returncode == 0
    assert run(device, USERINFO) == ["200"]


def test_slow_down_and_a_denial(server, tmp_path):
    device = server.device(tmp_path, client_id="public")
    assert attempt(device)[0] == "server"
    server.person("hurry")
    outcome, code = attempt(device)
    assert outcome == "server" and json.loads(kept(device))["code"][3] == 10
    server.person("deny", code)
    assert attempt(device)[0] == "refused"
    approved(server, device)


def kept(device: Device) -> str:
    """The newest of what Keep has on flash."""
    program = "from enroll.steps import kept\nimport json\nprint(json.dumps(kept(config)).replace(' ', ''))"
    return run(device, program)[0]


def test_a_code_that_expires(tmp_path, server):
    other = Server(tmp_path, server.ntp, DeviceCode=2)
    try:
        device = other.device(tmp_path, client_id="public")
        outcome, code = attempt(device)
        time.sleep(3)
        assert attempt(device) == ("server", code)
        assert "has expired" in device.heard[-2]
        outcome, another = attempt(device)
        assert outcome == "server" and another != code
    finally:
        other.process.communicate()


def test_a_replaced_refresh_token_whatever_a_power_cut_leaves(server, tmp_path):
    """A cut leaves the old record or the new one. With the old one the server sees a refresh token that was used, and
    takes back everything: a person approves the device again.
    """
    device = server.device(tmp_path, client_id="public")
    approved(server, device)
    old = copy(device, "old")
    assert run(device, EXPIRED) == ["200"]
    assert run(device, EXPIRED) == ["200"], "with the refresh token that came"
    shutil.rmtree(device.folder / "state")
    shutil.copytree(old, device.folder / "state")
    assert run(device, AGAIN) == ["server"], "it shows a new code at once"
    assert "code " in device.heard[-1], device.heard[-1]
    assert run(device, AGAIN) == ["server"], "and goes on with that"
    server.person("approve", re.findall("code ([A-Z-]+) at", device.heard[-1])[-1])
    assert run(device, AGAIN) == ["200"] == run(device, USERINFO)


def test_a_device_registers_a_client_of_its_own(server, tmp_path):
    device = server.device(tmp_path, register_path="/reg", initial_token="initial-token")
    approved(server, device)
    assert run(device, USERINFO) == ["200"] and json.loads(kept(device))["client_id"]
    assert run(device, EXPIRED) == ["200"], "the client authenticates with its secret"
    wrong = server.device(tmp_path / "wrong", register_path="/reg", initial_token="wrong")
    assert attempt(wrong)[0] == "refused"


def test_the_secret_in_the_body(server, tmp_path):
    """As Google wants it; this server asks for it at the device authorization endpoint too, and refuses."""
    device = server.device(tmp_path, client_id="body", client_secret="body-secret", google=True)
    assert attempt(device)[0] == "configuration" and "invalid_client" in device.heard[-2]
