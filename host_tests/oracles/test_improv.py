"""Improv over serial: the firmware on every runtime against the SDK that the pages of others use."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import threading
import tty
from collections.abc import Callable, Iterator
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
LOG = b"I (4711) wifi:state: run -> init (0x3)\r\n"
HEAP = """
import gc, port, sys
real, count = port.feed, 0
def feed():
    global count
    count += 1
    if not count % 25:
        gc.collect()
        print("heap", gc.mem_alloc(), file=sys.stderr)
    return real()
port.feed = feed
"""
_numbers = itertools.count(1)


class Cable:
    """What lies between the SDK, at `path`, and a device: `spoil` changes what the SDK sends, `noise` what it gets."""

    def __init__(self, device: int) -> None:
        self._device = device
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.path = os.ttyname(self._theirs)
        self.spoil: Callable[[bytes], bytes] = bytes
        self.noise: Callable[[bytes], bytes] = bytes
        for source, target, name in ((self._ours, device, "spoil"), (device, self._ours, "noise")):
            threading.Thread(target=self._carry, args=(source, target, name), daemon=True).start()

    def _carry(self, source: int, target: int, name: str) -> None:
        try:
            while True:
                data = os.read(source, 4096)
                os.write(target, getattr(self, name)(data))
        except OSError:  # one of them is gone
            pass


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
def boxed(sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Wireless, Sdk, Cable]]:
    """A device without a network, the SDK at the other end of its cable, and the cable."""
    device = Device(tmp_path / "device", request.param)
    made = create(sandbox, "etherfax", str(next(_numbers)))
    device.write(configuration(sandbox, "etherfax", made))
    with Wireless(device, AIR, HEAP) as it:
        cable = Cable(it.client.port)
        sdk = Sdk(cable.path)
        assert sdk("initialize", 10000)["state"] == improv.READY
        yield it, sdk, cable
        sdk.close()


def test_what_a_page_asks_for(boxed):
    _, sdk, _ = boxed
    assert sdk("requestInfo")["state"] == improv.READY
    assert sdk("getHostname")["value"] == "unix"
    assert sdk("getDeviceName")["value"].startswith("etherfax")
    assert sdk("setHostname", "another")["reason"] == "BAD_HOSTNAME"
    assert sdk("requestNetworkState")["reason"] == "UNKNOWN_RPC_COMMAND"
    found = sdk("scan")["value"]
    assert {(net["name"], net["secured"]) for net in found} == {(name, bool(AIR[name])) for name in AIR}
    assert all(-70 < net["rssi"] < -50 for net in found), "the stronger access point of each counts"


def test_a_page_gives_a_device_its_network(sandbox, boxed):
    it, sdk, _ = boxed
    wrong = sdk("provision", "home", "wrong-canary", 45000)
    assert wrong["reason"] == "UNABLE_TO_CONNECT"
    assert sdk("scan", 5000)["error"] == 3, "pages scan at once, and show the error"
    assert sdk("requestCurrentState", 5000)["state"] == improv.READY  # it comes behind the error
    done = sdk("provision", "home", SECRET, 45000)
    assert "reason" not in done and done["state"] == improv.JOINED
    assert done["nextUrl"] == sandbox.url("etherfax")
    assert it.ends() == 0


def test_a_network_with_a_name_in_utf_8(boxed):
    it, sdk, _ = boxed
    assert sdk("provision", "café ☕ 日本", "", 45000)["state"] == improv.JOINED
    assert it.ends() == 0


def test_frames_that_are_damaged_on_their_way(boxed):
    """The call fails, at once or at its own time-out; the next one works."""
    _, sdk, cable = boxed
    spoils: list[Callable[[bytes], bytes]] = [lambda data: data[:-2] + bytes([data[-2] ^ 1, 10])]
    for at in (0, 3, 6, 7, 8, 10, 11):
        spoils.append(lambda data, at=at: data[:at] + data[at + 1 :])
        spoils.append(lambda data, at=at: data[: at + 1] + data[at:])
    for number, spoil in enumerate(spoils):
        cable.spoil = spoil
        answer = sdk("requestCurrentState", 400 if number else 5000)  # the first one is answered, however late
        cable.spoil = bytes
        assert number or "INVALID_RPC_PACKET" in answer["reason"]
        assert sdk("requestInfo", 5000).get("reason") is None, number


def test_noise_and_log_lines_in_between(boxed):
    _, sdk, cable = boxed
    cable.spoil = lambda data: b"\xff\x00 noise IMPRO" + data + LOG.replace(b"\x03", b"")
    cable.noise = lambda data: LOG + data + LOG
    for _ in range(5):
        assert "reason" not in sdk("requestInfo", 5000)
        assert len(sdk("scan", 5000)["value"]) == 3


def test_two_hundred_rounds_take_no_more_heap(boxed):
    it, sdk, _ = boxed
    for number in range(200):
        call = ("requestInfo", "requestCurrentState", "scan", "getHostname", "requestNetworkState")[number % 5]
        answer = sdk(call, 5000)
        assert answer.get("reason", "UNKNOWN_RPC_COMMAND") == "UNKNOWN_RPC_COMMAND", (number, answer)
    sizes = [int(line.split()[1]) for line in it.log().splitlines() if line.startswith("heap ")]
    assert len(sizes) > 4 and max(sizes[3:]) <= sizes[2] + 128, sizes
