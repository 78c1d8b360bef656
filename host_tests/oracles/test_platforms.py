"""Cumulocity's and ThingsBoard's own clients for Python work with our sandbox, and send what our firmware sends."""

from __future__ import annotations

import json
from collections.abc import Iterator

import devices
import on_micropython
import pytest
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.services.cumulocity import BOOTSTRAP
from program import run
from runtimes import first

DIFFERENT = {"Host", "User-Agent", "Connection", "Accept-Encoding", "Content-Length"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(reveal_secrets=True) as sandbox:
        yield sandbox


def compared(entry):
    """Method, path, JSON and the headers that may have to be equal."""
    headers = {name.lower(): value.lower() for name, value in entry.headers.items() if name not in DIFFERENT}
    return entry.method, entry.path, json.loads(entry.body or "null"), headers


def test_cumulocitys_client_waits_for_its_credentials(sandbox, ask_python, tmp_path):
    """Ours says that its JSON is in UTF-8, and sends the same else."""
    sandbox.cumulocity.create("same", accept=True)
    root = sandbox.url("cumulocity", "http").removesuffix("/cumulocity")
    where = {"url": root, "user": BOOTSTRAP[0], "password": BOOTSTRAP[1]}
    found = ask_python("cumulocity_await.py", id="same", **where)
    assert found["tenantId"] == "t100" and found["username"] == "device_same"
    (kept,) = sandbox.cumulocity.devices(reveal=True)
    assert found["password"] == kept["password"]
    theirs = sandbox.log("cumulocity")
    sandbox.clear_log()
    sandbox.cumulocity.create("same", accept=True)
    device = devices.Device(tmp_path, first(), on_micropython.library())
    section = {"serial": "same", "bootstrap_user": BOOTSTRAP[0], "bootstrap_password": BOOTSTRAP[1], "interval": 1}
    device.write(devices.configuration(sandbox, "cumulocity", section, "http"))
    assert device.boot().returncode == 0
    ours = sandbox.log("cumulocity")
    assert [it.status for it in ours] == [it.status for it in theirs] == [404, 201]
    for our, their in zip(ours, theirs, strict=True):
        method, path, body, headers = compared(our)
        path = path.removeprefix("/cumulocity")
        assert headers.pop("content-type") == "application/json; charset=utf-8"
        their_method, their_path, their_body, their_headers = compared(their)
        assert their_headers.pop("content-type") == "application/json"
        assert (method, path, body, headers) == (their_method, their_path, their_body, their_headers)


def test_thingsboards_client_registers_and_works(sandbox, ask_python, tmp_path):
    """Ours chooses its token, which theirs does not; after that the paths are the same."""
    profile = sandbox.thingsboard.create_profile()
    sandbox.thingsboard.create_profile()
    where = {"url": sandbox.url("thingsboard"), "ca": str(sandbox.ca_pem), "keys": ["rate"]}
    names = {"key": profile["provision_key"], "secret": profile["provision_secret"]}
    found = ask_python("thingsboard_provision.py", name="theirs", **where, **names)
    (kept,) = sandbox.thingsboard.devices(reveal=True)
    assert found["token"] == kept["token"] and kept["telemetry"] == {"t": 21.5} and kept["client"] == {"fw": "1.0"}
    theirs = sandbox.log("thingsboard")
    sandbox.clear_log()
    device = devices.Device(tmp_path, first(), on_micropython.library())
    device.write(devices.configuration(sandbox, "thingsboard", {"serial": "ours", **profile}))
    assert device.boot().returncode == 0
    program = """
from enroll.providers.thingsboard import device
session = enroll.Session(config, port, log=log)
session.run(device.telemetry(session, {"t": 21.5}))
session.run(device.attributes(session, {"fw": "1.0"}))
print(session.run(device.shared(session, "rate")))
"""
    assert run(device, program) == [str(found["shared"])]
    ours = sandbox.log("thingsboard")
    token = next(it for it in sandbox.thingsboard.devices(reveal=True) if it["name"] == "ours")["token"]
    first_ours, first_theirs = compared(ours[0]), compared(theirs[0])
    assert first_ours[:2] == first_theirs[:2]
    chosen = {"credentialsType": "ACCESS_TOKEN", "token": token, "deviceName": "ours"}
    assert first_ours[2] == first_theirs[2] | chosen
    for our, their in zip(ours[1:], theirs[1:], strict=True):
        their_body = compared(their)[2]
        if isinstance(their_body, dict):
            their_body = their_body.get("values", their_body)  # they send telemetry with their time, ours with none
        assert compared(our)[0] == compared(their)[0] and compared(our)[2] == their_body
        assert our.path.replace(token, "T").split("?")[0] == their.path.replace(found["token"], "T").split("?")[0]
