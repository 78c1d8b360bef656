"""The library's HTTPS under CPython, over loopback, with what host_tests/cpython.py stands in for."""

import contextlib
import datetime
import socket
import ssl
import threading

import pytest
import trustme
from enroll import requests
from enroll.errors import EnrollError

ANSWER = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
NOW = datetime.datetime.now(datetime.UTC)
CA = trustme.CA()


class Server(threading.Thread):
    """Answers one connection with `answer`; `requests` is what came in over it."""

    def __init__(self, certificate=None, answer=ANSWER):
        super().__init__(daemon=True)
        self._context = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(self._context)
        self._answer = answer
        self.requests = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._listener.close()
        self.join(5)

    def run(self):
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            with contextlib.closing(connection):
                connection.settimeout(5)
                if self._context:
                    connection = self._context.wrap_socket(connection, server_side=True)
                with connection:
                    self.requests = connection.recv(4096)
                    connection.sendall(self._answer)


@pytest.fixture
def ca(tmp_path):
    path = tmp_path / "ca.pem"
    CA.cert_pem.write_to_path(path)
    return str(path)


def ask(server, ca, host="127.0.0.1", **more):
    return requests.request("GET", f"https://{host}:{server.port}/x", ca=ca, timeout=5, **more)


def test_a_good_certificate(ca):
    with Server(CA.issue_cert("127.0.0.1")) as server:
        assert ask(server, ca).content == b"ok"
        assert server.requests.startswith(b"GET /x HTTP/1.1\r\n")


def test_a_ca_in_der_and_several_in_one_file(tmp_path):
    others = [trustme.CA(), trustme.CA()]
    pem = b"".join(it.cert_pem.bytes() for it in [others[0], CA, others[1]])
    for name, content in (("ca.pem", pem), ("ca.der", ssl.PEM_cert_to_DER_cert(CA.cert_pem.bytes().decode()))):
        path = tmp_path / name
        path.write_bytes(content)
        with Server(CA.issue_cert("127.0.0.1")) as server:
            assert ask(server, str(path)).status_code == 200


@pytest.mark.parametrize(
    ("certificate", "word"),
    [
        (CA.issue_cert("other.example"), "host"),
        (CA.issue_cert("127.0.0.2"), "host"),
        (trustme.CA().issue_cert("127.0.0.1"), "CA"),
        (
            CA.issue_cert("127.0.0.1", not_before=NOW - datetime.timedelta(9), not_after=NOW - datetime.timedelta(2)),
            "expired",
        ),
        (
            CA.issue_cert("127.0.0.1", not_before=NOW + datetime.timedelta(2), not_after=NOW + datetime.timedelta(9)),
            "clock",
        ),
    ],
    ids=["wrong host", "wrong address", "unknown CA", "expired", "not yet valid"],
)
def test_a_certificate_is_refused_before_a_byte_is_sent(ca, certificate, word):
    with Server(certificate) as server:
        with pytest.raises(EnrollError) as caught:
            ask(server, ca)
        server.join(5)
        assert caught.value.kind == "certificate" and word in str(caught.value)
        assert server.requests == b""


def test_https_without_a_ca_is_not_spoken():
    with pytest.raises(EnrollError) as caught:
        requests.request("GET", "https://127.0.0.1:9/")
    assert caught.value.kind == "configuration"


@pytest.mark.parametrize(
    "content", [b"", b"text", b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n", b"\x30\x82"]
)
def test_an_invalid_ca_file(tmp_path, content):
    path = tmp_path / "ca"
    path.write_bytes(content)
    with Server(CA.issue_cert("127.0.0.1")) as server, pytest.raises(EnrollError) as caught:
        ask(server, str(path))
    assert caught.value.kind == "configuration" and "ca" in str(caught.value)


def test_a_server_that_hangs_up_in_the_handshake(ca):
    with Server(answer=b"") as server, pytest.raises(OSError):
        ask(server, ca)


def test_a_server_that_never_finishes_the_handshake(ca):
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(OSError):
        requests.request("GET", f"https://127.0.0.1:{listener.getsockname()[1]}/", ca=ca, timeout=0.3)


def test_a_port_where_nobody_listens(ca):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(OSError):
        requests.request("GET", f"http://127.0.0.1:{port}/", timeout=5)


def test_a_long_answer_is_streamed(ca):
    body = bytes(range(256)) * 400
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with Server(CA.issue_cert("127.0.0.1"), answer) as server:
        response = ask(server, ca, stream=True)
        received = b"".join(iter(response.raw.read, b""))
        response.close()
    assert received == body


def test_the_shim_is_seen_by_the_library_alone():
    import time

    assert not hasattr(time, "ticks_ms") and not hasattr(socket.socket, "write")
    with pytest.raises(ImportError):
        import tls  # noqa: F401
