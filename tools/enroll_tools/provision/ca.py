"""`enroll-provision ca`: finds a service's certificate authority, asks whether to trust it, and writes it to a file."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import screen
from .address import where
from .errors import MISUSE, REFUSED, STORAGE, Failure
from .options import FILE, json_option

if TYPE_CHECKING:  # cryptography takes a while to import
    from .certificate import Certificate


COMPARE = "ask the service for the fingerprint of its CA, and compare"


@click.command()
@click.argument("service", metavar="ENROLL.JSON|HOST[:PORT]")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="File to write the CA to, such as ca.der or ca.pem."
)
@click.option(
    "--bundle", "bundles", multiple=True, type=FILE, help="PEM file of trusted CAs. [default: this computer's]"
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation; needs --fingerprint.")
@click.option("--fingerprint", help="Expected SHA-256 of the CA.")
@json_option
def ca(service: str, out: Path, bundles: tuple[Path, ...], yes: bool, fingerprint: str | None, as_json: bool) -> None:
    """Find the CA of a service, show it, and write it to a file for enroll.json.

    The service is the `url` in ENROLL.JSON, or HOST. Its certificates are checked as a board's TLS will check them. If
    a board would refuse them, the command says why and writes nothing.

    \b
    Examples:
      enroll-provision ca enroll.json --out ca.der
      enroll-provision ca 192.0.2.1:8443 --out ca.der --bundle company-cas.pem
      enroll-provision ca entry.xyte.io --out ca.der --yes --fingerprint AB:CD:...
    """
    if yes and not fingerprint:
        raise Failure(MISUSE, "--yes needs --fingerprint: give the SHA-256 of the CA that you expect")
    writable(out)
    from .survey import look

    survey = look(*where(service), *bundles)
    survey.print()
    anchor = survey.anchor()
    mark = anchor.fingerprint
    survey.conclude(anchor)
    if fingerprint and _digits(fingerprint) != _digits(mark):
        raise Failure(REFUSED, f"the fingerprint differs from --fingerprint, nothing was written: {COMPARE}")
    if not yes and not screen.ask(f"Trust it, and write it to {out}?"):
        raise Failure(REFUSED, f"not trusted, nothing was written: {COMPARE}")
    save(anchor, out)
    found = {"out": str(out), "fingerprint": mark, "verified": survey.trust.verified, "subject": anchor.subject}
    if as_json:
        click.echo(json.dumps(found))
    else:
        screen.say(f"{out} written", err=False)


def _digits(fingerprint: str) -> str:
    return "".join(fingerprint.replace(":", "").split()).upper()


def writable(path: Path) -> None:
    """Raises Failure unless `path` is a name for a CA's file: a new file, or one that already holds a certificate."""
    if path.suffix.lower() not in (".der", ".pem"):
        raise Failure(MISUSE, f"{path} is not a name for a CA: let it end with .der or .pem")
    if path.is_symlink():
        raise Failure(MISUSE, f"{path} is a link: name the file itself, or another one")
    if not path.parent.is_dir():
        raise Failure(MISUSE, f"{path.parent} is not a folder: make it, or name another one")
    if path.exists() and not _is_certificate(path):
        raise Failure(MISUSE, f"{path} is there and is not a certificate: name another file")


def _is_certificate(path: Path) -> bool:
    from cryptography import x509

    try:
        data = path.read_bytes() if path.is_file() else b""
        if b"-----BEGIN" in data:
            return bool(x509.load_pem_x509_certificates(data)) and b"PRIVATE KEY" not in data
        return bool(x509.load_der_x509_certificate(data))
    except (OSError, ValueError):
        return False


def save(certificate: Certificate, path: Path) -> None:
    """Write it as DER, or as PEM where the file is called so; a link is replaced, not followed. Raises Failure."""
    from cryptography.hazmat.primitives.serialization import Encoding

    pem = path.suffix.lower() == ".pem"
    data = certificate.parsed.public_bytes(Encoding.PEM) if pem else certificate.der
    writable(path)
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".ca-", delete=False) as beside:
            try:
                beside.write(data)
                beside.flush()
                os.chmod(beside.name, 0o644)
                os.replace(beside.name, path)
            except OSError:
                os.unlink(beside.name)
                raise
    except OSError as error:
        raise Failure(
            STORAGE, f"{path} cannot be written, {error.strerror}: make room, or name another --out"
        ) from None
