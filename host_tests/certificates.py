"""Certificates that trustme does not make: odd keys, extensions and chains."""

import datetime
import functools
import ipaddress
import ssl
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric import padding as asymmetric_padding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.UTC)
ODD = x509.ObjectIdentifier("1.2.3.4")
CLIENTS_ONLY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False
CRITICAL = x509.UnrecognizedExtension(ODD, b"\x05\x00"), True
LARGE = x509.UnrecognizedExtension(ODD, bytes(17000)), False  # more than a record of TLS
SHA256_RSA = bytes.fromhex("2a864886f70d01010b")
SHA1_RSA = bytes.fromhex("2a864886f70d010105")
CONSTRAINED = x509.NameConstraints([x509.DNSName("a.example")], None), True


class Pair(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Any

    def pem(self) -> bytes:
        return self.certificate.public_bytes(form.Encoding.PEM)


def curve() -> Any:
    return ec.generate_private_key(ec.SECP256R1())


@functools.cache  # finding the primes takes a second on a busy machine
def large() -> Any:
    return rsa.generate_private_key(65537, 2048)


@functools.cache
def small() -> Any:
    return rsa.generate_private_key(65537, 1024)


def edwards() -> Any:
    return ed25519.Ed25519PrivateKey.generate()


def make(
    name: str,
    key: Any = None,
    issuer: Pair | None = None,
    ca: bool = False,
    extensions: Any = (),
    digest: Any = hashes.SHA256,
    days: tuple[int, int] = (-2, 30),
    path: int | None = None,
    names: tuple[str, ...] = ("127.0.0.1", "localhost"),
    padding: Any = None,
) -> Pair:
    """A certificate for `names`, or of a `ca`, signed by `issuer` or itself; valid for `days` from now, as the first
    and the last; `path`: how many authorities there may be below it.
    """
    key = key or curve()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    serial = x509.random_serial_number() | 1 << 158  # of 20 bytes each time: one in 256 would have fewer
    builder = x509.CertificateBuilder(
        issuer.certificate.subject if issuer else subject, subject, key.public_key(), serial
    )
    first, last = (NOW + datetime.timedelta(it) for it in days)
    builder = builder.not_valid_before(first).not_valid_after(last)
    builder = builder.add_extension(x509.BasicConstraints(ca, path), True)
    if not ca and names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_name(it) for it in names]), False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signer = issuer.key if issuer else key
    if digest is hashes.SHA1:
        return Pair(_by_sha1(builder.sign(signer, hashes.SHA256()), signer), key)
    unhashed = isinstance(signer, ed25519.Ed25519PrivateKey)
    return Pair(builder.sign(signer, None if unhashed else digest(), rsa_padding=padding), key)


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _by_sha1(certificate: x509.Certificate, signer: rsa.RSAPrivateKey) -> x509.Certificate:
    """The same, signed with SHA-1, which no library makes any more: both have identifiers of the same length."""
    body = certificate.tbs_certificate_bytes
    new = body.replace(SHA256_RSA, SHA1_RSA)
    signature = signer.sign(new, asymmetric_padding.PKCS1v15(), hashes.SHA1())
    der = certificate.public_bytes(form.Encoding.DER).replace(body, new).replace(SHA256_RSA, SHA1_RSA)
    return x509.load_der_x509_certificate(der.replace(certificate.signature, signature))


def served(*chain: Pair) -> bytes:
    """What a server reads: the key of its own certificate, which comes first, and the `chain`, in PEM."""
    key: bytes = chain[0].key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    return key + b"".join(it.pem() for it in chain)


def context(folder: Path, *chain: Pair, newest: ssl.TLSVersion | None = None, clients: Path | None = None) -> Any:
    """A server's TLS with `chain`, its own certificate first; `clients`: file of the CA that theirs must be from."""
    own = folder / "chain.pem"
    own.write_bytes(served(*chain))
    it = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    it.set_ciphers("ALL:@SECLEVEL=0")
    it.load_cert_chain(own)
    if newest:
        it.maximum_version = newest
    if clients:
        it.verify_mode = ssl.CERT_REQUIRED
        it.load_verify_locations(clients)
    return it
