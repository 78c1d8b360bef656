"""The certificates of a server: as it sends them to a board, and as this computer verifies them."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .certificate import Certificate, Damaged, same_name
from .errors import MISUSE, REFUSED, TRY_AGAIN, Failure
from .untrusted import clean

TIMEOUT = 10.0  # seconds
# What boards offer, at most in TLS 1.2. How strong keys are is not OpenSSL's affair here: see board_tls.py.
_BOARD = "ECDHE+AESGCM:ECDHE+AES:AESGCM:AES:!ADH:!AECDH:!DHE:!PSK:!SRP:!AESCCM:@SECLEVEL=0"
_ANY = "ALL:!ADH:!AECDH:!eNULL:@SECLEVEL=0"

_PEM = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """What a server shows to a board: its chain, its own certificate first. `ephemeral`: the cipher uses ephemeral
    keys; `common`: server and board have a cipher in common; `asks`: the server then ended TLS because it wants a
    client certificate."""

    sent: list[Certificate]
    ephemeral: bool = True
    common: bool = True
    asks: bool = False


@dataclass(frozen=True)
class Trust:
    """How this computer verified a server: the chain, if it could, and by which CAs, or why not."""

    why: str
    chain: list[Certificate] = field(default_factory=list)
    pool: list[Certificate] = field(default_factory=list)  # if it could not: the CAs to choose from

    @property
    def verified(self) -> bool:
        """Whether it leads to a CA that was trusted before."""
        return bool(self.chain)


@contextmanager
def _connection(host: str, port: int, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    """A connection before its TLS handshake. Raises Failure if the server cannot be reached."""
    where = clean(f"{host}:{port}")
    try:
        with (
            socket.create_connection((host, port), TIMEOUT) as plain,
            context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False) as connection,
        ):
            yield connection
    except ssl.SSLError:
        raise
    except (OSError, ValueError) as error:  # ValueError: an impossible host name
        reason = getattr(error, "strerror", None) or "no answer"
        raise Failure(TRY_AGAIN, f"{where} cannot be reached, {reason}: check the address and the network") from None


def _context(ciphers: str, verify: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(ciphers)
    return context


def _sent(connection: ssl.SSLSocket, verified: bool = False) -> list[bytes]:
    """The chain of `connection`: as it was verified, or as the server sent it.

    Python has a public method for it from 3.13 on; before, only the object behind the socket has it (private, there
    since 3.10). Where neither is there, the server's own certificate is all there is.
    """
    name = "get_verified_chain" if verified else "get_unverified_chain"
    public = getattr(connection, name, None)
    hidden = getattr(getattr(connection, "_sslobj", None), name, None)
    if public:
        return list(public() or ())
    if hidden:
        return [ssl.PEM_cert_to_DER_cert(it.public_bytes()) for it in hidden() or ()]
    own = connection.getpeercert(binary_form=True)
    return [own] if own else []


def _read(chain: list[bytes], host: str) -> list[Certificate]:
    found = []
    for number, der in enumerate(chain, 1):
        try:
            found.append(Certificate.read(der))
        except Damaged:
            sentence = f"certificate {number} that {clean(host)} sends is damaged: have its operator issue it again"
            raise Failure(REFUSED, sentence) from None
    return found


def as_board(host: str, port: int) -> Shown:
    """What the server shows to a board. Raises Failure."""
    context = _context(_BOARD)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    asks = False
    try:
        with _connection(host, port, context) as connection:
            try:
                connection.do_handshake()
            except ssl.SSLError as error:
                asks = "ALERT" in (error.reason or "") and bool(_sent(connection))
                if not asks:
                    raise
            sent, cipher = _sent(connection), connection.cipher()
    except ssl.SSLError:
        return _otherwise(host, port)
    return Shown(_read(sent, host), asks or bool(cipher and cipher[0].startswith("ECDHE")), asks=asks)


def _otherwise(host: str, port: int) -> Shown:
    """What the server shows to clients that are not boards."""
    try:
        with _connection(host, port, _context(_ANY)) as connection:
            connection.do_handshake()
            sent = _sent(connection)
    except ssl.SSLError as error:
        where = clean(f"{host}:{port}")
        if "ALERT" in (error.reason or ""):
            fact = f"{where} refuses TLS with this computer, as it would with a board"
            raise Failure(REFUSED, f"{fact}: let the server offer TLS 1.2, ECDHE, and a key of RSA or P-256") from None
        raise Failure(TRY_AGAIN, f"{where} does not speak TLS as it should: check host and port") from None
    return Shown(_read(sent, host), common=False)


def trust(host: str, port: int, sent: list[Certificate], *bundles: Path) -> Trust:
    """Verify the server by the CAs in `bundles`, or by those of this computer. Raises Failure."""
    context = _context(_ANY, verify=True)
    source = " and ".join(map(str, bundles)) or "the CAs that this computer trusts"
    for bundle in bundles:
        try:
            context.load_verify_locations(bundle)
        except (OSError, ssl.SSLError):
            raise Failure(MISUSE, f"{bundle} holds no certificates in PEM: give a file that does") from None
    if not bundles:
        context.load_default_certs()
    try:
        with _connection(host, port, context) as connection:
            connection.do_handshake()
            chain = _sent(connection, verified=True)
    except ssl.SSLCertVerificationError as error:
        return Trust(f"NOT verified by {source}: {clean(error.verify_message)}", pool=_issuers(sent, context, *bundles))
    except ssl.SSLError:
        raise Failure(TRY_AGAIN, f"{clean(host)} does not speak TLS as it should: try again") from None
    return Trust(f"verified by {source}", _read(chain, host))


def _issuers(sent: list[Certificate], context: ssl.SSLContext, *bundles: Path) -> list[Certificate]:
    """The CAs in `bundles`, or else of `context`, that may have signed one of `sent`, by their names."""
    found = []
    for der in _certificates(*bundles) if bundles else context.get_ca_certs(binary_form=True):
        try:
            it = Certificate.read(der)
        except Damaged:
            continue
        if any(same_name(one.parsed.issuer, it.parsed.subject) for one in sent):
            found.append(it)
    return found


def _certificates(*bundles: Path) -> Iterator[bytes]:
    for bundle in bundles:
        for pem in _PEM.findall(bundle.read_text("ascii", errors="replace")):
            yield ssl.PEM_cert_to_DER_cert(pem)
