"""The MQTT clients come from the package index that pip uses, and are what is pinned."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import click
import mqtt_clients
import pytest

DATA = b"an archive"
DIGEST = hashlib.sha256(DATA).hexdigest()


class Index(BaseHTTPRequestHandler):
    """A package index with one package. Its addresses are relative, as those of mirrors often are."""

    def do_GET(self) -> None:
        page = {"files": [{"filename": "micropython-acme.io-1.0.tar.gz", "url": "../../files/acme.tar.gz"}]}
        found = {"/simple/micropython-acme-io/": json.dumps(page).encode(), "/files/acme.tar.gz": DATA}.get(self.path)
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(found or b"")

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An index on loopback, which pip is told of as in a container: by its environment."""
    with HTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        yield
        server.shutdown()


def test_a_client_comes_from_the_index_of_pip(index: None) -> None:
    assert mqtt_clients.archive("micropython-acme.io", "1.0", DIGEST) == DATA


def test_an_archive_that_is_not_the_pinned_one_is_refused(index: None) -> None:
    with pytest.raises(click.ClickException, match=r"acme\.io-1\.0\.tar\.gz is not what umqtt\.txt pins: look at it"):
        mqtt_clients.archive("micropython-acme.io", "1.0", "0" * 64)


@pytest.mark.parametrize("name", ["micropython-other", "micropython-acme.io"])
def test_a_client_that_is_not_there_is_named(index: None, name: str) -> None:
    with pytest.raises(click.ClickException, match=rf"{name}-2\.0\.tar\.gz cannot be fetched: "):
        mqtt_clients.archive(name, "2.0", DIGEST)
