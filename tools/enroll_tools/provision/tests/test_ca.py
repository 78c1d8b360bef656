"""Which CA a service has, and whether to trust it."""

import json
import os
import ssl

import pytest
import trustme
from certificates import CLIENTS_ONLY, CONSTRAINED, context, edwards, large, make, small
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec
from tlsserver import TlsServer


@pytest.fixture
def serve():
    """`serve(leaf)`: a TLS server on loopback with the certificate and chain of `leaf`, or with that context; returns
    its address."""
    servers = []

    def serve(leaf):
        context = leaf
        if isinstance(leaf, trustme.LeafCert):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            leaf.configure_cert(context)
        servers.append(TlsServer(context))
        return servers[-1].address

    yield serve
    for server in servers:
        server.close()


@pytest.fixture
def show(desk, serve, tmp_path):
    """`show(*chain, typed="", bundle=None)`: what `ca` says of a server with that chain."""

    def show(*chain, typed="", bundle=None):
        more = ()
        if bundle:
            (tmp_path / "bundle.pem").write_bytes(bundle.pem())
            more = ("--bundle", tmp_path / "bundle.pem")
        return desk.run("ca", serve(context(tmp_path, *chain)), "--out", "ca.der", *more, typed=typed)

    return show


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
    assert "needs --fingerprint" in desk.failed(2, *words)
    assert "differs" in desk.failed(77, *words, "--fingerprint", "AA:" * 31 + "AA")
    assert not (desk.folder / "ca.der").exists()
    der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[1].bytes().decode())
    mark = x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()).hex()
    assert desk.run(*words, "--fingerprint", mark).status == 0
    assert (desk.folder / "ca.der").read_bytes() == der
    done = desk.run("ca", where, "--out", "ca.der", "--fingerprint", f"{mark[:32]} {mark[32:]}", typed="n\n")
    shown = done.err.partition("of this SHA-256:")[2].split()[:2]
    assert "".join(shown).replace(":", "").lower() == mark, done


def test_a_server_that_does_not_send_its_ca_is_refused(desk, root, serve):
    where = serve(root.issue_cert("127.0.0.1"))
    assert "does not send its CA: give that with --bundle FILE" in desk.failed(77, "ca", where, "--out", "ca.der")


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


def test_nobody_there(desk):
    assert "cannot be reached" in desk.failed(75, "ca", "127.0.0.1:1", "--out", "ca.der")


def test_no_tls_there(desk, sandbox):
    where = sandbox.url("etherfax", "http").split("/")[2]
    assert "does not speak TLS" in desk.failed(75, "ca", where, "--out", "ca.der")


ROOT = make("root", ca=True)
INNER = make("inner", issuer=ROOT, ca=True)
OUTER = make("outer", issuer=INNER, ca=True)
RSA = make("rsa", large(), ca=True)
LEGACY = "has a key or signature that is no longer safe"
NAMED = {  # chain, root, what is named with and without a bundle, and the board's words for each
    "Ed25519": ([make("leaf", edwards(), ROOT)], ROOT, "1 has a weak key (Ed25519)", "error -30592", "", ""),
    "Ed25519 root": (
        [make("leaf", issuer=(ED := make("ed", edwards(), ca=True)))],
        ED,
        "2 is signed with Ed25519, which boards cannot read",
        "no certificate that TLS can read",
        "1 is signed with Ed25519, which boards cannot read",
        "is not supported by this TLS, error -9984",
    ),
    "RSA-1024": ([make("leaf", small(), ROOT)], ROOT, "1 has a weak key (RSA with 1024 bits)", LEGACY, "", ""),
    "SHA-1": ([make("leaf", issuer=RSA, digest=hashes.SHA1)], RSA, "1 is signed with SHA-1", LEGACY, "", ""),
    "critical constraints": (
        [make("leaf", issuer=(NC := make("nc", issuer=ROOT, ca=True, extensions=[CONSTRAINED]))), NC],
        ROOT,
        "2 has name constraints, marked critical",
        "is not supported by this TLS, error -9570",
        "",
        "no certificate that TLS can read",
    ),
    "expired": ([make("leaf", issuer=ROOT, days=(-9, -8))], ROOT, "1 has expired on ", "has expired or", "", ""),
    "for clients": ([make("leaf", issuer=ROOT, extensions=[CLIENTS_ONLY])], ROOT, "1 is not for", "-31232", "", ""),
}


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("bundled", [True, False])
def test_what_a_board_would_refuse_is_named_with_its_words(desk, show, name, bundled):
    """Also where nobody knows the CA, as far as the chain shows it."""
    chain, root, fault, words, other_fault, other_words = NAMED[name]
    if not bundled:
        fault, words = other_fault or fault, other_words or words
    done = show(*chain, bundle=root if bundled else None, typed="y\n")
    assert done.status == 77 and not (desk.folder / "ca.der").exists(), done
    last = done.err.splitlines()[-1]
    assert last.startswith("provision: a board would refuse 127.0.0.1, "), done
    assert words in last and f"certificate {fault}" in last, done


def test_a_chain_out_of_order_is_named_and_a_ca_offered_with_which_it_does_no_harm(desk, show):
    """With the root a board would not find the way; the certificate that is out of place may be trusted itself."""
    done = show(make("leaf", issuer=OUTER), INNER, OUTER, bundle=ROOT, typed="y\n")
    assert done.status == 0, done
    assert "Not in order: certificate 3 comes after certificate 2, which has signed it" in done.err
    assert "With certificate 4 a board would say: the certificate of 127.0.0.1 is not signed by the CA" in done.err
    assert "A board accepts 127.0.0.1 with certificate 2, of" in done.err
    assert (desk.folder / "ca.der").read_bytes() == INNER.certificate.public_bytes(form.Encoding.DER)


def test_a_root_that_boards_cannot_read_is_replaced_by_its_intermediate(desk, show):
    top = make("nc", ca=True, extensions=[CONSTRAINED])
    below = make("below", issuer=top, ca=True)
    done = show(make("leaf", issuer=below, names=("127.0.0.1",)), below, bundle=top, typed="y\n")
    assert done.status == 0 and "certificate 3 has name constraints, marked critical" in done.err, done
    assert (desk.folder / "ca.der").read_bytes() == below.certificate.public_bytes(form.Encoding.DER)


def test_a_server_that_is_its_own_authority(desk, show):
    own = make("127.0.0.1")
    done = show(own, typed="y\n")
    assert done.status == 0 and "NOT verified" in done.err, done
    assert (desk.folder / "ca.der").read_bytes() == own.certificate.public_bytes(form.Encoding.DER)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_wants_a_certificate_of_the_client(desk, serve, tmp_path, newest):
    (tmp_path / "clients.pem").write_bytes(ROOT.pem())
    tls = context(tmp_path, make("leaf", issuer=ROOT), newest=newest, clients=tmp_path / "clients.pem")
    sentence = desk.failed(77, "ca", serve(tls), "--out", "ca.der")
    assert "seems to require a client certificate" in sentence, sentence


def test_a_server_with_another_version_of_tls(desk, serve, tmp_path):
    tls = context(tmp_path, make("leaf", issuer=ROOT), ROOT)
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    assert "let the server take TLS 1.2" in desk.failed(77, "ca", serve(tls), "--out", "ca.der")


def test_a_curve_that_neither_boards_nor_this_computer_offer(desk, serve, tmp_path):
    odd = context(tmp_path, make("leaf", ec.generate_private_key(ec.SECP256K1()), ROOT))
    assert "refuses TLS with this computer, as it would with a board: let the server offer TLS 1.2" in desk.failed(
        77, "ca", serve(odd), "--out", "ca.der"
    )


def test_a_damaged_certificate(desk, show):
    broken = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.37"), b"\x30\x55\x01")
    done = show(make("leaf", issuer=ROOT), make("broken", issuer=ROOT, ca=True, extensions=[(broken, False)]))
    assert done.status == 77 and "certificate 2 that 127.0.0.1 sends is damaged" in done.err, done


HOSTILE = ("\x1b[2J\x1b[H\u202everified by a friend\r\n\x9b1A [bold]\x7f:skull:", "x" + 47 * " " + "verified by all")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_repaints_the_question(desk, show, name):
    """It concealed "NOT verified": what to decide by comes last, and nothing in a name is a command."""
    authority = make(name, ca=True)
    done = show(make("leaf", issuer=authority), authority, typed="n\n")
    *lines, question, _ = done.err.splitlines()
    assert question.startswith("Trust it, and write it to ca.der? [y/N]")
    assert all(line.isprintable() for line in lines), lines
    before, _, behind = "\n".join(lines).partition(", of this SHA-256:\n")
    mark, verdict = behind.split("\n", 2)[:2], behind.split("\n", 2)[2]
    assert verdict.startswith("NOT verified by the CAs that this computer trusts: ")
    assert not set("".join(mark)) - set(" :0123456789ABCDEF")
    assert "verif" in before and "     verif" not in before and "friend" not in behind


def test_json_says_what_was_written(desk, serve, leaf):
    done = desk.run("ca", serve(leaf), "--out", "ca.der", "--json", typed="y\n")
    found = json.loads(done.out.splitlines()[-1])
    assert found["out"] == "ca.der" and found["verified"] is False and "trustme" in found["subject"], done
    done = desk.run("ca", serve(leaf), "--out", "ca.der", "--json", typed="n\n")
    assert json.loads(done.out.splitlines()[-1])["status"] == done.status == 77, done


@pytest.mark.parametrize("name", ["enroll.json", "main.py", "ca", "ca.der.txt", ".der"])
def test_out_has_the_name_of_a_certificate(desk, serve, leaf, name):
    (desk.folder / "enroll.json").write_text("{}")
    assert "let it end with .der or .pem" in desk.failed(2, "ca", serve(leaf), "--out", name)
    assert (desk.folder / "enroll.json").read_text() == "{}"


def test_out_replaces_certificates_only(desk, serve, leaf):
    where = serve(leaf)
    key = leaf.private_key_pem.bytes()
    for content in (b"", b"precious", key, key + leaf.cert_chain_pems[0].bytes()):
        (desk.folder / "ca.pem").write_bytes(content)
        assert "is there and is not a certificate" in desk.failed(2, "ca", where, "--out", "ca.pem")
        assert (desk.folder / "ca.pem").read_bytes() == content
    (desk.folder / "ca.pem").write_bytes(leaf.cert_chain_pems[0].bytes())
    assert desk.run("ca", where, "--out", "ca.pem", typed="y\n").status == 0
    assert (desk.folder / "ca.pem").read_bytes() == leaf.cert_chain_pems[1].bytes()
    (desk.folder / "folder.pem").mkdir()
    assert "is there and is not a certificate" in desk.failed(2, "ca", where, "--out", "folder.pem")
    assert "is not a folder" in desk.failed(2, "ca", where, "--out", "nowhere/ca.pem")


@pytest.mark.parametrize("target", ["precious", "absent", "ca.pem"])
def test_out_never_follows_a_link(desk, serve, leaf, target):
    """Neither by its own name, nor by the name of a file beside it that is moved to its place."""
    where = serve(leaf)
    (desk.folder / "precious").write_text("precious")
    (desk.folder / "ca.pem").write_bytes(leaf.cert_chain_pems[0].bytes())
    os.symlink(target, desk.folder / "ca.der")
    assert "is a link" in desk.failed(2, "ca", where, "--out", "ca.der")
    os.symlink("precious", desk.folder / "good.der.new")
    assert desk.run("ca", where, "--out", "good.der", typed="y\n").status == 0
    assert (desk.folder / "precious").read_text() == "precious" and not (desk.folder / "absent").exists()
    assert {path.name for path in desk.folder.iterdir()} >= {"good.der", "good.der.new"}
    assert not [path for path in desk.folder.iterdir() if path.name.startswith(".")]
