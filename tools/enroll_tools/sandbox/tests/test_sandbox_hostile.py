"""A device that misbehaves: its text forges no line and moves no cursor, and what is kept of it is bounded."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import socket
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.cli import main
from enroll_tools.sandbox.commands import log as log_command
from enroll_tools.sandbox.commands.live import Live
from enroll_tools.sandbox.tests.conftest import logged, send
from enroll_tools.sandbox.tests.cpython_device import Firmware

NASTY = "x\x1b[2J\r\n2017-02-02T12:00:00.000Z http forged GET /forged 200\n\x9b31m\x07\x7f\u2028\u202e"
LATIN = "x\x9b31m\x7f\x85".encode("latin-1")
COLOUR = re.compile("\x1b\\[[0-9;]*m")


def raw(port: int, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection, contextlib.suppress(OSError):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass


def attack(sandbox: Sandbox) -> int:
    """Send the text wherever a device can put any; returns the number of entries."""
    port, base = sandbox.ports["http"], sandbox.urls["xyte"].http
    profile = sandbox.thingsboard.create_profile()
    named = {
        "deviceName": NASTY,
        "provisionDeviceKey": profile["provision_key"],
        "provisionDeviceSecret": profile["provision_secret"],
    }
    sent = [
        send("POST", sandbox.urls["thingsboard"].http + "/api/v1/provision", json=named),
        send("POST", base + f"/{quote(NASTY)}?{quote(NASTY)}", data=NASTY.encode()),
        send("POST", base + "/v1/devices", json={NASTY: NASTY, "sn": NASTY, "mac": NASTY}),
        send("POST", base + "/v1/devices", data=b'"' + LATIN + b'"'),
    ]
    token = sandbox.thingsboard.devices(reveal=True)[0]["token"]
    telemetry = sandbox.urls["thingsboard"].http + f"/api/v1/{token}/telemetry"
    sent.append(send("POST", telemetry, json={NASTY: {NASTY: 1}}))
    heads = [
        b"GET /x HTTP/1.1\r\nHost: x\r\nAuthorization: Basic " + LATIN + b"\r\nUser-Agent: " + LATIN,
        b"GET /x\x1b[2J HTTP/1.1\r\nHost: x",
        b"G\x1bET /x HTTP/1.1\r\nHost: x",
        b"GET /" + LATIN + b" HTTP/1.1\r\nHost: x",
        b"GET /x HTTP/1.1\r\nHost: \x1b[2J",
        NASTY.encode(),
    ]
    for head in heads:
        raw(port, head + b"\r\nConnection: close\r\n\r\n")
    raw(sandbox.ports["https"], NASTY.encode() * 4)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto((NASTY * 3).encode(), ("127.0.0.1", sandbox.ports["ntp"]))
        client.sendto(b"\x23" + NASTY.encode()[:47].ljust(47), ("127.0.0.1", sandbox.ports["ntp"]))
    return len(sent) + len(heads) + 3


@contextlib.contextmanager
def terminal(formatter: logging.Formatter) -> Iterator[io.StringIO]:
    """What `serve` prints; with `%(message)s` as to a file."""
    told, access = io.StringIO(), logging.getLogger("sandbox.access")
    handler = logging.StreamHandler(told)
    handler.setFormatter(formatter)
    access.addHandler(handler)
    access.setLevel(logging.INFO)
    try:
        yield told
    finally:
        access.removeHandler(handler)
        access.setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def attacked() -> Iterator[tuple[Sandbox, int, str, str]]:
    """A sandbox after the attack, the number of entries, and what it printed to a file and to a terminal."""
    with Sandbox() as sandbox, terminal(logging.Formatter("%(message)s")) as file, terminal(Live(False)) as screen:
        count = attack(sandbox)
        assert len(logged(sandbox, count)) == count
        yield sandbox, count, file.getvalue(), screen.getvalue()


def check(text: str) -> None:
    odd = {character for character in COLOUR.sub("", text) if not character.isprintable() and character != "\n"}
    assert not odd, text


def test_an_entry_is_one_line_of_the_terminal_and_of_a_file(attacked):
    _, count, file, screen = attacked
    for text in (file, screen):
        check(text)
        assert len(text.splitlines()) == count
    assert not [line for line in file.splitlines() if line.startswith("2017")]


@pytest.mark.parametrize("words", [("log",), ("log", "--reveal"), ("log", "--follow", "--reveal")])
def test_an_entry_is_one_line_of_the_log(attacked, words, monkeypatch):
    sandbox, count, *_ = attacked

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(log_command.time, "sleep", stop)
    output = CliRunner().invoke(main, [*words, "--state", str(sandbox.state_folder)]).output
    check(output)
    lines = [line for line in output.splitlines() if not line.startswith("    ")]
    assert len(lines) == count and not [line for line in lines if line.startswith("2017")]


@pytest.mark.parametrize("columns", ["30", ""])
def test_no_table_has_the_text_as_it_came(attacked, columns, monkeypatch):
    """On a narrow terminal a value is shown in parts, each with its name, which may be a device's."""
    sandbox, *_ = attacked
    if columns:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("COLUMNS", columns)
    for words in (("thingsboard", "devices"), ("xyte", "devices"), ("export",)):
        result = CliRunner().invoke(main, [*words, "--state", str(sandbox.state_folder)])
        assert result.exit_code == 0 and result.output
        check(result.output)


# How much is kept.


def test_a_line_of_the_terminal_is_short(sandbox):
    with terminal(logging.Formatter("%(message)s")) as file:
        send("GET", sandbox.urls["xyte"].http + "/" + "a" * 7000)
        raw(sandbox.ports["http"], b"GET /" + b"\x9b" * 3000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        logged(sandbox, 2)
    assert len(file.getvalue().splitlines()) == 2
    assert all(len(line) < 400 for line in file.getvalue().splitlines())
    assert "aaa ... (" in file.getvalue().splitlines()[0]


HEADERS = ("User-Agent", "Accept", "Authorization", "X-Api-Key", "X-Nonce", "X-Signature", "X-Auth-Token")


@pytest.mark.parametrize(
    "attempt",
    [
        lambda url: send("GET", url + "/" + "a" * 8000),
        lambda url: send("GET", url, headers=dict.fromkeys(HEADERS, "h" * 8000)),
        lambda url: send("POST", url, data=b"b" * 200_000, headers=dict.fromkeys(HEADERS, "h" * 8000)),
        lambda url: send("POST", url + "/v1/devices", json={"sn": "s" * 200_000, "mac": "112233445566"}),
    ],
)
def test_an_entry_is_bounded(sandbox, attempt: Callable[[str], object]):
    attempt(sandbox.urls["xyte"].http)
    (entry,) = sandbox.log(reveal=True)
    assert len(json.dumps(entry.as_dict())) < 32_000
    assert "not kept" in entry.note or "cut" in entry.note


def test_of_a_head_that_is_too_long_no_part_of_a_secret_is_kept(sandbox):
    """The rest of a secret that was cut would not be found, and so not be hidden, in the body."""
    secret = "S3CR3T" * 1000
    url = sandbox.urls["xyte"].http
    send("POST", f"{url}/x?token={secret}", json={"echo": secret}, headers={"X-Api-Key": secret})
    (entry,) = sandbox.log()
    assert "S3CR3T" not in json.dumps(entry.as_dict()) and entry.path == "/xyte/x"


def test_what_a_device_adds_to_its_telemetry_is_bounded(sandbox):
    sandbox.thingsboard.create("d")
    profile = sandbox.thingsboard.create_profile(create_new=False)
    body = {
        "deviceName": "d",
        "provisionDeviceKey": profile["provision_key"],
        "provisionDeviceSecret": profile["provision_secret"],
    }
    base = sandbox.urls["thingsboard"].http
    send("POST", base + "/api/v1/provision", json=body)
    token = sandbox.thingsboard.devices(reveal=True)[0]["token"]
    for number in range(6):
        values = {f"key{number}-{index}": "v" * 100 for index in range(200)}
        assert send("POST", f"{base}/api/v1/{token}/telemetry", json=values).status == 200
    (device,) = sandbox.thingsboard.devices()
    assert len(json.dumps(device["telemetry"])) < 80_000 and "key5-199" in device["telemetry"]


def test_what_devices_send_is_a_ring(sandbox, monkeypatch):
    monkeypatch.setattr("enroll_tools.sandbox.services.base.KEPT", 5)
    azure = Firmware(sandbox, "azure", {**sandbox.azure.sample("1")})
    cumulocity = Firmware(sandbox, "cumulocity", sandbox.cumulocity.sample("1"))
    for device in (azure, cumulocity):
        device.register()
    cumulocity.call("POST", "/identity/globalIds/7/externalIds", {})
    for number in range(8):
        azure.call("POST", "/devices/{id}/messages/events?api-version=2020-03-13", {"n": number})
        measured = {"type": "t", "time": "1", "source": {"id": "7"}, "n": number}
        assert cumulocity.call("POST", "/measurement/measurements", measured).status == 201
    assert [json.loads(row["body"])["n"] for row in sandbox.azure.events()] == [3, 4, 5, 6, 7]
    assert [body["n"] for body in sandbox.cumulocity.measurements()] == [3, 4, 5, 6, 7]


def test_a_measurement_before_there_is_an_object(sandbox):
    """It was an error of the sandbox's own."""
    device = Firmware(sandbox, "cumulocity", sandbox.cumulocity.sample("1"))
    device.register()
    for source in ({"id": None}, {"id": ""}, None):
        measured = {"type": "t", "time": "1", "source": source}
        assert device.call("POST", "/measurement/measurements", measured).status == 422
