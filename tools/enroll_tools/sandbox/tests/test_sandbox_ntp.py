"""The NTP server, as a client on the wire sees it."""

from __future__ import annotations

import socket
import struct
import time

import pytest
from enroll_tools.sandbox import Sandbox, SandboxError
from enroll_tools.sandbox.ntp import FAULTS, timestamp
from hypothesis import given
from hypothesis import strategies as st

EPOCH = 2_208_988_800
TRANSMIT = b"\x01\x02\x03\x04\x05\x06\x07\x08"
QUERY = b"\x23" + bytes(39) + TRANSMIT


def connect(sandbox: Sandbox) -> socket.socket:
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(5)
    host, _, port = sandbox.ntp.partition(":")
    client.connect((host, int(port)))
    return client


def ask(sandbox: Sandbox, query: bytes = QUERY) -> bytes:
    with connect(sandbox) as client:
        client.send(query)
        return client.recv(512)


def seconds(packet: bytes, offset: int = 40) -> float:
    whole, fraction = struct.unpack_from("!II", packet, offset)
    return whole - EPOCH + fraction / 2**32


def test_answer(sandbox):
    before = time.time()
    packet = ask(sandbox)
    after = time.time()
    assert len(packet) == 48
    assert packet[0] == 4 << 3 | 4
    assert packet[1] == 2
    assert packet[24:32] == TRANSMIT
    assert before - 1e-3 <= seconds(packet, 32) <= seconds(packet, 40) <= after + 1e-3
    assert seconds(packet, 16) < seconds(packet, 32)
    assert packet[44:48] != bytes(4)


def test_version_three_is_answered_as_such(sandbox):
    assert ask(sandbox, b"\x1b" + QUERY[1:])[0] == 3 << 3 | 4


@pytest.mark.parametrize(("stratum", "reference"), [(1, b"LOCL"), (15, b"\x7f\0\0\1")])
def test_stratum(stratum, reference):
    with Sandbox(stratum=stratum) as sandbox:
        packet = ask(sandbox)
        assert (packet[1], packet[12:16]) == (stratum, reference)


@pytest.mark.parametrize("moment", ["2017-02-02T12:00:00Z", "2036-02-07T06:28:20Z", "2040-06-01T00:00:00Z"])
def test_time_and_the_roll_over_of_2036(sandbox, moment):
    sandbox.set_time(moment)
    expected = sandbox.clock.now()
    assert abs((seconds(ask(sandbox)) - expected + 2**31) % 2**32 - 2**31) < 1


@given(st.floats(-EPOCH, 10 * EPOCH))
def test_timestamp(moment):
    whole, fraction = timestamp(moment)
    assert 0 <= whole < 2**32
    assert 0 <= fraction < 2**32
    assert abs((whole + fraction / 2**32 - EPOCH - moment + 2**31) % 2**32 - 2**31) < 1e-3


def test_log_and_count(sandbox):
    ask(sandbox)
    with connect(sandbox) as client:
        port = client.getsockname()[1]
        for nonsense in (b"", b"x" * 47, b"\x24" + QUERY[1:], b"\x3b" + QUERY[1:]):
            client.send(nonsense)
        client.send(QUERY)
        # The only answer is the one to the only query.
        assert client.recv(512)[24:32] == TRANSMIT
    entries = sandbox.log("ntp")
    assert [entry.status for entry in entries] == [200, 0, 0, 0, 0, 200]
    assert {entry.listener for entry in entries} == {"ntp"}
    assert entries[-1].path == f"127.0.0.1:{port}"
    assert sandbox.counts()["ntp"]["requests"] == 6


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("kiss-of-death", lambda packet: packet[1] == 0 and packet[12:16] == b"RATE" and packet[0] >> 6 == 3),
        ("stratum-16", lambda packet: packet[1] == 16),
        ("unsynchronized", lambda packet: packet[0] >> 6 == 3 and packet[1] == 2),
        ("wrong-mode", lambda packet: packet[0] & 7 == 5),
        ("wrong-origin", lambda packet: packet[24:32] != TRANSMIT),
        ("zero-transmit", lambda packet: packet[40:48] == bytes(8)),
        ("short", lambda packet: len(packet) == 47),
    ],
)
def test_faults(sandbox, fault, check):
    sandbox.ntp_fault(fault, times=1)
    assert check(ask(sandbox))
    right = ask(sandbox)
    assert not check(right)
    assert abs(seconds(right) - time.time()) < 1
    assert [entry.note for entry in sandbox.log()] == [f"fault: {fault}", ""]


def test_fault_until_told_otherwise(sandbox):
    sandbox.ntp_fault("wrong-mode")
    assert [ask(sandbox)[0] & 7 for _ in range(3)] == [5, 5, 5]
    sandbox.ntp_fault(None)
    assert ask(sandbox)[0] & 7 == 4


def test_silent(sandbox):
    sandbox.ntp_fault("silent", times=1)
    with connect(sandbox) as client:
        client.send(QUERY[:-1] + b"\xff")
        client.send(QUERY)
        assert client.recv(512)[24:32] == TRANSMIT


def test_forged_comes_before_the_true_one(sandbox):
    sandbox.ntp_fault("forged", times=1)
    with connect(sandbox) as client:
        client.send(QUERY)
        forged, true = client.recv(512), client.recv(512)
    assert forged[24:32] != TRANSMIT
    assert seconds(forged) - time.time() > 364 * 86400
    assert true[24:32] == TRANSMIT
    assert abs(seconds(true) - time.time()) < 1


def test_forged_from_another_source(sandbox):
    sandbox.ntp_fault("forged-source", times=1)
    host, _, port = sandbox.ntp.partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(QUERY, (host, int(port)))
        (forged, elsewhere), (true, source) = client.recvfrom(512), client.recvfrom(512)
    assert elsewhere != source == (host, int(port))
    assert forged[24:32] == true[24:32] == TRANSMIT
    assert seconds(forged) - seconds(true) > 364 * 86400


def test_offset(sandbox):
    sandbox.ntp_offset(-86400.5)
    assert abs(seconds(ask(sandbox)) - time.time() + 86400.5) < 1
    assert abs(sandbox.clock.now() - time.time()) < 1


def test_refused(sandbox):
    with pytest.raises(SandboxError, match="unknown NTP fault 'polite'"):
        sandbox.ntp_fault("polite")
    with pytest.raises(SandboxError, match="at least 1"):
        sandbox.ntp_fault("short", times=0)
    assert len(FAULTS) == 10
