"""Whether a board's TLS accepts a certificate: mbedTLS 3.6 as MicroPython configures it for RP2.

After MicroPython's extmod/mbedtls/mbedtls_config_common.h and mbedTLS's default profile of X.509. ESP-IDF has a
configuration of its own, which was not tried.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID, PublicKeyAlgorithmOID, SignatureAlgorithmOID

from .certificate import Certificate

LEAST_RSA = 2048  # bits
SAFE_HASHES = ("SHA-256", "SHA-384", "SHA-512")
SAFE_CURVES = ("P-256", "P-384", "P-521")
_READABLE_CURVES = {"secp192r1", "secp224r1", "secp256r1", "secp384r1", "secp521r1", "secp256k1"}
_READABLE_SIGNATURES = {
    SignatureAlgorithmOID.RSA_WITH_MD5,
    SignatureAlgorithmOID.RSA_WITH_SHA1,
    SignatureAlgorithmOID.RSA_WITH_SHA224,
    SignatureAlgorithmOID.RSA_WITH_SHA256,
    SignatureAlgorithmOID.RSA_WITH_SHA384,
    SignatureAlgorithmOID.RSA_WITH_SHA512,
    SignatureAlgorithmOID.ECDSA_WITH_SHA1,
    SignatureAlgorithmOID.ECDSA_WITH_SHA224,
    SignatureAlgorithmOID.ECDSA_WITH_SHA256,
    SignatureAlgorithmOID.ECDSA_WITH_SHA384,
    SignatureAlgorithmOID.ECDSA_WITH_SHA512,
}
_READABLE_EXTENSIONS = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    x509.ObjectIdentifier("2.16.840.1.113730.1.1"),  # Netscape's kind of certificate
}
_ANY_POLICY = x509.ObjectIdentifier("2.5.29.32.0")
_EXTENSION_NAMES = {ExtensionOID.NAME_CONSTRAINTS: "name constraints", ExtensionOID.POLICY_CONSTRAINTS: "policies"}


@dataclass(frozen=True)
class Unreadable:
    """Why TLS cannot read a certificate, and what it raises for it. `ignored`: in a server's chain it is skipped, as if
    it were not there."""

    what: str
    remedy: str
    code: int
    ignored: bool = False


def unreadable(it: Certificate) -> Unreadable | None:
    """Why TLS cannot read the certificate; None if it can. Checks in the order in which TLS reads."""
    return _signature(it) or _key(it) or next(filter(None, map(_extension, it.extensions)), None)


def _signature(it: Certificate) -> Unreadable | None:
    if it.parsed.signature_algorithm_oid in _READABLE_SIGNATURES:
        return None
    what, remedy = (
        f"is signed with {it.signature}, which boards cannot read",
        "sign it by RSA (PKCS #1 v1.5) or ECDSA with SHA-256",
    )
    if it.parsed.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS:
        return Unreadable(what, remedy, -0x2300)
    return Unreadable(what, remedy, -0x262E, ignored=True)


def _key(it: Certificate) -> Unreadable | None:
    key = it.public_key
    remedy = f"use {LEAST_RSA} bits of RSA or more, or {SAFE_CURVES[0]}"
    if isinstance(key, rsa.RSAPublicKey) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _READABLE_CURVES
    ):
        return None
    curve = it.parsed.public_key_algorithm_oid == PublicKeyAlgorithmOID.EC_PUBLIC_KEY
    return Unreadable(f"has a key that boards cannot read ({it.key})", remedy, -0x3A00 if curve else -0x3C80)


def _extension(it: x509.Extension[x509.ExtensionType]) -> Unreadable | None:
    if not it.critical:
        return None
    if it.oid not in _READABLE_EXTENSIONS:
        known = _EXTENSION_NAMES.get(it.oid, f"the extension {it.oid.dotted_string}")
        return Unreadable(f"has {known}, marked critical", "issue it without, or not marked critical", -0x2562)
    if isinstance(it.value, x509.CertificatePolicies) and any(p.policy_identifier != _ANY_POLICY for p in it.value):
        return Unreadable("has policies, marked critical", "issue it without, or not marked critical", -0x2080)
    return None


def weak_signature(it: Certificate) -> tuple[str, str] | None:
    """Why its signature is not accepted, and what to do about it."""
    if it.signature in SAFE_HASHES:
        return None
    return f"is signed with {it.signature}, which is not safe any more", "sign it with SHA-256"


def weak_key(it: Certificate) -> tuple[str, str] | None:
    """Why its key is not accepted, and what to do about it."""
    key = it.public_key
    if it.key in SAFE_CURVES or (isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_RSA):
        return None
    return f"has a weak key ({it.key})", f"use {LEAST_RSA} bits of RSA or more, or {SAFE_CURVES[0]}"


def offered(it: Certificate) -> bool:
    """Whether TLS tells a server that it accepts keys of this kind; if not, the server ends the handshake."""
    return isinstance(it.public_key, rsa.RSAPublicKey) or it.key in SAFE_CURVES
