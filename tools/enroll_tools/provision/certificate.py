"""Reads a certificate once: texts that are safe to show, and the fields that a board's TLS checks."""

from __future__ import annotations

import datetime
import warnings
from dataclasses import dataclass, field
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import SignatureAlgorithmOID

from .untrusted import clean

Extension = TypeVar("Extension", bound=x509.ExtensionType)

NAME = 60  # characters of a name that are shown
_HASHES = {"sha1": "SHA-1", "sha224": "SHA-224", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521", "secp224r1": "P-224"}
_ALGORITHMS = {
    SignatureAlgorithmOID.ED25519: "Ed25519",
    SignatureAlgorithmOID.ED448: "Ed448",
    SignatureAlgorithmOID.RSASSA_PSS: "RSASSA-PSS",
}
_MALFORMED = (ValueError, TypeError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


class Damaged(ValueError):
    """Not a certificate, or an incomplete one."""


@dataclass(frozen=True)
class Certificate:
    """The certificate `der`; its texts are clean; `public_key` is None if its kind is unknown here."""

    der: bytes = field(repr=False)
    parsed: x509.Certificate = field(repr=False, compare=False)
    subject: str
    issuer: str
    key: str  # e.g. "RSA with 2048 bits"
    signature: str  # e.g. "SHA-256"
    first: datetime.datetime
    last: datetime.datetime
    extensions: tuple[x509.Extension[x509.ExtensionType], ...] = field(repr=False, compare=False)
    public_key: CertificatePublicKeyTypes | None = field(repr=False, compare=False)

    @classmethod
    def read(cls, der: bytes) -> Certificate:
        """Take `der` apart. Raises Damaged."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about encodings of old CAs that a later version will reject
                return cls._read(der, x509.load_der_x509_certificate(der))
        except _MALFORMED as error:
            raise Damaged(str(error)) from None

    @classmethod
    def _read(cls, der: bytes, it: x509.Certificate) -> Certificate:
        key = _public_key(it)
        return cls(
            der,
            it,
            name(it.subject),
            name(it.issuer),
            _key_text(it, key),
            _signature_text(it),
            it.not_valid_before_utc,
            it.not_valid_after_utc,
            tuple(it.extensions),
            key,
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256, as AA:BB:..."""
        return self.parsed.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def self_issued(self) -> bool:
        """Whether it names itself as its issuer."""
        return same_name(self.parsed.issuer, self.parsed.subject)

    @property
    def authority(self) -> bool:
        """Whether it may sign others."""
        found = self.extension(x509.BasicConstraints)
        return bool(found and found.ca)

    def extension(self, kind: type[Extension]) -> Extension | None:
        """Its extension of that kind."""
        return next((it.value for it in self.extensions if isinstance(it.value, kind)), None)

    def signed_by(self, issuer: Certificate) -> bool:
        """Whether the signature is good under the key of `issuer`."""
        key, digest = issuer.public_key, _digest(self.parsed)
        if digest is None:
            return False
        body, signature = self.parsed.tbs_certificate_bytes, self.parsed.signature
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(signature, body, padding.PKCS1v15(), digest)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, body, ec.ECDSA(digest))
            else:
                return False
        except (InvalidSignature, UnsupportedAlgorithm):
            return False
        return True


def name(of: x509.Name) -> str:
    """A name as one clean text without runs of blanks, which could push it out of its line."""
    return " ".join(clean(of.rfc4514_string(), NAME).split()) or "no name"


def same_name(one: x509.Name, other: x509.Name) -> bool:
    """Whether both name the same, as TLS libraries compare them: without regard to capital letters."""
    return one == other or [_plain(it) for it in one] == [_plain(it) for it in other]


def _plain(it: x509.NameAttribute[str | bytes]) -> tuple[str, str | bytes]:
    return it.oid.dotted_string, it.value.lower()


def _public_key(it: x509.Certificate) -> CertificatePublicKeyTypes | None:
    try:
        return it.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return None


def _key_text(it: x509.Certificate, key: CertificatePublicKeyTypes | None) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA with {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES.get(key.curve.name, key.curve.name)
    return _of_oid(it.public_key_algorithm_oid)


def _signature_text(it: x509.Certificate) -> str:
    if it.signature_algorithm_oid in _ALGORITHMS:
        return _of_oid(it.signature_algorithm_oid)
    digest = _digest(it)
    return _HASHES.get(digest.name, digest.name.upper()) if digest else _of_oid(it.signature_algorithm_oid)


def _digest(it: x509.Certificate) -> hashes.HashAlgorithm | None:
    try:
        return it.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None


def _of_oid(oid: x509.ObjectIdentifier) -> str:
    return _ALGORITHMS.get(oid, oid.dotted_string)
