"""Certificates that trustme does not make: odd keys, extensions and chains."""

import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.UTC)
ODD = x509.ObjectIdentifier("1.2.3.4")
CLIENTS_ONLY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False
CRITICAL = x509.UnrecognizedExtension(ODD, b"\x05\x00"), True
LARGE = x509.UnrecognizedExtension(ODD, bytes(17000)), False  # more than a record of TLS
CONSTRAINED = x509.NameConstraints([x509.DNSName("a.example")], None), True


class Pair(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Any

    def pem(self) -> bytes:
        return self.certificate.public_bytes(form.Encoding.PEM)


def curve() -> Any:
    return ec.generate_private_key(ec.SECP256R1())


def small() -> Any:
    return rsa.generate_private_key(65537, 1024)


def edwards() -> Any:
    return ed25519.Ed25519PrivateKey.generate()


def make(name: str, key: Any = None, issuer: Pair | None = None, ca: bool = False, extensions: Any = ()) -> Pair:
    """A certificate for 127.0.0.1 and localhost, or of a `ca`, signed by `issuer` or itself."""
    key = key or curve()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        issuer.certificate.subject if issuer else subject, subject, key.public_key(), x509.random_serial_number()
    )
    builder = builder.not_valid_before(NOW - datetime.timedelta(2)).not_valid_after(NOW + datetime.timedelta(30))
    builder = builder.add_extension(x509.BasicConstraints(ca, None), True)
    if not ca:
        names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signer = issuer.key if issuer else key
    return Pair(builder.sign(signer, None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()), key)


def context(folder: Path, *chain: Pair, newest: ssl.TLSVersion | None = None, clients: Path | None = None) -> Any:
    """A server's TLS with `chain`, its own certificate first; `clients`: file of the CA that theirs must be from."""
    own = folder / "chain.pem"
    key = chain[0].key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    own.write_bytes(key + b"".join(it.pem() for it in chain))
    it = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    it.set_ciphers("ALL:@SECLEVEL=0")
    it.load_cert_chain(own)
    if newest:
        it.maximum_version = newest
    if clients:
        it.verify_mode = ssl.CERT_REQUIRED
        it.load_verify_locations(clients)
    return it
