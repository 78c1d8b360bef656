"""Which CA a service has, and whether to trust it."""

import socket
import ssl
import threading
from types import SimpleNamespace

import pytest
import trustme
from provision import ca
from provision.errors import Failure


@pytest.fixture
def serve():
    """`serve(leaf)`: a TLS server on loopback with the certificate and chain of `leaf`; returns its address."""
    listeners, threads = [], []

    def serve(leaf):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(context)
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(10)
        listeners.append(listener)

        def run():
            while True:
                try:
                    accepted, _ = listener.accept()
                    with accepted, context.wrap_socket(accepted, server_side=True) as connection:
                        connection.recv(1)
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        threads.append(thread)
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(5)
    for listener in listeners:
        listener.close()


@pytest.fixture
def root():
    return trustme.CA(organization_name="The Root")


@pytest.fixture
def leaf(root):
    return root.create_child_ca().issue_cert("127.0.0.1")


def test_the_root_comes_from_a_bundle(desk, serve, root, leaf):
    bundle, other = desk.folder / "bundle.pem", desk.folder / "other.pem"
    other.write_bytes(trustme.CA().cert_pem.bytes())
    bundle.write_bytes(trustme.CA().cert_pem.bytes() + root.cert_pem.bytes() + trustme.CA().cert_pem.bytes())
    done = desk.run("ca", serve(leaf), "--out", "ca.der", "--bundle", other, "--bundle", bundle, typed="y\n")
    assert done.status == 0, done
    der = (desk.folder / "ca.der").read_bytes()
    assert der == ssl.PEM_cert_to_DER_cert(root.cert_pem.bytes().decode())
    assert "The Root" in done.err and "verified by" in done.err


def test_without_a_root_the_intermediate_is_shown_as_not_verified(desk, serve, leaf):
    where = serve(leaf)
    done = desk.run("ca", where, "--out", "ca.pem", typed="n\n")
    assert done.status == 77 and "nothing was written" in done.err and not (desk.folder / "ca.pem").exists()
    assert "NOT verified by" in done.err
    done = desk.run("ca", where, "--out", "ca.pem", typed="y\n")
    intermediate = leaf.cert_chain_pems[1].bytes()
    assert ssl.PEM_cert_to_DER_cert((desk.folder / "ca.pem").read_text()) == ssl.PEM_cert_to_DER_cert(
        intermediate.decode()
    )


def test_scripts_name_the_fingerprint(desk, serve, leaf):
    where = serve(leaf)
    words = ("ca", where, "--out", "ca.der", "--yes")
    assert "wants --fingerprint" in desk.failed(2, *words)
    assert "differs" in desk.failed(77, *words, "--fingerprint", "AA:" * 31 + "AA")
    assert not (desk.folder / "ca.der").exists()
    mark = ca.fingerprint(ca.fetch(*ca.address(where)).anchor)
    assert desk.run(*words, "--fingerprint", mark.lower().replace(":", "")).status == 0
    assert (desk.folder / "ca.der").exists()


def test_who_sends_no_ca_has_none_to_trust(desk, root, serve):
    where = serve(root.issue_cert("127.0.0.1"))
    assert "does not send its CA, so give that with --bundle FILE" in desk.failed(77, "ca", where, "--out", "ca.der")


def test_a_bundle_that_does_not_verify(desk, serve, root, leaf):
    where = serve(leaf)
    bundle = desk.folder / "bundle.pem"
    bundle.write_bytes(trustme.CA().cert_pem.bytes())
    assert "is NOT verified by" in desk.failed(77, "ca", where, "--out", "ca.der", "--bundle", bundle)
    bundle.write_bytes(root.cert_pem.bytes())
    other = serve(root.issue_cert("other.invalid"))
    assert "127.0.0.1" in desk.failed(77, "ca", other, "--out", "ca.der", "--bundle", bundle)
    bundle.write_text("nothing")
    assert "holds no certificates" in desk.failed(2, "ca", where, "--out", "ca.der", "--bundle", bundle)


def test_the_service_is_the_one_in_enroll_json(desk, serve, root, leaf):
    """Placeholders of secrets are left alone: nobody is asked for a password here."""
    where = serve(leaf)
    (desk.folder / "roots.pem").write_bytes(root.cert_pem.bytes())
    desk.write("etherfax", url=f"https://{where}/rest/2.0", network=[{"ssid": "x", "password": {"$env": "NOT_SET"}}])
    done = desk.run("ca", "enroll.json", "--out", "ca.der", "--bundle", "roots.pem", typed="y\n")
    assert done.status == 0 and "The Root" in done.err, done


@pytest.mark.parametrize("url", ["http://127.0.0.1", "127.0.0.1", 5, None, "https:///x"])
def test_an_enroll_json_without_https(desk, url):
    desk.write("etherfax", url=url)
    assert "`url` wants an address that begins with https" in desk.failed(78, "ca", "enroll.json", "--out", "ca.der")
    (desk.folder / "enroll.json").write_text("[]")
    assert "`url` wants an address that begins with https" in desk.failed(78, "ca", "enroll.json", "--out", "ca.der")


def test_a_python_that_tells_the_chain_otherwise(root, leaf, tmp_path, monkeypatch):
    own, intermediate = [ssl.PEM_cert_to_DER_cert(pem.bytes().decode()) for pem in leaf.cert_chain_pems]
    public = SimpleNamespace(get_verified_chain=lambda: [own, intermediate])  # 3.13
    assert [it.subject for it in ca._sent(public, True)][1] == ca.x509.load_der_x509_certificate(intermediate).subject
    none = SimpleNamespace(getpeercert=lambda binary_form: own)
    assert len(ca._sent(none, True)) == 1
    (tmp_path / "bundle.pem").write_bytes(root.cert_pem.bytes())
    monkeypatch.setattr(ca, "_ask", lambda *_: ca._sent(none, True))
    with pytest.raises(Failure, match="does not send its CA"):
        ca.fetch("127.0.0.1", 1, tmp_path / "bundle.pem")


@pytest.mark.parametrize("text", ["", "a/b", "a:0", "a:x", "a:99999", ":443"])
def test_what_is_no_address(text):
    with pytest.raises(Failure, match="is wanted"):
        ca.address(text)


def test_addresses():
    assert ca.address("host") == ("host", 443)
    assert ca.address("host:8443") == ("host", 8443)
    assert ca.address("[::1]:8443") == ("::1", 8443)
    assert ca.address("[::1]") == ("::1", 443)


def test_nobody_there(desk):
    assert "cannot be reached" in desk.failed(75, "ca", "127.0.0.1:1", "--out", "ca.der")


def test_no_tls_there(desk, sandbox):
    where = sandbox.url("etherfax", "http").split("/")[2]
    assert "does not speak TLS" in desk.failed(75, "ca", where, "--out", "ca.der")
