"""Whether a board will accept a server: mbedTLS's walk from the server's certificate to the CA, step by step.

The order, the exceptions and the error numbers are those of mbedTLS 3.6, so that the bench can tell what a board would
say before there is a board.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .board_tls import offered, unreadable, weak_key, weak_signature
from .certificate import Certificate, same_name
from .library import enroll_config

_INTERMEDIATES = 8  # most certificates between the server's own and the CA
# Bytes of the message that carries a chain, with its own length (4 + 3) and each certificate's (3): one record of TLS.
# From 3.6.3 on mbedTLS joins records, and takes some 290 bytes more, which is what its buffer has for a cipher's
# overhead; earlier ones, with which boards are still built, take no byte more. So the stricter rule counts.
_MESSAGE = 16384
_ALERT, _FATAL, _USAGE, _LONG, _NONE = -0x7780, -0x3000, -0x7A00, -0x7100, -0x2700
_SERVERS = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


class Flag(enum.Enum):
    """The faults that mbedTLS reports for a chain, in the words that the library's tlserror.py looks for."""

    EXPIRED = "The certificate validity has expired"
    FUTURE = "The certificate validity starts in the future"
    HOST = "The certificate Common Name (CN) does not match with the expected CN"
    UNTRUSTED = "The certificate is not correctly signed by the trusted CA"
    HASH = "The certificate is signed with an unacceptable hash."
    KEY = "The certificate is signed with an unacceptable key (eg bad curve, RSA too short)."


@dataclass(frozen=True)
class Fault:
    """What is wrong with a certificate, and what its issuer or its server has to do."""

    certificate: Certificate
    what: str
    remedy: str
    flag: Flag | None = None


@dataclass
class Verdict:
    """A board's verdict on a server. `words`: how the board would refuse it; empty: it accepts the server."""

    faults: list[Fault] = field(default_factory=list)
    words: str = ""


def says(host: str, error: Exception, known: bool = False) -> str:
    """What a board says where TLS raises `error`; `known`: after it has accepted the server's certificate."""
    connection = SimpleNamespace(host=host, known=known, left=False, taken=0)
    found = enroll_config().explain(connection, error)
    return f"error {error.args[0]}" if found is error else found.fact


def ended(host: str, known: bool = False) -> str:
    """What a board says where the server itself ends TLS."""
    return says(host, OSError(_ALERT), known)


def verify(
    sent: Sequence[Certificate],
    anchor: Certificate | None,
    host: str,
    ephemeral: bool = True,
) -> Verdict:
    """What a board that trusts `anchor` makes of the chain `sent`, the server's own certificate first.

    `ephemeral`: whether the cipher has keys of its own (ECDHE), which the server signs.
    """
    if anchor and (why := unreadable(anchor)):
        return Verdict([Fault(anchor, why.what, why.remedy)], "no certificate that TLS can read")
    weak = weak_key(sent[0])
    if weak and not offered(sent[0]):
        return Verdict([Fault(sent[0], *weak)], ended(host))
    if sum(len(it.der) + 3 for it in sent) + 7 > _MESSAGE:
        largest = max(sent, key=lambda it: len(it.der))
        fault = Fault(largest, "makes the chain longer than 16 KB", "shorten the chain")
        return Verdict([fault], says(host, OSError(_LONG)))
    unread = [(it, why) for it in sent if (why := unreadable(it)) and (not why.ignored or it is sent[0])]
    if unread:
        code = next((why.code for _, why in unread if not why.ignored), _NONE)
        return Verdict([Fault(it, why.what, why.remedy) for it, why in unread], says(host, OSError(code)))
    walk = _Walk([it for it in sent if not unreadable(it)], anchor)
    walk.faults += _names(sent[0], host)
    if weak:
        walk.faults.append(Fault(sent[0], *weak, Flag.KEY))
    if not walk.finish():
        return Verdict(walk.faults, says(host, OSError(_FATAL)))
    if anchor is None:  # as with the right one, whichever that is
        walk.faults = [fault for fault in walk.faults if fault.flag is not Flag.UNTRUSTED]
    flags = [fault.flag.value for fault in walk.faults if fault.flag]
    usage = list(_usage(sent[0], ephemeral))
    error = ValueError("\n".join(flags)) if flags else OSError(_USAGE) if usage else None
    return Verdict(walk.faults + usage, says(host, error) if error else "")


def disorder(sent: Sequence[Certificate]) -> Iterable[tuple[Certificate, Certificate]]:
    """Each certificate that comes after the one that has signed it, and that one."""
    for at, it in enumerate(sent):
        for before in sent[:at]:
            if same_name(it.parsed.issuer, before.parsed.subject) and it.signed_by(before):
                yield it, before


class _Walk:
    """The way from the server's certificate up to the CA, and the faults on it."""

    def __init__(self, chain: Sequence[Certificate], anchor: Certificate | None) -> None:
        self.chain = chain
        self.anchors = [anchor] if anchor else []
        self.now = datetime.datetime.now(datetime.UTC)
        self.faults: list[Fault] = []

    def finish(self) -> bool:
        """Go up to the end, and note the faults; False if the way is too long."""
        child, trusted = self.chain[0], False
        links = rolled = 0
        while True:
            links += 1
            self._dates(child)
            if trusted:
                return True
            self._note(child, weak_signature(child), Flag.HASH)
            if links == 1 and child.self_issued and child in self.anchors:
                return True
            parent, trusted = self._parent(child, links - 1 - rolled)
            if parent is None:
                self._note(child, self._missing(child), Flag.UNTRUSTED)
                return True
            if links > 1 and child.self_issued:
                rolled += 1  # a CA's certificate for its own next key does not count
            if not trusted and links > _INTERMEDIATES:
                self._note(
                    child,
                    ("is one too many", f"leave at most {_INTERMEDIATES} between the server's own and the CA"),
                    None,
                )
                return False
            if not child.signed_by(parent):
                self._note(child, _forged(parent), Flag.UNTRUSTED)
            self._note(parent, weak_key(parent), Flag.KEY)
            child = parent

    def _note(self, certificate: Certificate, found: tuple[str, str] | None, flag: Flag | None) -> None:
        if found:
            self.faults.append(Fault(certificate, *found, flag))

    def _dates(self, it: Certificate) -> None:
        if it.last < self.now:
            self._note(it, (f"has expired on {it.last:%Y-%m-%d}", "renew it"), Flag.EXPIRED)
        if it.first > self.now:
            self._note(it, (f"is not valid before {it.first:%Y-%m-%d}", "check the clock, or wait"), Flag.FUTURE)

    def _parent(self, child: Certificate, below: int) -> tuple[Certificate | None, bool]:
        """The certificate that has signed `child`, and whether it is trusted; `below`: authorities under it.

        A server's certificate is looked for behind `child` only. One that is out of date is taken where no other is.
        """
        for top, candidates in ((True, self.anchors), (False, self.chain[self.chain.index(child) + 1 :])):
            old = None
            for parent in candidates:
                if _objection(child, parent, top, below) or (top and not child.signed_by(parent)):
                    continue
                if parent.first <= self.now <= parent.last:
                    return parent, top
                old = old or parent
            if old:
                return old, top
        return None, False

    def _missing(self, child: Certificate) -> tuple[str, str]:
        """Why `child` has no parent, and what would help."""
        named = [it for it in (*self.anchors, *self.chain) if same_name(child.parsed.issuer, it.parsed.subject)]
        named = [it for it in named if it != child]
        before = self.chain[: self.chain.index(child)]
        if any(it is child for it, _ in disorder(self.chain)):
            return "comes after the one that has signed it", "let the server send each before the one that signed it"
        for it in named:
            if not child.signed_by(it):
                return _forged(it)
            why = _objection(child, it, it in self.anchors, len(before))
            if why:
                return f"is signed by {it.subject}, which {why}", "have it signed by one that may"
        if child.self_issued:
            return "is signed by itself and is not the CA", "trust it, or the CA that the server's operator names"
        return f"is signed by {child.issuer}, which the server does not send", "let the server send that one, too"


def _forged(parent: Certificate) -> tuple[str, str]:
    return f"is signed by another CA of the same name, {parent.subject}", "use the one that has signed it"


def _objection(child: Certificate, parent: Certificate, top: bool, below: int) -> str:
    """Why `parent` cannot have signed `child`, whatever the signature; "" if it can. `top`: it is trusted."""
    if not same_name(child.parsed.issuer, parent.parsed.subject):
        return "is another"
    if top and parent.parsed.version is x509.Version.v1:
        return ""
    basic, usage = parent.extension(x509.BasicConstraints), parent.extension(x509.KeyUsage)
    if not basic or not basic.ca:
        return "is not a CA"
    if usage and not usage.key_cert_sign:
        return "may not sign certificates"
    if basic.path_length is not None and basic.path_length < below:
        return "may not have a CA below it"
    return ""


def _names(it: Certificate, host: str) -> Iterable[Fault]:
    """The fault of a certificate that is for another host."""
    names = it.extension(x509.SubjectAlternativeName)
    if names is None:
        common = it.parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        good = any(_matches(str(name.value), host) for name in common)
    else:
        good = any(_matches(name, host) for name in names.get_values_for_type(x509.DNSName))
        good = good or host in map(str, names.get_values_for_type(x509.IPAddress))
    if not good:
        yield Fault(it, f"is for another host than {host}", "use a host that it names in `url`", Flag.HOST)


def _matches(pattern: str, host: str) -> bool:
    pattern, host = pattern.lower(), host.lower()
    label, dot, rest = host.partition(".")
    return pattern == host or bool(label and dot and pattern == f"*.{rest}")


def _usage(it: Certificate, ephemeral: bool) -> Iterable[Fault]:
    """The faults of a certificate that a server may not use."""
    purposes, usage = it.extension(x509.ExtendedKeyUsage), it.extension(x509.KeyUsage)
    if purposes and not _SERVERS & set(purposes):
        yield Fault(it, "is not for servers", "issue it for serverAuth")
    if usage and not (usage.digital_signature if ephemeral else usage.key_encipherment):
        wanted = "digitalSignature" if ephemeral else "keyEncipherment"
        yield Fault(it, f"is not for {wanted}", f"issue it with the usage {wanted}")
