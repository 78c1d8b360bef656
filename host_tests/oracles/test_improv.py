"""Improv over serial: the firmware on every runtime against the SDK that the pages of others use."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import improv
import pytest
from devices import Device, configuration, create
from enroll_tools.sandbox import Sandbox
from improv import Wireless
from oracles.conftest import FETCHED, HERE
from runtimes import available

SECRET = "password-canary"
AIR = {"home": SECRET, "café ☕ 日本": "", "zoo": SECRET}
_numbers = itertools.count(1)


class Sdk:
    """The SDK in a process of its own, at the serial port `path`."""

    def __init__(self, path: str) -> None:
        environment = {**os.environ, "NODE_PATH": str(FETCHED / "node_modules")}
        pipe = subprocess.PIPE
        command = ["node", str(HERE / "improv_client.mjs"), path]
        self.process = subprocess.Popen(command, env=environment, text=True, stdin=pipe, stdout=pipe, stderr=pipe)

    def __call__(self, *call: Any) -> dict[str, Any]:
        """What a call of its client came to: {value or reason, state, error, nextUrl}."""
        assert self.process.stdin and self.process.stdout and self.process.stderr
        print(json.dumps(call), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        self.process.communicate(timeout=10)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    if not (FETCHED / "node_modules" / "improv-wifi-serial-sdk").is_dir():
        pytest.skip("packages of npm are not there: install Node and run 'make test-oracles'")
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(params=available())
def boxed(sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Wireless, Sdk]]:
    """A device without a network, and the SDK at the other end of its cable."""
    device = Device(tmp_path / "device", request.param)
    made = create(sandbox, "etherfax", str(next(_numbers)))
    device.write(configuration(sandbox, "etherfax", made))
    with Wireless(device, AIR) as it:
        sdk = Sdk(it.path)
        yield it, sdk
        sdk.close()


def test_a_page_gives_a_device_its_network(sandbox, boxed):
    it, sdk = boxed
    info = sdk("initialize", 10000)
    assert info["value"]["firmware"] == "enroll" and info["value"]["version"] == "0.1.0"
    assert info["value"]["name"].startswith("etherfax") and info["state"] == improv.READY
    found = sdk("scan")["value"]
    assert {(net["name"], net["secured"]) for net in found} == {(name, bool(AIR[name])) for name in AIR}
    wrong = sdk("provision", "home", "wrong-canary", 45000)
    assert wrong["reason"] == "UNABLE_TO_CONNECT" and wrong["state"] == improv.READY
    done = sdk("provision", "home", SECRET, 45000)
    assert "reason" not in done and done["state"] == improv.JOINED
    assert done["nextUrl"] == sandbox.url("etherfax")
    assert it.ends() == 0
