"""Slow, broken and old servers, inside TLS and before it."""

import contextlib
import socket
import ssl
import time

import pytest
from certificates import context, make
from outcome import status
from torture.faults import STOLEN, stolen

TOKEN = b'{"DeviceToken": "54524a6421f1ddaf6781c79f9e176cfc"}'
HEAD = b"HTTP/1.1 200 OK\r\n"
ROOT = make("root", ca=True)
LEAF = make("leaf", issuer=ROOT)
PATIENCE = 2  # seconds that the device is given


def asked(answer):
    """Handler that reads the request and goes on with `answer`."""

    def handler(stream):
        stream.recv(4096)
        answer(stream)

    return handler


@pytest.fixture
def boot(make, serve, tmp_path, runtime):
    """`boot(handler, tls, timeout)`: the boot of a device whose connection goes to that, and the seconds it took."""

    def boot(handler, tls=None, timeout=PATIENCE):
        (tmp_path / "ca.pem").write_bytes(ROOT.pem())
        url = f"https://127.0.0.1:{serve(handler, tls)}/api"
        device = make("etherfax", runtime, url=url, ca=str(tmp_path / "ca.pem"), timeout=timeout)
        start = time.monotonic()
        done = device.boot()
        return done, time.monotonic() - start

    return boot


@pytest.fixture
def boot_in_time(boot):
    """`boot_in_time(...)`: a boot within a second of its deadline; once more if a hypervisor took the processor."""

    def boot_in_time(*given):
        before = stolen()
        done, seconds = boot(*given)
        if seconds >= PATIENCE + 1 and stolen() - before >= STOLEN:
            done, seconds = boot(*given)
        assert seconds < PATIENCE + 1
        return done

    return boot_in_time


def wait_for_the_end(stream):
    """Stay silent until the device hangs up."""
    with contextlib.suppress(OSError):
        while stream.recv(4096):
            pass


def whole(stream):
    stream.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(TOKEN) + TOKEN)


def in_drops(stream):
    for byte in HEAD + b"Content-Length: %d\r\n\r\n" % len(TOKEN) + TOKEN:
        stream.sendall(bytes([byte]))
        time.sleep(0.005)


def until_close(stream):
    stream.sendall(HEAD + b"\r\n" + TOKEN)
    stream.unwrap()


def until_close_with_tcp_left_open(stream):
    stream.sendall(HEAD + b"\r\n" + TOKEN)
    with contextlib.suppress(OSError):
        stream.unwrap()
    wait_for_the_end(stream)


def in_chunks(stream):
    pieces = b"5\r\n" + TOKEN[:5] + b"\r\n%x;a=b\r\n" % (len(TOKEN) - 5) + TOKEN[5:] + b"\r\n0\r\nTrailer: x\r\n\r\n"
    stream.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + pieces)


ANSWERS = [whole, in_drops, until_close, until_close_with_tcp_left_open, in_chunks]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.__name__)
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_every_way_to_send_an_answer(boot, tmp_path, answer, newest):
    done, _ = boot(asked(answer), context(tmp_path, LEAF, newest=newest), 20)  # nothing is measured here
    assert done.returncode == 0, done


def garbage(connection):
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    wait_for_the_end(connection)


def reset(connection):
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


@pytest.mark.parametrize("handler", [wait_for_the_end, garbage, reset, lambda connection: None])
def test_a_handshake_that_does_not_end_well(boot_in_time, handler):
    assert status(boot_in_time(handler), "network") == 75


def half_a_head(stream):
    stream.sendall(HEAD + b"Content-Le")
    wait_for_the_end(stream)


def half_a_body(stream):
    stream.sendall(HEAD + b"Content-Length: 900\r\n\r\n" + TOKEN[:20])
    wait_for_the_end(stream)


@pytest.mark.parametrize("answer", [wait_for_the_end, half_a_head, half_a_body], ids=lambda answer: answer.__name__)
def test_an_answer_that_stops_is_given_up_in_time(boot_in_time, tmp_path, answer):
    assert status(boot_in_time(asked(answer), context(tmp_path, LEAF)), "network") == 75


def headers_without_end(stream):
    with contextlib.suppress(OSError):
        stream.sendall(HEAD)
        for _ in range(20000):
            stream.sendall(b"X: " + b"y" * 1000 + b"\r\n")


def a_line_of_a_megabyte(stream):
    with contextlib.suppress(OSError):
        stream.sendall(HEAD + b"X: " + b"y" * 1_000_000)


@pytest.mark.parametrize("answer", [headers_without_end, a_line_of_a_megabyte], ids=lambda answer: answer.__name__)
def test_a_head_has_a_bound(boot_in_time, tmp_path, answer):
    assert status(boot_in_time(asked(answer), context(tmp_path, LEAF)), "answer") == 76
