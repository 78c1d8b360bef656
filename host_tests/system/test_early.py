"""Answers that arrive before the request was read, and how a request describes itself."""

import gzip
import json
import ssl
import zlib

import certificates
import pytest
from outcome import status

ROOT = certificates.make("root", ca=True)
LEAF = certificates.make("leaf", issuer=ROOT)
TOKEN = b'{"DeviceToken": "54524a6421f1ddaf6781c79f9e176cfc"}'


@pytest.fixture
def answered(make, runtime, serve, tmp_path):
    """`answered(answer, secure)`: the boot of a device of `provider` whose connection `answer(stream)` goes on with.
    `more`: for its configuration.
    """

    def answered(answer, secure, provider="etherfax", **more):
        (tmp_path / "ca.pem").write_bytes(ROOT.pem())
        tls = certificates.context(tmp_path, LEAF, newest=ssl.TLSVersion.TLSv1_2 if secure == "1.2" else None)
        url = f"{'https' if secure else 'http'}://127.0.0.1:{serve(answer, tls if secure else None)}/api"
        return make(provider, runtime, url=url, ca=str(tmp_path / "ca.pem"), timeout=5, **more).boot()

    return answered


def whole(body=TOKEN, head=""):
    return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n" % (head.encode(), len(body)) + body


def after_a_byte(stream):
    """A socket that is closed with bytes unread answers with a reset."""
    stream.recv(1)
    stream.sendall(whole())


XYTE = json.dumps({"id": "d", "access_key": "k" * 20, "hub_url": "https://hub.example"}).encode()


def head(stream):
    """The head of the request."""
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += stream.recv(1)
    return heard


def after_the_head(stream):
    head(stream)
    stream.sendall(whole(XYTE))


def after_hints(stream):
    """103 before the body has come, as Node's `writeEarlyHints` sends it; the answer once all of it is there."""
    left = int(head(stream).partition(b"Content-Length: ")[2].split(b"\r")[0])
    stream.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n")
    while left and (piece := stream.recv(4096)):
        left -= len(piece)
    stream.sendall(whole(XYTE))


def at_once(stream):
    """Before any request: 408 and similar answers of a load balancer."""
    stream.sendall(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")
    stream.recv(4096)


@pytest.mark.parametrize("secure", ["", "1.2", "1.3"])
def test_an_answer_and_a_close_before_the_request_was_read(answered, secure):
    assert answered(after_a_byte, secure).returncode == 0
    assert answered(after_the_head, secure, "xyte").returncode == 0


@pytest.mark.parametrize("secure", ["", "1.2", "1.3"])
def test_a_long_request_goes_on_after_an_interim_answer(answered, secure):
    section = {"details": {"notes": ["n" * 100] * 600}}  # more than a connection takes before the server reads
    assert answered(after_hints, secure, "xyte", section=section).returncode == 0


@pytest.mark.parametrize("secure", ["", "1.3"])
def test_an_answer_before_the_request(answered, secure):
    boot = answered(at_once, secure)
    assert status(boot, "server") == 75 and "503" in boot.stdout


CODINGS = {"gzip": gzip.compress, "deflate": zlib.compress}


@pytest.mark.parametrize("coding", CODINGS)
def test_an_answer_that_is_compressed_unasked(answered, coding):
    def answer(stream):
        assert b"\r\nAccept-Encoding: identity\r\n" in stream.recv(4096)
        stream.sendall(whole(CODINGS[coding](TOKEN), f"Content-Encoding: {coding}\r\n"))

    assert answered(answer, "").returncode == 0


def test_what_every_request_says_of_itself(answered):
    def answer(stream):
        heard.append(stream.recv(4096))
        stream.sendall(whole())

    heard = []
    assert answered(answer, "").returncode == 0
    for line in (b"User-Agent: enroll", b"Accept: application/json", b"Connection: close"):
        assert b"\r\n" + line + b"\r\n" in heard[0], line
