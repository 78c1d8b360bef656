"""``example``: a folder with what a board needs to register at this sandbox."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from ..errors import SandboxError
from ..files import write_private
from ..listeners import is_loopback
from ..samples import SERVICES
from .operation import call
from .options import Failure, admin_options
from .show import show


@click.command()
@admin_options
@click.argument(
    "service", type=click.Choice(SERVICES), metavar="SERVICE", help=f"The service.  [{', '.join(SERVICES)}]"
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to write. [default: SERVICE]")
@click.option("--wifi", metavar="SSID", help="Let the board join this network; enroll-provision asks for its password.")
@click.option("--no-create", is_flag=True, help="Create no device; enroll-provision asks for its secrets.")
@click.option("--by-hand", is_flag=True, help="Let the device wait until you accept it: cumulocity, oauth, rest.")
@click.option("--force", is_flag=True, help="Replace an enroll.json, and another CA's ca.der, that is there.")
def example(
    service: str, out: Path | None, wifi: str | None, no_create: bool, by_hand: bool, force: bool, **options: Any
) -> None:
    """Create a device, and write enroll.json and ca.der, with which a board registers at this sandbox."""
    folder = out or Path(service)
    path = folder / "enroll.json"
    if path.exists() and not force:
        raise Failure(f"{path} is there already: use --out for another folder, or --force")
    _check(folder)  # first: a device that was created for nothing is in the way
    if not force and _is_of_another(folder / "ca.der", call("info", {}, options)["ca_sha256"]):
        raise Failure(f"{folder / 'ca.der'} is of another CA: use --out for another folder, or --force")
    made = call("example", {"service": service, "create": not no_create, "by_hand": by_hand}, options)
    config = made["enroll.json"]
    if wifi:
        config["network"] = [{"ssid": wifi, "password": {"$prompt": f"Password of the Wi-Fi {wifi}"}}]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(f"cannot make the folder {folder}: {error.strerror}: name another by --out") from None
    try:
        write_private(folder / "ca.der", base64.b64decode(made["ca.der"]), 0o644, "--out")
        write_private(path, (json.dumps(config, indent=1) + "\n").encode(), instead="--out")
    except SandboxError as error:
        raise Failure(str(error)) from None
    told = {"enroll_json": str(path), "ca": str(folder / "ca.der"), "ca_sha256": made["ca_sha256"]}
    show({**told, "url": config["url"], "next": f"enroll-provision one {path}"}, options["as_json"])
    if is_loopback(urlsplit(config["url"]).hostname or ""):
        click.echo("This address is for this computer alone: for a board, use `enroll-sandbox serve --lan`.", err=True)


def _is_of_another(path: Path, mark: str) -> bool:
    """Whether there is another file than the CA with the fingerprint `mark`: a device of its owner may need it."""
    try:
        return os.path.lexists(path) and hashlib.sha256(path.read_bytes()).digest().hex(":").upper() != mark
    except OSError:
        return True


def _check(folder: Path) -> None:
    """Raise Failure if the folder cannot be made or written to."""
    place = next(it for it in (folder, *folder.absolute().parents) if os.path.lexists(it))
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise Failure(f"cannot write to {place}: name another folder by --out")
