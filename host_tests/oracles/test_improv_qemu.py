"""Improv over the serial line of an emulated board, against the SDK that the pages of others use."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tty
from collections.abc import Iterator
from pathlib import Path

import improv
import pytest
from oracles.conftest import FETCHED
from oracles.test_improv import AIR, LOG, SECRET, Cable, Sdk
from qemu.__main__ import USUAL, image
from qemu.machine import on_pty
from qemu.toolchain import CACHE, build, tools

# The board has neither TLS nor a network: those and the service are stand-ins. Its heap and its serial line are real.
# MicroPython's port for it has no bytes on stdin, no `poll` for them and no Ctrl-C: so the UART's registers.
PROGRAM = f"""
import target
target.mount(True)
import gc, sys, time
sys.path[:0] = ["/rom/host_tests/fakes", "/rom/boards"]
import helpers
helpers.BASE = "/tmp"
import uctypes
from air_port import AirPort
from answers import GOOD
from enroll.enroller import Enroller
from enroll.networks import remembered
from fake_device import Device, Service
uart = uctypes.struct(0x40004000, {{"data": uctypes.UINT32 | 0, "state": uctypes.UINT32 | 4}})
class Line:
    def read(self, wait=0):
        end = time.ticks_add(time.ticks_ms(), wait)
        while not uart.state & 2:
            if time.ticks_diff(end, time.ticks_ms()) <= 0:
                return b""
        return bytes((uart.data & 255,))
    def write(self, data):
        for byte in data:
            while uart.state & 1:
                pass
            uart.data = byte
    def close(self):
        pass
port = AirPort({AIR!r})
port.console = Line
port.sleep = time.sleep
real, fed = port.feed, 0
def feed():
    global fed
    fed += 1
    if not fed % 20:
        gc.collect()
        print("heap", gc.mem_alloc())
    real()
port.feed = feed
device = Device("etherfax")
Enroller(device.it, port, request=Service((201, GOOD["etherfax"])), log=print).run()
print("remembers", [it["ssid"] for it in remembered(device.it)])
"""


class Heard(Cable):
    """A Cable to a serial port, whose device tells what its heap holds: `heaps`."""

    def __init__(self, path: str) -> None:
        self.text = b""
        self._file = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._file)
        super().__init__(self._file)
        self.noise = self._hear

    def _hear(self, data: bytes) -> bytes:
        self.text += data
        return data

    @property
    def heaps(self) -> list[int]:
        return [int(size) for size in re.findall(rb"heap (\d+)\s", self.text)]

    def close(self) -> None:
        os.close(self._file)


@pytest.fixture(scope="module")
def firmware() -> Path:
    """The firmware, built again: the library is frozen into it, and may have changed since."""
    if not (CACHE / f"firmware-{USUAL >> 10}.elf").exists():
        pytest.skip("the firmware for QEMU is not there: run 'make test-qemu' first")
    return build(tools(), USUAL)


@pytest.fixture
def port(tmp_path: Path, firmware: Path) -> Iterator[str]:
    """The serial port of a board that runs PROGRAM."""
    if not (FETCHED / "node_modules" / "improv-wifi-serial-sdk").is_dir():
        pytest.skip("packages of npm are not there: install Node and run 'make test-oracles'")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with on_pty(tools(), firmware, image(tmp_path)) as port:
        command = [sys.executable, "-m", "mpremote", "connect", port, "run", "--no-follow", str(program)]
        subprocess.run(command, check=True, timeout=30)
        yield port


def test_a_page_gives_an_emulated_board_its_network(port):
    sdk = Sdk(port)
    try:
        info = sdk("initialize", 10000)
        assert info["state"] == improv.READY and info["value"]["firmware"] == "enroll", info
        assert {net["name"] for net in sdk("scan", 10000)["value"]} == set(AIR)
        assert sdk("requestNetworkState", 5000)["reason"] == "UNKNOWN_RPC_COMMAND"
        for _ in range(20):
            assert "reason" not in sdk("requestInfo", 5000)
        assert sdk("provision", "home", "wrong-canary", 45000)["reason"] == "UNABLE_TO_CONNECT"
        done = sdk("provision", "home", SECRET, 45000)
        assert "reason" not in done and done["state"] == improv.JOINED and done["nextUrl"], done
    finally:
        sdk.close()
    command = [sys.executable, "-m", "mpremote", "connect", port, "resume", "exec", "print(6 * 7)"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert "42" in said.stdout, said


def test_an_emulated_board_bears_a_bad_cable_and_200_rounds(port):
    cable = Heard(port)
    sdk = Sdk(cable.path)
    try:
        assert sdk("initialize", 10000)["state"] == improv.READY
        spoils = [lambda data: data[:-2] + bytes([data[-2] ^ 1, 10]), lambda data: data[:7] + data[8:]]
        spoils += [lambda data: data[:9] + data[8:], lambda data: data[:3] + data[2:]]
        for number, spoil in enumerate(spoils):
            cable.spoil = spoil
            answer = sdk("requestCurrentState", 400 if number else 5000)
            cable.spoil = bytes
            assert number or "INVALID_RPC_PACKET" in answer["reason"]
            assert "reason" not in sdk("requestInfo", 5000), number
        cable.spoil = lambda data: b"\xff\x00 noise IMPRO" + data + LOG.replace(b"\x03", b"")
        assert len(sdk("scan", 10000)["value"]) == len(AIR)
        cable.spoil = bytes
        lost = 0  # the emulator may stall for longer than the rest of a frame may take
        for number in range(200):
            reason = sdk(("requestInfo", "requestCurrentState", "scan", "getHostname")[number % 4], 3000).get("reason")
            assert reason in (None, "TIMEOUT"), (number, reason)
            lost += reason is not None
        assert lost < 6
        heaps = cable.heaps
        assert len(heaps) > 4 and max(heaps[3:]) <= heaps[2] + 128, heaps
    finally:
        sdk.close()
        cable.close()
