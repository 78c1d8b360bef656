"""Clients that are silent, slow, many or gone: none of them keeps the sandbox from serving the others."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import resource
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.connections import connection_limit
from enroll_tools.sandbox.errors import SandboxError

MOST = 6
PATIENCE = 0.4
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    """A sandbox with few connections and little patience."""
    with Sandbox(connections=MOST, patience=PATIENCE) as running:
        yield running


@pytest.fixture(autouse=True)
def _empty(small):
    small.clear_log()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def ended(connection: socket.socket) -> bytes:
    """What came until the sandbox has closed the connection; fails if it stays open."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while chunk := connection.recv(4096):
            received += chunk
    connection.close()
    return received


def notes(sandbox: Sandbox, word: str) -> list[str]:
    """The notes with a word in the log, once there is one."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        found = [entry.note for entry in sandbox.log() if word in entry.note]
        if found:
            return found
        time.sleep(0.01)
    return []


def is_served(sandbox: Sandbox, listener: str = "http") -> bool:
    with connect(sandbox.ports[listener]) as connection:
        connection.sendall(HEAD + b"\r\n")
        return connection.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("listener", ["http", "https", "admin"])
def test_silent_connections_make_room_for_new_ones(small, listener):
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connect(small.ports[listener])) for _ in range(4 * MOST)]
        assert is_served(small)
        assert ended(silent[0]) == b""
        assert notes(small, f"all {MOST} are in use")
        assert len(notes(small, "in use")) == 1, "one line a second"


def test_connections_at_work_are_kept_and_a_new_one_is_refused(small):
    small.fault("*", times=MOST, delay=0.5)
    with contextlib.ExitStack() as stack:
        working = [stack.enter_context(connect(small.ports["http"])) for _ in range(MOST)]
        for connection in working:
            connection.sendall(HEAD + b"\r\n")
        while len(small.log()) < MOST:
            time.sleep(0.01)
        assert ended(stack.enter_context(connect(small.ports["http"]))) == b""
        assert notes(small, "all 6 connections are busy")
        assert all(connection.recv(100).startswith(b"HTTP/1.1 200") for connection in working)


def drip(connection: socket.socket, byte: bytes) -> None:
    """Send a byte now and then, for longer than the sandbox's patience."""
    end = time.monotonic() + 4 * PATIENCE
    with contextlib.suppress(ConnectionError):
        while time.monotonic() < end:
            connection.sendall(byte)
            time.sleep(PATIENCE / 8)


def test_a_head_that_drips(small):
    with connect(small.ports["http"]) as connection:
        connection.sendall(HEAD + b"X-Slow: ")
        drip(connection, b"x")
        assert ended(connection) == b""
    assert notes(small, "longer than 0.4 s to send the head")


def test_the_second_head_on_a_connection_has_the_same_time(small):
    with connect(small.ports["http"]) as connection:
        connection.sendall(HEAD + b"\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        time.sleep(2 * PATIENCE)  # a connection that is kept may be idle for longer
        connection.sendall(HEAD + b"\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        connection.sendall(HEAD)
        assert ended(connection) == b""
    assert len(notes(small, "to send the head")) == 1


def test_a_body_that_drips(small):
    with connect(small.ports["http"]) as connection:
        connection.sendall(b"POST /xyte/v1/devices HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n{")
        drip(connection, b" ")
        assert ended(connection).startswith(b"HTTP/1.1 408")
    assert notes(small, "the body took longer than 0.4 s")


def test_thousands_of_connects_and_resets(small, capfd):
    for number in range(1000):
        with connect(small.ports["http"]) as connection:
            if number % 2:
                connection.sendall(HEAD)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert is_served(small)
    assert len(capfd.readouterr().err) < 10_000


@pytest.mark.parametrize("left", [10, 0])
def test_no_descriptor_is_left(caplog, left):
    """The event loop wrote tracebacks without end, 100 for each look at the socket."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Sandbox() as sandbox, contextlib.ExitStack() as stack, caplog.at_level(logging.ERROR):
        clients = [stack.enter_context(socket.socket()) for _ in range(40)]
        highest = os.open(os.devnull, os.O_RDONLY)
        os.close(highest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + left, hard))
        try:
            for client, name in zip(clients, itertools.cycle(("http", "https", "admin"))):
                client.connect(("127.0.0.1", sandbox.ports[name]))
            time.sleep(0.2)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert is_served(sandbox)
    assert not caplog.records


def test_a_burst_at_one_listener_leaves_the_others_their_descriptors():
    """All that waited at a listener were accepted before one was counted, and so closed."""
    serve = (sys.executable, "-m", "enroll_tools.sandbox", "serve", "--free-ports", "--json")
    few = ("sh", "-c", 'ulimit -n 128; exec "$0" "$@"', *serve)
    with (
        subprocess.Popen(few, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process,
        contextlib.ExitStack() as stack,
    ):
        stack.callback(process.kill)
        assert process.stdout is not None
        ports = json.loads(process.stdout.readline())["ports"]
        process.send_signal(signal.SIGSTOP)  # meanwhile all of them connect
        for _ in range(120):
            stack.enter_context(connect(ports["http"]))
        other = stack.enter_context(connect(ports["admin"]))
        other.sendall(HEAD + b"\r\n")
        process.send_signal(signal.SIGCONT)
        assert other.recv(100).startswith(b"HTTP/1.1 303")


def test_a_client_has_half_a_minute():
    assert Sandbox().options.patience == 30


def test_the_limit_follows_the_descriptors(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (256, 1024))
    raised = []
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limits: raised.append(limits))
    limits = {name: connection_limit(name) for name in ("http", "https", "admin")}
    assert set(raised) == {(1024, 1024)}
    assert sum(limits.values()) + 4 * limits["admin"] < 1024
    assert limits["http"] > 256 and limits["admin"] >= 16


@pytest.mark.parametrize("options", [{"connections": 0}, {"patience": 0}, {"patience": float("nan")}])
def test_limits_that_make_no_sense(options):
    with pytest.raises(SandboxError, match=next(iter(options))):
        Sandbox(**options).start()


# Handshakes.


def refused(sandbox: Sandbox, listener: str, context: ssl.SSLContext, name: str = "127.0.0.1") -> str:
    """The log's words for a handshake that this client ends with an error."""
    with connect(sandbox.ports[listener]) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname=name).recv(1)
    (note,) = notes(sandbox, "")
    (entry,) = sandbox.log()
    assert (entry.method, entry.status, entry.listener, entry.remote) == ("TLS", 0, listener, "127.0.0.1")
    return note


@pytest.fixture
def trusting(small):
    return ssl.create_default_context(cafile=str(small.ca_pem))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_does_not_trust_the_ca(small, version):
    context = ssl.create_default_context()
    context.minimum_version = context.maximum_version = version
    assert "does not trust the CA" in refused(small, "https", context)
    assert small.counts()["https"]["requests"] == 0


@pytest.mark.parametrize("kind", ["expired", "not-yet-valid"])
def test_a_certificate_that_is_not_valid_for_the_client(small, trusting, kind):
    assert "clock" in refused(small, f"https-{kind}", trusting)


def test_a_certificate_for_another_name(small, trusting):
    assert "name or address that the client called" in refused(small, "https", trusting, "other.invalid")


def test_an_old_version_of_tls(small, trusting):
    trusting.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        trusting.minimum_version = ssl.TLSVersion.TLSv1
        trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    assert "version of TLS is too old" in refused(small, "https", trusting)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (HEAD + b"\r\n", "speaks HTTP without TLS"),
        (b"\x00" * 100, "does not speak TLS"),
        (b"", "in the middle"),
        (b"\x16\x03\x01\x02", "in the middle"),
    ],
)
def test_no_tls(small, data, words):
    with connect(small.ports["https"]) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        ended(connection)
    (note,) = notes(small, "")
    assert words in note
    assert [entry.method for entry in small.log()] == ["TLS"]


def test_a_handshake_that_never_ends(small):
    with connect(small.ports["https"]) as connection:
        connection.sendall(b"\x16\x03\x01")
        ended(connection)
    assert notes(small, "did not finish the handshake within 0.4 s")
