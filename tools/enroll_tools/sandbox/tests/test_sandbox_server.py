"""Listeners, certificates, and how the sandbox starts and ends."""

from __future__ import annotations

import email.utils
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from enroll_tools.sandbox import Sandbox, SandboxError


def handshake(port: int, context: ssl.SSLContext, name: str = "127.0.0.1") -> str | None:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        return secure.version()


def raw(port: int, data: bytes, end: bool = False) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(data)
        if end:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(4096):
            received += chunk
        return received


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_good_certificate(sandbox, trusted, name, version):
    trusted.minimum_version = trusted.maximum_version = version
    assert handshake(sandbox.ports["https"], trusted, name) == version.name.replace("TLSv1_", "TLSv1.")


def test_extra_names():
    with Sandbox(names=("box.lan", "10.1.2.3", "localhost")) as sandbox:
        trusted = ssl.create_default_context(cafile=str(sandbox.ca_pem))
        for name in ("box.lan", "10.1.2.3"):
            assert handshake(sandbox.ports["https"], trusted, name)
            assert handshake(sandbox.ports["https-wrong-host"], ssl._create_unverified_context(), name)


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("wrong-host", 64, "IP address mismatch"),
        ("expired", 10, "certificate has expired"),
        ("not-yet-valid", 9, "certificate is not yet valid"),
        ("other-ca", 20, "unable to get local issuer certificate"),
    ],
)
def test_faulty_certificates(sandbox, trusted, send, logged, kind, code, words):
    url = sandbox.url("etherfax", f"https-{kind}") + "/devices?a=register&id=MT1&token=1"
    with pytest.raises(ssl.SSLCertVerificationError, match=words) as caught:
        send("GET", url, context=trusted)
    assert caught.value.verify_code == code
    # The handshake was seen, but no byte of a request.
    assert sandbox.counts()[f"https-{kind}"] == {"connections": 1, "requests": 0}
    (entry,) = logged(sandbox)
    assert (entry.method, entry.listener) == ("TLS", f"https-{kind}")
    # Only the certificate is wrong there: whoever does not look gets an answer, and the log tells where.
    assert send("GET", url, context=ssl._create_unverified_context()).status == 403
    assert [entry.listener for entry in sandbox.log("etherfax")] == [f"https-{kind}"]


def test_der_and_pem_are_the_same_authority(sandbox):
    assert ssl.PEM_cert_to_DER_cert(sandbox.ca_pem.read_text()) == sandbox.ca_der.read_bytes()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=sandbox.ca_der.read_bytes())
    assert handshake(sandbox.ports["https"], context)


def test_date_is_the_sandbox_clock(send):
    with Sandbox(time="2017-02-02T12:00:00Z") as sandbox:
        for path in ("/", "/nothing/here"):
            answer = send("HEAD", f"http://127.0.0.1:{sandbox.ports['http']}{path}")
            moment = email.utils.parsedate_to_datetime(answer.headers["Date"])
            assert abs(moment.timestamp() - 1486036800) < 5
        assert [entry.time[:16] for entry in sandbox.log()] == ["2017-02-02T12:00"] * 2


@pytest.mark.parametrize("wrong", ["yesterday", "2017-13-01", ""])
def test_an_invalid_time_is_refused(wrong):
    with pytest.raises(SandboxError, match="not an ISO 8601 time"):
        Sandbox(time=wrong).start()


def test_restart_remembers(tmp_path, send):
    with Sandbox(tmp_path) as first:
        first.etherfax.create("MT1")
        send("GET", first.urls["etherfax"].http + "/accounts?a=status")
        authority = first.ca_der.read_bytes()
    with Sandbox(tmp_path) as second:
        assert [device["serial"] for device in second.etherfax.devices()] == ["MT1"]
        assert [entry.id for entry in second.log()] == [1]
        assert second.ca_der.read_bytes() == authority
        trusted = ssl.create_default_context(cafile=str(second.ca_pem))
        assert handshake(second.ports["https"], trusted)


def test_a_name_that_no_certificate_can_have(tmp_path):
    with pytest.raises(SandboxError, match=r"no certificate can be made for .*, a b, .*: correct --name"):
        Sandbox(tmp_path, names=("a b",)).start()


@pytest.mark.parametrize("listener", ["http", "ntp"])
def test_busy_port(sandbox, listener, tmp_path):
    port = sandbox.ports[listener]
    with pytest.raises(SandboxError, match=f"cannot listen on 127.0.0.1 port {port} for {listener}, Address already"):
        Sandbox(tmp_path, ports={listener: port}).start()
    # Nothing stays open after the failure: the folder is free again.
    with Sandbox(tmp_path):
        pass


@pytest.mark.parametrize("option", ["host", "admin_host"])
def test_loopback_only(option):
    with pytest.raises(SandboxError, match=r"0\.0\.0\.0 is not loopback"):
        Sandbox(**{option: "0.0.0.0"}).start()


def test_listen_anywhere():
    with Sandbox(host="0.0.0.0", listen_anywhere=True) as sandbox:
        assert handshake(sandbox.ports["https"], ssl.create_default_context(cafile=str(sandbox.ca_pem)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": "no.such.host.invalid"}, "no such host"),
        ({"ports": {"gopher": 70}}, "unknown listener 'gopher'"),
        ({"ports": {"http": 70000}}, "cannot listen"),
        ({"stratum": 16}, "stratum"),
        ({"most": 0}, "most must be"),
        ({"settings": {"etherfax.day_tolerance": 2}}, "wants one of 0, 1"),
        ({"settings": {"etherfax.nonsense": 1}}, "no setting 'nonsense'"),
        ({"settings": {"nonsense": 1}}, "no such setting"),
        ({"settings": {"xyte.mqtt": "maybe"}}, "wants true or false"),
        ({"names": ("not a name",)}, "no certificate"),
    ],
)
def test_wrong_options(options, words):
    before = threading.active_count()
    with pytest.raises(SandboxError, match=words):
        Sandbox(**options).start()
    assert threading.active_count() == before


def test_stop_does_not_wait(logged):
    before = threading.active_count()
    sandbox = Sandbox()
    sandbox.start()
    sandbox.fault("etherfax", delay=60)
    idle = socket.create_connection(("127.0.0.1", sandbox.ports["http"]))
    waiting = socket.create_connection(("127.0.0.1", sandbox.ports["http"]))
    waiting.sendall(b"GET /etherfax/rest/2.0/api/devices HTTP/1.1\r\nHost: x\r\n\r\n")
    logged(sandbox)
    start = time.monotonic()
    sandbox.stop()
    assert time.monotonic() - start < 30
    assert threading.active_count() == before
    for connection in (idle, waiting):
        connection.close()
    sandbox.start()
    sandbox.stop()


def test_not_http(sandbox, logged):
    answer = raw(sandbox.ports["http"], b"SECRET-CANARY\x00 /?token=SECRET-CANARY nonsense\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 400 ") or answer.startswith(b"HTTP/1.1 400 ")
    (entry,) = logged(sandbox)
    assert (entry.listener, entry.status, entry.note) == ("http", 400, "not a well-formed HTTP request")


def test_client_that_goes_away(sandbox, logged):
    raw(sandbox.ports["http"], b"POST /xyte/v1/devices HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{", end=True)
    (entry,) = logged(sandbox)
    assert entry.status == 0
    assert "went away" in entry.note
    assert sandbox.xyte.devices() == []


def test_a_body_that_is_not_compressed_as_it_says(sandbox, send, logged):
    """The framework answered 500, and the log said that the client had gone away, though it was there."""
    head = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = send("POST", sandbox.urls["xyte"].http + "/v1/devices", data=b"{}", headers=head)
    assert (answer.status, answer.json()) == (400, {"error": "the body is not what Content-Encoding says"})
    (entry,) = logged(sandbox)
    assert (entry.status, entry.note) == (400, "the body is not what Content-Encoding says")
    key = {"Authorization": f"Bearer {sandbox.admin_key}"}
    assert send("POST", sandbox.admin_url + "/info", data=b"{}", headers=head | key).status == 400


def test_body_without_end(sandbox, send):
    answer = send("POST", sandbox.urls["xyte"].http + "/v1/devices", data=b" " * 300_000)
    assert answer.status == 413
    assert sandbox.log()[0].status == 413


def test_unknown_paths_and_methods(sandbox, send):
    assert send("GET", sandbox.urls["xyte"].http + "/v1/nothing").status == 404
    assert send("GET", f"http://127.0.0.1:{sandbox.ports['http']}/nothing").status == 404
    answer = send("DELETE", sandbox.urls["xyte"].http + "/v1/devices")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    # A HEAD must not register a device.
    assert send("HEAD", sandbox.urls["etherfax"].http + "/devices?a=register").status == 405
    assert [entry.service for entry in sandbox.log()] == ["xyte", "", "xyte", "etherfax"]


def test_one_connection_many_requests(sandbox, trusted):
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with (
        socket.create_connection(("127.0.0.1", sandbox.ports["https"]), timeout=5) as plain,
        trusted.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        for _ in range(3):
            secure.sendall(request)
            assert secure.recv(4096).startswith(b"HTTP/1.1 200")
    assert sandbox.counts()["https"] == {"connections": 1, "requests": 3}


def test_default_folder_is_temporary():
    with Sandbox() as sandbox:
        folder = Path(sandbox.state_folder)
        assert folder.is_dir()
    assert not folder.exists()


def test_another_loopback_address():
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.2", 0))
        except OSError:
            pytest.skip("this system has one loopback address only")
    with Sandbox(host="127.0.0.2") as sandbox:
        assert sandbox.urls["xyte"].https.startswith("https://127.0.0.2:")
        assert sandbox.ntp.startswith("127.0.0.2:")
        trusted = ssl.create_default_context(cafile=str(sandbox.ca_pem))
        with socket.create_connection(("127.0.0.2", sandbox.ports["https"]), timeout=5) as plain:
            trusted.wrap_socket(plain, server_hostname="127.0.0.2").close()


def test_urls_beyond_loopback_use_the_name():
    with Sandbox(host="0.0.0.0", listen_anywhere=True, names=("box.lan",)) as sandbox:
        assert sandbox.urls["xyte"].https.startswith("https://box.lan:")
        assert sandbox.admin_url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    "line",
    [b"OPTIONS * HTTP/1.1", b"GET http://127.0.0.1/xyte HTTP/1.1", b"GET //xyte HTTP/1.1", b"GET /{id} HTTP/1.0"],
)
def test_odd_request_lines(sandbox, logged, line):
    answer = raw(sandbox.ports["http"], line + b"\r\nConnection: close\r\nHost: x\r\n\r\n")
    assert answer.split()[1] in (b"200", b"400", b"404")
    assert len(logged(sandbox)) == 1
