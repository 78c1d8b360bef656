"""TLS as on boards: sentences about certificates, and nothing sent before the certificate is known."""

import contextlib
import socket
import ssl
import threading

import certificates
import pytest
from certificates import CLIENTS_ONLY, CONSTRAINED, CRITICAL, LARGE, context, make, small
from outcome import status
from tlsserver import drain

TOKEN = b'{"DeviceToken": "54524a6421f1ddaf6781c79f9e176cfc"}'
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(TOKEN) + TOKEN
NO = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"
ROOT = make("root", ca=True)
LEAF = make("leaf", issuer=ROOT)
OLD = ssl.TLSVersion.TLSv1_2
NEW = ssl.TLSVersion.TLSv1_3


class Server(threading.Thread):
    """Answers one connection after the other: `plays` are pairs of a context, or None for plain TCP, and an answer.

    `heard`: what arrived of each request.
    """

    def __init__(self, plays):
        super().__init__()
        self._plays = plays
        self.heard = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(20)
        self.port = self._listener.getsockname()[1]

    def run(self):
        with self._listener:
            for tls, answer in self._plays:
                heard = b""
                with contextlib.suppress(OSError), self._listener.accept()[0] as stream, stream.dup() as below:
                    stream.settimeout(10)
                    below.settimeout(10)
                    try:
                        with tls.wrap_socket(stream, server_side=True) if tls else stream as stream:
                            heard = stream.recv(4096)
                            stream.sendall(answer)
                    finally:
                        drain(below)
                self.heard.append(heard)


@pytest.fixture
def serve():
    servers = []

    def serve(*plays):
        servers.append(Server(plays))
        servers[-1].start()
        return servers[-1]

    yield serve
    for server in servers:
        server.join()


@pytest.fixture
def at(request, runtime, tmp_path):
    """`at(server, ca)`: a device that registers at `server` and trusts the certificates in `ca`, PEM."""
    device = request.getfixturevalue("make")

    def at(server, ca=None, host="127.0.0.1"):
        path = tmp_path / "ca.pem"
        path.write_bytes(ca or ROOT.pem())
        return device("etherfax", runtime, url=f"https://{host}:{server.port}/api", ca=str(path), timeout=5)

    return at


def chain(length):
    """A leaf under `length` authorities, without the root."""
    found = [ROOT]
    for number in range(length):
        found.insert(0, make(f"between {number}", issuer=found[0], ca=True))
    return [make("leaf", issuer=found[0]), *found[:-1]]


BAD = {
    "another CA": ([make("leaf", issuer=make("root", ca=True))], "not signed by the CA"),
    "for clients only": ([make("leaf", issuer=ROOT, extensions=[CLIENTS_ONLY])], "-31232"),
    "critical extension": ([make("leaf", issuer=ROOT, extensions=[CRITICAL])], "-9570"),
    "RSA with 1 024 bits": ([make("leaf", small(), ROOT)], "no longer safe"),
    "a chain of ten": (chain(10), "-12288"),
    "more than 16 KB": ([make("leaf", issuer=ROOT, extensions=[LARGE])], "-28928"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("newest", [OLD, NEW])
def test_what_is_wrong_with_a_certificate_is_said_before_a_byte_of_the_request(at, serve, tmp_path, name, newest):
    pairs, words = BAD[name]
    server = serve((context(tmp_path, *pairs, newest=newest), GOOD))
    boot = at(server).boot()
    assert status(boot, "certificate") == 75 and words in boot.stdout
    server.join()
    assert server.heard == [b""]


def test_a_server_with_which_nothing_is_in_common_is_told_apart_from_a_network_that_fails(at, serve, tmp_path):
    server = serve((context(tmp_path, make("leaf", certificates.edwards(), ROOT)), GOOD))
    boot = at(server).boot()
    assert status(boot, "network") == 75 and "refuses the TLS" in boot.stdout and "-30592" in boot.stdout


@pytest.mark.parametrize("newest", [OLD, NEW])
def test_a_server_that_wants_a_client_certificate_is_named_and_leaves_no_attempt(at, serve, tmp_path, newest):
    """The refusal afterwards is one: no attempt's outcome is unknown."""
    authority = tmp_path / "clients.pem"
    authority.write_bytes(ROOT.pem())
    wants = context(tmp_path, LEAF, newest=newest, clients=authority)
    server = serve((wants, GOOD), (context(tmp_path, LEAF, newest=newest), NO))
    device = at(server)
    boot = device.boot()
    assert status(boot, "certificate") == 75 and "client certificate" in boot.stdout
    assert status(device.boot(), "refused") == 77
    server.join()
    assert server.heard[0] == b""


@pytest.mark.parametrize(
    "other", [make("ed", certificates.edwards(), ca=True), make("nc", ca=True, extensions=[CONSTRAINED])]
)
def test_a_certificate_that_tls_cannot_read_is_passed_over(at, serve, tmp_path, other):
    ca = other.pem() + ROOT.pem() + other.pem()
    boot = at(serve((context(tmp_path, LEAF), GOOD)), ca).boot()
    assert boot.returncode == 0, boot
    if "Ed25519" in str(type(other.key)):
        assert "certificate 1 in" in boot.stdout + boot.stderr and "certificate 3 in" in boot.stdout + boot.stderr


def test_a_file_without_any_that_tls_can_read_is_a_mistake(at, serve, tmp_path):
    device = at(serve(), make("ed", certificates.edwards(), ca=True).pem())
    boot = device.boot()
    assert status(boot, "configuration") == 78 and "ca.pem" in boot.stdout


def test_a_host_with_a_dot_behind_it(at, serve, tmp_path):
    server = serve((context(tmp_path, LEAF), GOOD))
    assert at(server, host="localhost.").boot().returncode == 0
    server.join()
    assert b"Host: localhost:%d\r\n" % server.port in server.heard[0]
