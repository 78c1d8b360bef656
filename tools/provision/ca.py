"""The certificate authority of a service: which it is, whether to trust it, and as a file for the device."""

from __future__ import annotations

import os
import re
import socket
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from rich.console import Console
from rich.table import Table

from .errors import CONFIGURATION, MISUSE, REFUSED, STORAGE, TRY_AGAIN, Failure
from .template import Secrets, load, resolve

TIMEOUT = 10.0  # seconds


@dataclass(frozen=True)
class Chain:
    """What a server's certificate hangs on, its own first. `why`: how the last one came to be there; `verified`:
    whether it is one that was trusted before."""

    certificates: list[x509.Certificate]
    verified: bool
    why: str

    @property
    def anchor(self) -> x509.Certificate:
        """The one to trust."""
        return self.certificates[-1]


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256, as AA:BB:..."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def where(service: str) -> tuple[str, int]:
    """(host, port) of the service that an enroll.json names in `url`, or of HOST[:PORT]. Raises Failure."""
    path = Path(service)
    if path.suffix != ".json":
        return address(service)
    data = load(path)
    url = resolve(data.get("url"), path.parent, Secrets(), "url") if isinstance(data, dict) else None
    found = re.match("https://([^/?#]+)", str(url), re.IGNORECASE)
    if not found:
        raise Failure(CONFIGURATION, f"{path}: `url` wants an address that begins with https://")
    return address(found[1])


def address(text: str) -> tuple[str, int]:
    """HOST[:PORT] or [IPv6]:PORT as (host, port). Raises Failure."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, "443"
    host = host.removeprefix("[").removesuffix("]")
    if not host or "/" in host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise Failure(MISUSE, f"HOST[:PORT] is wanted, not {text}")
    return host, int(port)


def _sent(connection: ssl.SSLSocket, verified: bool) -> list[x509.Certificate]:
    """The chain of `connection`: as it was verified, or as the server sent it.

    Python has a public method for it from 3.13 on; before, only the object behind the socket has it (private, there
    since 3.10). Where neither is there, the server's own certificate is all there is.
    """
    name = "get_verified_chain" if verified else "get_unverified_chain"
    public = getattr(connection, name, None)
    hidden = getattr(getattr(connection, "_sslobj", None), name, None)
    if public:
        chain: list[bytes] = public()
    elif hidden:
        chain = [ssl.PEM_cert_to_DER_cert(it.public_bytes()) for it in hidden()]
    else:
        chain = [connection.getpeercert(binary_form=True) or b""]
    return [x509.load_der_x509_certificate(der) for der in chain]


def _ask(host: str, port: int, context: ssl.SSLContext, verified: bool) -> list[x509.Certificate]:
    where = f"{host}:{port}"
    try:
        with (
            socket.create_connection((host, port), TIMEOUT) as plain,
            context.wrap_socket(plain, server_hostname=host) as connection,
        ):
            return _sent(connection, verified)
    except ssl.SSLCertVerificationError:
        raise
    except ssl.SSLError:
        raise Failure(TRY_AGAIN, f"{where} does not speak TLS as it should") from None
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no answer"
        raise Failure(TRY_AGAIN, f"{where} cannot be reached: {reason}") from None


def fetch(host: str, port: int, *bundles: Path) -> Chain:
    """The chain of the server at `host`, up to a root of `bundles`, or of this computer's own, or, where that has none,
    as far as the server sends it. Raises Failure."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    source = " and ".join(map(str, bundles)) or "the CAs that this computer trusts"
    for bundle in bundles:
        try:
            context.load_verify_locations(bundle)
        except (OSError, ssl.SSLError):
            raise Failure(MISUSE, f"{bundle} holds no certificates in PEM") from None
    if not bundles:
        context.load_default_certs()
    try:
        chain = Chain(_ask(host, port, context, True), True, f"verified by {source}")
    except ssl.SSLCertVerificationError as error:
        why = f"NOT verified by {source}: {error.verify_message}"
        if bundles:
            raise Failure(REFUSED, f"{host} is {why}") from None
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        chain = Chain(_ask(host, port, context, False), False, why)
    if not _is_authority(chain.anchor):
        raise Failure(REFUSED, f"{host} is {chain.why}; it does not send its CA, so give that with --bundle FILE")
    return chain


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def show(chain: Chain) -> None:
    """Print a chain to stderr."""
    table = Table(box=None)
    for title in ("certificate", "valid until", "SHA-256"):
        table.add_column(title, overflow="fold")
    for certificate in chain.certificates:
        until = certificate.not_valid_after_utc.date().isoformat()
        table.add_row(certificate.subject.rfc4514_string(), until, fingerprint(certificate))
    wide = None if sys.stderr.isatty() else 1000  # a fingerprint is there to be compared, and not to be cut
    console = Console(stderr=True, highlight=False, markup=False, emoji=False, width=wide)  # :AB: is an emoji, too
    console.print(table)
    console.print(chain.why)


def save(certificate: x509.Certificate, path: Path) -> None:
    """Write it as DER, or as PEM where the file is called so. Raises Failure."""
    data = certificate.public_bytes(Encoding.PEM if path.suffix == ".pem" else Encoding.DER)
    beside = path.with_name(path.name + ".new")
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    except OSError as error:
        raise Failure(STORAGE, f"{path} cannot be written: {error.strerror}") from None
