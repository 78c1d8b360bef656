"""Fetches the MQTT clients that host_tests/oracles/umqtt.txt names; each goes to .cache/oracles/umqtt/<name>."""

import hashlib
import io
import shutil
import tarfile
import urllib.request

import click
from devices import ROOT

PINS = ROOT / "host_tests" / "oracles" / "umqtt.txt"
TARGET = ROOT / ".cache" / "oracles" / "umqtt"


def unpack(name: str, data: bytes) -> None:
    """The package `umqtt` of an archive into TARGET/`name`."""
    folder = TARGET / name
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive.getmembers():
            parts = member.name.split("/")
            if member.isfile() and parts[1] == "umqtt":
                file = archive.extractfile(member)
                assert file, "it is a file"
                path = folder / "umqtt" / parts[-1]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.read())


@click.command(help=__doc__)
def main() -> None:
    for line in PINS.read_text().splitlines():
        if line.startswith("#"):
            continue
        name, url, digest = line.split()
        done = TARGET / name / "ready"
        if done.exists() and done.read_text() == digest:
            continue
        with urllib.request.urlopen(url, timeout=60) as answer:
            data = answer.read()
        if hashlib.sha256(data).hexdigest() != digest:
            raise click.ClickException(f"{url} is not what {PINS.name} pins: look at it, then pin it again")
        unpack(name, data)
        done.write_text(digest)


if __name__ == "__main__":
    main()
