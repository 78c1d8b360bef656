"""Pieces of `enroll-provision ca`: addresses, what Python says about a chain, certificates with bytes changed."""

import random
import ssl
from collections import Counter
from types import SimpleNamespace

import pytest
import trustme
from certificates import CLIENTS_ONLY, CRITICAL, large, make
from cryptography.hazmat.primitives import serialization as form
from enroll_tools.provision import handshake
from enroll_tools.provision.address import address
from enroll_tools.provision.certificate import Certificate, Damaged
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.verify import disorder, verify


def test_a_python_that_tells_the_chain_otherwise():
    leaf = trustme.CA().create_child_ca().issue_cert("127.0.0.1")
    own, intermediate = [ssl.PEM_cert_to_DER_cert(pem.bytes().decode()) for pem in leaf.cert_chain_pems]
    public = SimpleNamespace(get_verified_chain=lambda: [own, intermediate])  # 3.13
    assert handshake._sent(public, True) == [own, intermediate]
    none = SimpleNamespace(getpeercert=lambda binary_form: own)
    assert handshake._sent(none, True) == [own]


@pytest.mark.parametrize("text", ["", "a/b", "a:0", "a:x", "a:99999", ":443", ".", ".a", "a b", "u@a", "a\x1b[2J"])
def test_invalid_addresses_are_refused(text):
    with pytest.raises(Failure, match="is not HOST") as failure:
        address(text)
    assert str(failure.value).isprintable()


def test_addresses():
    assert address("host") == ("host", 443)
    assert address("host:8443") == ("host", 8443)
    assert address("[::1]:8443") == ("::1", 8443)
    assert address("[::1]") == ("::1", 443)
    assert address("host.:8443") == ("host", 8443)


def test_certificates_with_bytes_changed_end_in_no_traceback():
    """Each is read and judged, or called damaged; all that is shown of it is printable."""
    top = make("root", ca=True)
    seeds = [top, make("leaf", issuer=top, extensions=[CRITICAL, CLIENTS_ONLY]), make("rsa", large(), ca=True)]
    seeds = [pair.certificate.public_bytes(form.Encoding.DER) for pair in seeds]
    root, chance, counts = Certificate.read(seeds[0]), random.Random(1), Counter()
    for _ in range(800):
        der = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 2, 5))):
            der[chance.randrange(len(der))] = chance.choice((0, 255, 0x30, 0x80, 6, 12, 30, chance.randrange(256)))
        try:
            it = Certificate.read(bytes(der))
        except Damaged:
            counts["damaged"] += 1
            continue
        for chain, anchor in (([it, root], root), ([root, it, root], it), ([it], None)):
            assert verify(chain, anchor, "127.0.0.1").words.isprintable()
            list(disorder(chain))
        assert all(text.isprintable() for text in (it.subject, it.issuer, it.key, it.signature, it.fingerprint))
        counts["read"] += 1
    assert min(counts.values()) > 100 and len(counts) == 2


def test_a_ca_that_has_the_name_of_another():
    old, new = (make("root", ca=True) for _ in range(2))
    server, anchor = (
        Certificate.read(it.certificate.public_bytes(form.Encoding.DER)) for it in (make("leaf", issuer=old), new)
    )
    fault = verify([server], anchor, "127.0.0.1").faults[0]
    assert f"{fault.what}: {fault.remedy}" == (
        f"is signed by another CA of the same name, {anchor.subject}: use the one that has signed it"
    )
