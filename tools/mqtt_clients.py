"""Fetches the MQTT clients that host_tests/oracles/umqtt.txt names; each goes to .cache/umqtt/<name>."""

import hashlib
import io
import json
import shutil
import tarfile
import urllib.request
from urllib.parse import urljoin

import click
from devices import ROOT
from pip._internal.commands import create_command

PINS = ROOT / "host_tests" / "oracles" / "umqtt.txt"
TARGET = ROOT / ".cache" / "umqtt"
JSON = "application/vnd.pypi.simple.v1+json"  # https://packaging.python.org/en/latest/specifications/simple-repository-api/


def index() -> str:
    """The address of the package index that pip uses here, by its environment, its files or its default."""
    options, _ = create_command("download").parse_args([])
    return str(options.index_url)


def opened(address: str) -> bytes:
    """What is at an address."""
    request = urllib.request.Request(address, headers={"Accept": f"{JSON}, */*;q=0.1"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: bytes = answer.read()
    return found


def archive(package: str, version: str, digest: str) -> bytes:
    """The archive of a version, which must have this SHA-256. Raises ClickException."""
    page = f"{index().rstrip('/')}/{package.replace('.', '-')}/"
    name = f"{package}-{version}.tar.gz"
    try:
        files = json.loads(opened(page))["files"]
        [address] = [urljoin(page, it["url"]) for it in files if it["filename"] == name]
        data = opened(address)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{name} cannot be fetched: {error}: see that there is a network") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise click.ClickException(f"{name} is not what {PINS.name} pins: look at it, then pin it again")
    return data


def unpack(name: str, data: bytes) -> None:
    """The package `umqtt` of an archive into TARGET/`name`."""
    folder = TARGET / name
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(data)) as found:
        for member in found.getmembers():
            parts = member.name.split("/")
            if member.isfile() and parts[1] == "umqtt":
                file = found.extractfile(member)
                assert file, "it is a file"
                path = folder / "umqtt" / parts[-1]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.read())


def fetch() -> None:
    """Fetch those that are not there yet. Raises ClickException."""
    for line in PINS.read_text().splitlines():
        if line.startswith("#"):
            continue
        name, package, version, digest = line.split()
        done = TARGET / name / "ready"
        if done.exists() and done.read_text() == digest:
            continue
        unpack(name, archive(package, version, digest))
        done.write_text(digest)


@click.command(help=__doc__)
def main() -> None:
    fetch()


if __name__ == "__main__":
    main()
