"""`enroll-provision ca` says of a server what a MicroPython with the boards' TLS says that speaks to it.

Each chain is served on loopback. The bench looks at it with a bundle that has its root; then each CA that the bench
has considered is given to MicroPython, which has to accept where the bench accepts, and to use the words that the bench
has told where it does not.
"""

import functools
import json
import ssl
import subprocess
from typing import Any, NamedTuple

import pytest
from certificates import CLIENTS_ONLY, CONSTRAINED, CRITICAL, LARGE, ODD, Pair, context, edwards, large, make, small
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding
from devices import ROOT as PROJECT
from enroll_tools.provision.certificate import Certificate
from enroll_tools.provision.handshake import as_board
from enroll_tools.provision.survey import look
from enroll_tools.provision.verify import verify
from runtimes import FULL, Unavailable, micropython
from tlsserver import TlsServer

DEVICE = """
import json, sys
from enroll.connection import connect
from enroll.tasks import run

def speak(host, port, ca):
    it = yield from connect("127.0.0.1", port, 5)
    try:
        yield from it.secure(host, ca)
        yield from it.write(b"x")
        assert (yield from it.read()) == b"y"
    finally:
        it.close()

for host, port, ca in json.loads(sys.stdin.read()):
    try:
        run(speak(host, port, ca))
        print("accepted")
    except Exception as error:
        print(type(error).__name__, error)
"""
UNSAFE = "has a key or signature that is no longer safe"
UNSIGNED = "is not signed by the CA in `ca`"
DATES = "has expired or is not valid yet"
HOST = "is for another host"
UNREAD = "no certificate that TLS can read"


class Case(NamedTuple):
    """A chain as it is served, the CA that is trusted, and what a board says, "" if it accepts."""

    chain: list[Pair]
    anchor: Pair
    words: str = ""
    host: str = "127.0.0.1"
    oldest: ssl.TLSVersion | None = None


def curved(curve: Any) -> Any:
    return ec.generate_private_key(curve())


def usage(**granted: bool) -> tuple[x509.KeyUsage, bool]:
    names = "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign"
    names += " crl_sign encipher_only decipher_only"
    return x509.KeyUsage(**{**dict.fromkeys(names.split(), False), **granted}), True


def policies(oid: str, critical: bool) -> tuple[x509.CertificatePolicies, bool]:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None)]), critical


def under(issuer: Pair, *rest: Pair, words: str = "", anchor: Pair | None = None, **more: Any) -> Case:
    """A leaf under `issuer` and `rest`, of which the last is the CA and not sent."""
    *between, top = (issuer, *rest)
    return Case([make("leaf", issuer=issuer, **more), *between], anchor or top, words)


def long(between: int, root: Pair, words: str = "") -> Case:
    found = [root]
    for number in range(between):
        found.insert(0, make(f"between {number}", issuer=found[0], ca=True))
    return Case([make("leaf", issuer=found[0]), *found[:-1]], root, words)


def as_long_as(size: int, issuer: Pair, words: str = "") -> Case:
    """A chain of one whose message has `size` bytes."""

    def leaf(room: int) -> Pair:
        return make("leaf", issuer=issuer, extensions=[(x509.UnrecognizedExtension(ODD, bytes(room)), False)])

    first = leaf(16000)
    return Case([leaf(16000 + size - 10 - len(first.certificate.public_bytes(Encoding.DER)))], issuer, words)


@functools.cache
def cases() -> dict[str, Case]:
    root, rsa, one_key = make("root", ca=True), make("rsa", key := large(), ca=True), key
    inner = make("inner", issuer=(outer := make("outer", issuer=root, ca=True)), ca=True)
    leaf = make("leaf", issuer=inner)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    pss_root = make("pss", one_key, ca=True, padding=pss)
    by_sha1 = make("by SHA-1", issuer=rsa, ca=True, digest=hashes.SHA1)
    sha1_root = make("SHA-1 root", one_key, ca=True, digest=hashes.SHA1)
    ed_root = make("Ed25519 root", edwards(), ca=True)
    by_ed = make("by Ed25519", issuer=ed_root, ca=True)
    old = make("old", issuer=root, ca=True, days=(-20, -10))
    last = make("last", issuer=root, ca=True, path=0)
    alone = make("127.0.0.1")
    plain = make("no CA", issuer=root)
    return {
        "three below the root": Case([leaf, inner, outer], root),
        "the root is sent too": Case([leaf, inner, outer, root], root),
        "the leaf alone": Case([leaf], inner),
        "one is missing": Case([leaf, outer], root, UNSIGNED),
        "not in order": Case([leaf, outer, inner], root, UNSIGNED),
        "others in between": Case([leaf, plain, inner, rsa, outer], root),
        "another CA": Case([leaf, inner, outer], rsa, UNSIGNED),
        "another CA of the same name": Case([leaf, inner, outer], make("root", ca=True), UNSIGNED),
        "RSA": under(rsa, key=one_key),
        "RSA-1024": under(root, key=small(), words=UNSAFE),
        "RSA-1024 root": under(make("weak", small(), ca=True), words=UNSAFE),
        "SHA-1": under(rsa, digest=hashes.SHA1, words=UNSAFE),
        "SHA-1 in between": under(by_sha1, rsa, words=UNSAFE),
        "SHA-1 of the CA itself": under(by_sha1),
        "SHA-1 root": under(sha1_root),
        "SHA-224": under(rsa, digest=hashes.SHA224, words=UNSAFE),
        "SHA-512": under(rsa, digest=hashes.SHA512),
        "SHA-3": under(rsa, digest=hashes.SHA3_256, words="-9984"),
        "RSASSA-PSS": under(rsa, padding=pss, words="-8960"),
        "RSASSA-PSS root": under(pss_root, words=UNREAD),
        "Ed25519": under(root, key=edwards(), words="-30592"),
        "Ed25519 root": under(ed_root, words=UNREAD),
        "Ed25519 above the CA": under(by_ed, words=UNREAD),
        "Ed25519 above, not trusted": under(by_ed, root, words=UNSIGNED),
        "signed with Ed25519": under(ed_root, words="-9984", anchor=root),
        "Ed25519 in between": under(make("ed", edwards(), root, ca=True), root, words="-15488"),
        "Ed25519 behind the chain": Case([leaf, inner, outer, by_ed], root),
        "P-224 in between": under(make("224", curved(ec.SECP224R1), root, ca=True), root, words=UNSAFE),
        "secp256k1 root": under(make("k1", curved(ec.SECP256K1), ca=True), words=UNSAFE),
        "Brainpool in between": under(make("bp", curved(ec.BrainpoolP256R1), root, ca=True), root, words="-14848"),
        "P-384": under(root, key=curved(ec.SECP384R1)),
        "P-521 root": under(make("521", curved(ec.SECP521R1), ca=True)),
        "for clients": under(root, extensions=[CLIENTS_ONLY], words="-31232"),
        "a CA for clients": under(make("clients", ca=True, extensions=[CLIENTS_ONLY])),
        "not for signatures": under(root, key=one_key, extensions=[usage(key_encipherment=True)], words="-31232"),
        "not for signatures, P-256": under(root, extensions=[usage(key_encipherment=True)], words="-30592"),
        "for signatures": under(root, extensions=[usage(digital_signature=True)]),
        "a CA that may not": under(make("may not", ca=True, extensions=[usage(crl_sign=True)]), words=UNSIGNED),
        "one in between that may not": under(plain, root, words=UNSIGNED),
        "critical": under(root, extensions=[CRITICAL], words="-9570"),
        "critical policy": under(root, extensions=[policies("1.2.3.4", True)], words="-8320"),
        "critical policy, any": under(root, extensions=[policies("2.5.29.32.0", True)]),
        "policy": under(root, extensions=[policies("1.2.3.4", False)]),
        "critical constraints": under(make("nc", ca=True, extensions=[CONSTRAINED]), words=UNREAD),
        "critical constraints in between": under(
            make("nc", issuer=root, ca=True, extensions=[CONSTRAINED]), root, words="-9570"
        ),
        "expired": under(root, days=(-20, -10), words=DATES),
        "of tomorrow": under(root, days=(1, 10), words=DATES),
        "expired in between": under(old, root, words=DATES),
        "expired root": under(make("old root", ca=True, days=(-20, -10)), words=DATES),
        "expired, and RSA-1024": under(root, key=small(), days=(-20, -10), words=UNSAFE),
        "another host": under(root, names=("other.invalid",), words=HOST),
        "no names but the common one": Case([make("127.0.0.1", issuer=root, names=())], root),
        "capital letters": Case([make("leaf", issuer=root, names=("LOCALhost",))], root, host="localhost"),
        "any of a domain": Case([make("leaf", issuer=root, names=("*.a.example",))], root, "", "b.a.example"),
        "any, too deep": Case([make("leaf", issuer=root, names=("*.a.example",))], root, HOST, "c.b.a.example"),
        "any, the domain itself": Case([make("leaf", issuer=root, names=("*.a.example",))], root, HOST, "a.example"),
        "a CA that may have none below": under(last, root),
        "one below that": under(make("below", issuer=last, ca=True), last, root, words=UNSIGNED),
        "itself": Case([alone], alone),
        "itself, not trusted": Case([alone], root, UNSIGNED),
        "eight in between": long(8, root),
        "nine in between": long(9, root, "-12288"),
        "16 384 bytes": as_long_as(16384, rsa),
        "TLS 1.3 alone": Case([leaf, inner, outer], root, "-30592", oldest=ssl.TLSVersion.TLSv1_3),
        "17 000 bytes": under(root, extensions=[LARGE], words="-28928"),
    }


class Trial(NamedTuple):
    """A CA given to a board, and what the bench says of that."""

    name: str
    host: str
    port: int
    ca: str
    words: str


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    """All chains served, and a Trial for each CA that the bench has considered, that of the case first."""
    folder, servers, found = tmp_path_factory.mktemp("chains"), [], []

    def trial(name: str, case: Case, anchor: Certificate, words: str) -> None:
        path = folder / f"{anchor.fingerprint.replace(':', '')}.der"
        path.write_bytes(anchor.der)
        found.append(Trial(name, case.host, servers[-1].port, str(path), words))

    try:
        for name, case in cases().items():
            tls = context(folder, *case.chain)
            tls.minimum_version = case.oldest or tls.minimum_version
            servers.append(TlsServer(tls))
            anchor = Certificate.read(case.anchor.certificate.public_bytes(Encoding.DER))
            bundle = folder / "bundle.pem"
            bundle.write_bytes(case.anchor.pem())
            shown = as_board("127.0.0.1", servers[-1].port)
            if case.host in ("127.0.0.1", "localhost"):
                survey = look(case.host, servers[-1].port, bundle)
                tried = [(it or anchor, verdict.words) for it, verdict in survey.tried]
            else:  # a name that is not in any name server
                tried = [(anchor, verify(shown.sent, anchor, case.host).words)]
            if anchor not in [it for it, _ in tried]:
                tried.append((anchor, verify(shown.sent, anchor, case.host, ephemeral=shown.ephemeral).words))
            for it, words in sorted(tried, key=lambda pair: pair[0] != anchor):
                trial(name, case, it, words)
        yield found
    finally:
        for server in servers:
            server.close()


def test_the_bench_says_what_is_expected_of_each_chain(trials):
    first = {}
    for it in trials:
        first.setdefault(it.name, it.words)
    wrong = {name: (first[name], case.words) for name, case in cases().items() if case.words not in first[name]}
    wrong |= {name: first[name] for name, case in cases().items() if bool(first[name]) != bool(case.words)}
    assert not wrong


@pytest.mark.long("chip")
@pytest.mark.parametrize("name", FULL)
def test_a_board_says_the_same(trials, name):
    try:
        program = str(micropython(name))
    except Unavailable as error:
        pytest.skip(error.message)
    given = json.dumps([[it.host, it.port, it.ca] for it in trials])
    done = subprocess.run(
        [program, "-c", DEVICE],
        input=given,
        env={"MICROPYPATH": f"{PROJECT}/lib:.frozen"},
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    said = done.stdout.splitlines()
    assert len(said) == len(trials) > 60
    wrong = {it: line for it, line in zip(trials, said, strict=True) if not agrees(it.words, line)}
    assert not wrong
    assert 20 < said.count("accepted") < len(said) - 20


def agrees(words: str, said: str) -> bool:
    """Whether a board that `said` this was told to say `words`."""
    return words.removeprefix("error ") in said if words else said == "accepted"


def test_words_that_do_not_agree():
    assert agrees("", "accepted") and agrees("error -1", "OSError (-1, '')")
    assert not agrees("", "OSError") and not agrees("error -1", "accepted")
