"""The sandbox's certificate authority and the certificates, good and faulty, that its ports present."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import trustme

from .errors import SandboxError
from .files import write_private

# The faulty ones, in the order the ports are listed.
FAULTY = ("wrong-host", "expired", "not-yet-valid", "other-ca")

_PUBLIC = 0o644  # certificates are no secret
_ORGANIZATION = "enroll sandbox"
# Outside the range of dates that a test may give to the sandbox or to a device.
_LONG_AGO = datetime.datetime(2000, 1, 1)
_EXPIRED = datetime.datetime(2001, 1, 1)
_FAR_AHEAD = datetime.datetime(2900, 1, 1)


class Authority:
    """A CA that is made once and kept in the state folder: ``ca.pem``, ``ca.der`` and ``ca.key`` (mode 0600)."""

    def __init__(self, folder: Path, rsa: bool = False) -> None:
        """Load the CA from the folder or make it there.

        `rsa`: keys are RSA-2048, else ECDSA P-256. Raises SandboxError if the files do not belong together.
        """
        self._kind = trustme.KeyType.RSA if rsa else trustme.KeyType.ECDSA
        self.pem = folder / "ca.pem"
        self.der = folder / "ca.der"
        key = folder / "ca.key"
        if key.exists() and self.pem.exists():
            self._ca = _load(self.pem, key)
        else:
            for path in (key, self.der):  # written after ca.pem: a start that was killed leaves neither without that
                if path.exists():
                    fact = f"{path} is of another CA, and would be lost"
                    raise SandboxError(f"{fact}: name another folder by --state, or delete that file")
            self._ca = trustme.CA(organization_name=_ORGANIZATION, key_type=self._kind)
            write_private(self.pem, self._ca.cert_pem.bytes(), _PUBLIC)
            write_private(key, self._ca.private_key_pem.bytes())
        write_private(self.der, ssl.PEM_cert_to_DER_cert(self._ca.cert_pem.bytes().decode()), _PUBLIC)

    def context(self, names: tuple[str, ...], kind: str = "good") -> ssl.SSLContext:
        """A server's TLS context with a new key and certificate for these names, good or with one of the faults.

        Each start makes a new key. Python's ssl reads keys from files only, so that trustme writes it to a
        temporary file (mode 0600) for the moment of loading; it is never kept on the disk.
        """
        if kind == "good":
            leaf = self._issue(names, _LONG_AGO, None)
        elif kind == "wrong-host":
            leaf = self._issue(("wrong-host.invalid",), _LONG_AGO, None)
        elif kind == "expired":
            leaf = self._issue(names, _LONG_AGO, _EXPIRED)
        elif kind == "not-yet-valid":
            leaf = self._issue(names, _FAR_AHEAD, None)
        else:
            other = trustme.CA(organization_name="another authority")
            leaf = other.create_child_ca().issue_cert(*names)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        leaf.configure_cert(context)
        return context

    def _issue(
        self, names: tuple[str, ...], start: datetime.datetime, end: datetime.datetime | None
    ) -> trustme.LeafCert:
        try:
            return self._ca.issue_cert(
                *names, organization_name=_ORGANIZATION, not_before=start, not_after=end, key_type=self._kind
            )
        except ValueError as error:
            fact = f"no certificate can be made for the names {', '.join(names)}, {error}"
            raise SandboxError(f"{fact}: correct --name") from None


def _load(certificate: Path, key: Path) -> trustme.CA:
    try:
        authority = trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    except (OSError, ValueError) as error:
        fact = f"cannot read the CA from {certificate} and {key}, {error}"
        raise SandboxError(f"{fact}: make both readable, or delete both to make a new CA") from None
    try:
        # A CA whose key was exchanged would issue certificates that nobody can verify.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    except ssl.SSLError:
        raise SandboxError(f"{certificate} and {key} do not belong together: delete both to make a new CA") from None
    return authority
