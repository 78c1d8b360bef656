"""What a person should know about a server before trusting its CA."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .certificate import Certificate, same_name
from .errors import REFUSED, Failure
from .handshake import Shown, Trust, as_board, trust
from .screen import REST, say
from .untrusted import clean
from .verify import Verdict, disorder, ended, verify


@dataclass(frozen=True)
class Survey:
    """What a server shows, how this computer verifies it, and what a board would say with each CA.

    `tried` has one item, without a CA, if there is none to choose.
    """

    host: str  # clean
    shown: Shown
    trust: Trust
    tried: Sequence[tuple[Certificate | None, Verdict]]
    strict: bool = False  # nothing but what has been verified will do

    def anchor(self) -> Certificate:
        """The CA to trust: the first with which a board accepts the server. Raises Failure."""
        found = next((it for it, verdict in self.tried if it and not verdict.words), None)
        verdict = self.tried[0][1]
        if not found and verdict.words:
            faults = "; ".join(f"{self._number(it.certificate)} {it.what}: {it.remedy}" for it in verdict.faults[:3])
            faults = faults or "let the server take TLS 1.2, ECDHE and AES, without a certificate of the client"
            raise Failure(REFUSED, f'a board would refuse {self.host}, "{verdict.words}": {faults}')
        if not found:
            why = f"{self.host} is {self.trust.why}; it does not send its CA"
            raise Failure(REFUSED, f"{why}: give that with --bundle FILE")
        if self.strict and not self.trust.verified:
            raise Failure(REFUSED, f"{self.host} is {self.trust.why}: give the CA that has signed it")
        return found

    def print(self) -> None:
        """Print the certificates to stderr, and why a board would refuse them."""
        for it in self._all():
            say(f"{self._number(it)}: {it.subject}")
            say(f"by {it.issuer}", indent=REST)
            until, sent = it.last.date().isoformat(), "" if it in self.shown.sent else ", not sent"
            say(f"{it.key}, signed with {it.signature}, valid until {until}{sent}", indent=REST)
        for it, before in disorder(self.shown.sent):
            fact = f"{self._number(it)} comes after {self._number(before)}, which has signed it"
            say(f"Not in order: {fact}")
        for anchor, verdict in self.tried:
            if anchor and not verdict.words:
                return
            if verdict.words:
                who = f"With {self._number(anchor)} a" if anchor else "A"
                say(f"{who} board would say: {verdict.words}")
            for fault in verdict.faults:
                say(f"{self._number(fault.certificate)} {fault.what}: {fault.remedy}", indent=REST)

    def conclude(self, anchor: Certificate) -> None:
        """Print last the facts to decide by, so that no text from outside follows them."""
        mark = anchor.fingerprint
        say(f"A board accepts {self.host} with {self._number(anchor)}, of this SHA-256:")
        for half in (mark[:48], mark[48:]):
            say(half, indent=REST)
        say(self.trust.why, None if self.trust.verified else "red")

    def _all(self) -> list[Certificate]:
        return list(dict.fromkeys([*self.shown.sent, *(anchor for anchor, _ in self.tried if anchor)]))

    def _number(self, it: Certificate) -> str:
        return f"certificate {self._all().index(it) + 1}"


def look(host: str, port: int, *bundles: Path) -> Survey:
    """Look at the server at `host`, and which CA of `bundles`, of this computer, or of its own a board may trust.

    Raises Failure.
    """
    shown = as_board(host, port)
    if shown.asks or not shown.common:
        verdict = verify(shown.sent, None, host)
        verdict.words = ended(host, known=shown.asks)
        return Survey(clean(host), shown, Trust(""), [(None, verdict)])
    found = trust(host, port, shown.sent, *bundles)
    anchors: list[Certificate | None] = [*dict.fromkeys(_anchors(shown.sent, found))] or [None]
    tried = [(it, verify(shown.sent, it, host, ephemeral=shown.ephemeral)) for it in anchors]
    return Survey(clean(host), shown, found, tried, bool(bundles))


def _anchors(sent: list[Certificate], found: Trust) -> list[Certificate]:
    """The certificates that a board may be given to trust, the likeliest first: roots before what they have signed."""
    chain = found.chain or _climb(sent)
    return [it for it in (*found.pool, *reversed(chain)) if it.authority or it.self_issued]


def _climb(sent: list[Certificate]) -> list[Certificate]:
    """The chain in order: each certificate, and then the one whose name it gives as its issuer's."""
    found = [sent[0]]
    while True:
        issuer = found[-1].parsed.issuer
        above = next((it for it in sent if same_name(it.parsed.subject, issuer) and it not in found), None)
        if above is None:
            return found
        found.append(above)
