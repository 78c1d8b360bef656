"""A running sandbox and a small client for its tests."""

from __future__ import annotations

import dataclasses
import http.client
import json as json_module
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from enroll_tools.sandbox import Entry, Sandbox
from enroll_tools.sandbox.tests.console_browser import Browser


@dataclasses.dataclass(frozen=True)
class Reply:
    """An answer as the client got it."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json_module.loads(self.body)


Send = Callable[..., Reply]


def send(
    method: str,
    url: str,
    json: object = None,
    headers: dict[str, str] | None = None,
    data: bytes | None = None,
    context: ssl.SSLContext | None = None,
) -> Reply:
    """One request on a connection of its own, without proxies or redirects."""
    parts = urlsplit(url)
    sent = dict(headers or {})
    if json is not None:
        data = json_module.dumps(json).encode()
        sent.setdefault("Content-Type", "application/json")
        sent.setdefault("Accept", "application/json")
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(host, port, timeout=5, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request(method, parts.path + ("?" + parts.query if parts.query else ""), data, sent)
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def logged(sandbox: Sandbox, count: int = 1) -> list[Entry]:
    """The log once it has this many entries, for requests whose entry may come after the connection's end."""
    deadline = time.monotonic() + 5
    while len(sandbox.log()) < count and time.monotonic() < deadline:
        pass
    return sandbox.log()


@pytest.fixture(name="logged")
def logged_fixture() -> Callable[..., list[Entry]]:
    """Waits for entries of the log."""
    return logged


@pytest.fixture(name="send")
def send_fixture() -> Send:
    """The client."""
    return send


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox on a temporary folder."""
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """A sandbox for all tests of a file, each of which makes devices of its own."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def key(sandbox: Sandbox) -> dict[str, str]:
    """The header that the admin API wants."""
    return {"Authorization": f"Bearer {sandbox.admin_key}"}


@pytest.fixture
def admin(sandbox: Sandbox, send: Send, key: dict[str, str]) -> Callable[..., tuple[int, Any]]:
    """Perform an operation over HTTP; returns status and the parsed answer."""

    def call(path: str, **arguments: object) -> tuple[int, Any]:
        answer = send("POST", f"{sandbox.admin_url}/{path}", json=arguments, headers=key)
        return answer.status, answer.json()

    return call


@pytest.fixture
def new_device(sandbox: Sandbox) -> dict[str, str]:
    """What a device sends to register at Xyte, once; its model exists."""
    key = sandbox.xyte.create_model("M1")["hardware_key"]
    return {"hardware_key": key, "sn": "1", "mac": "112233445566", "firmware_version": "1.0.0"}


@pytest.fixture
def trusted(sandbox: Sandbox) -> ssl.SSLContext:
    """A client's TLS context that trusts the sandbox's CA."""
    return ssl.create_default_context(cafile=str(sandbox.ca_pem))


# Xyte's devices, for test_sandbox_xyte.py and test_sandbox_xyte_hub.py
MAC = "11:22:33:44:55:66"


@pytest.fixture
def model(sandbox):
    return sandbox.xyte.create_model("M1", short_code="ACME")


@pytest.fixture
def register(sandbox, send, model):
    """Register with the fields of MAC & SN, changed; None leaves one out."""

    def call(**changes):
        body = {"hardware_key": model["hardware_key"], "sn": "112", "mac": MAC, "firmware_version": "1.0.0", **changes}
        url = sandbox.urls["xyte"].http + "/v1/devices"
        return send("POST", url, json={name: value for name, value in body.items() if value is not None})

    return call


@pytest.fixture
def device(register):
    return register().json()


@pytest.fixture
def hub(send, device):
    """Call the hub as the device."""

    def call(method, path, json=None, key=None, id=None, base="hub_url"):
        header = {"Authorization": device["access_key"] if key is None else key}
        url = f"{device[base]}/v1/devices/{id or device['id']}" + (f"/{path}" if path else "")
        return send(method, url, json=json, headers=header)

    return call


@pytest.fixture(scope="module")
def console(shared: Sandbox) -> Sandbox:
    """The sandbox of a file whose tests look at the console."""
    return shared


@pytest.fixture(scope="module")
def browser(console: Sandbox) -> Browser:
    return Browser(console)


@pytest.fixture
def no_fault_is_left(console: Sandbox) -> Iterator[None]:
    yield
    console.clear_faults()
