"""Azure: Microsoft's SDK for Python makes the same keys and tokens, its client for Node sends the same requests."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from urllib.parse import unquote

import devices
import on_micropython
import pytest
from enroll.config import Config
from enroll.credential import Credential
from enroll.hmac import hmac_sha256
from enroll_tools.provision.bench import device_key
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.services.azure import SCOPE
from runtimes import first

NOW = 1795000000
KEYS = [base64.b64encode(bytes(range(length))).decode() for length in (1, 32, 64, 65, 200)]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(reveal_secrets=True) as sandbox:
        yield sandbox


def config(serial: str, key: str) -> Config:
    section = {"id_scope": "0ne00111111", "serial": serial, "device_key": key}
    return Config({"provider": "azure", "url": "http://localhost", "azure": section})


def fields(token: str) -> dict[str, str]:
    """What is in a shared access signature, whatever the order."""
    kind, _, text = token.partition(" ")
    assert kind == "SharedAccessSignature"
    return dict(field.split("=", 1) for field in text.split("&"))


def test_our_hmac_signs_as_their_sdk_does(ask_python):
    messages = ["", "a", "sn-007-888-abc", "x" * 1000]
    for key in KEYS:
        ours = [hmac_sha256(base64.b64decode(key), it.encode()) for it in messages]
        theirs = ask_python("azure_sign.py", key=key, messages=messages)
        assert ours == [base64.b64decode(it).hex() for it in theirs]


def test_the_bench_derives_the_key_that_their_sdk_would(ask_python):
    """Deriving is signing the registration ID with the key of the group."""
    serials = ["sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6", "A_b.c:9"]
    for group in KEYS:
        ours = [device_key({"serial": serial, "group_key": group}) for serial in serials]
        assert ours == ask_python("azure_sign.py", key=group, messages=serials)


@pytest.mark.parametrize("serial", ["sensor-1", "A_b.c:9", "upper-LOWER.1_2:3-"])
def test_our_tokens_are_those_of_their_sdk(ask_python, serial):
    for key in KEYS[1:4]:
        it = config(serial, key)
        question = {"key": key, "until": NOW + 3600}
        steps = it.service.register(it, NOW)
        steps.send(None)
        ours = steps.send({}).headers["Authorization"]
        uri = f"0ne00111111/registrations/{serial}"
        assert fields(ours) == fields(ask_python("azure_token.py", uri=uri, name="registration", **question))
        ours = Credential(it, serial, key, {"hub": "h.azure-devices.net"}).headers(NOW)["Authorization"]
        uri = f"h.azure-devices.net/devices/{serial}"
        assert ours == ask_python("azure_token.py", uri=uri, name=None, **question)


@pytest.mark.parametrize("serial", ["sensor-1", "A_b.c:9", "upper-LOWER.1_2:3-"])
def test_our_mqtt_is_that_of_their_sdk(ask_python, serial):
    """User, client ID, topics and password; after the version of the API their user says which client it is."""
    it = config(serial, KEYS[1])
    ours = Credential(it, serial, KEYS[1], {"hub": "h.azure-devices.net"})
    it.ca = "ca.der"
    ours = ours.mqtt(NOW)
    theirs = ask_python("azure_mqtt.py", hub="h.azure-devices.net", id=serial)
    user = ours["user"].reveal()
    assert user.partition("?")[0] == theirs["user"].partition("?")[0] and "?api-version=20" in theirs["user"]
    assert ours["client_id"] == theirs["client_id"]
    assert ours["publish"] == (theirs["publish"],) and ours["subscribe"] == (theirs["subscribe"],)
    uri = f"h.azure-devices.net/devices/{serial}"
    question = {"uri": uri, "name": None, "key": KEYS[1], "until": NOW + 3600}
    assert ours["password"].reveal() == ask_python("azure_token.py", **question)
    assert ours["expires"] == NOW + 3600


def theirs(ask_node, sandbox, serial, **more):
    """Register `serial` with their client, at the sandbox."""
    where = {"host": "localhost", "port": sandbox.ports["https"], "base": "/azure", "scope": SCOPE, "id": serial}
    return ask_node("azure_register.js", ca=sandbox.ca_pem, **where, **more)


def ours(sandbox, folder, serial, key, **more):
    """Register `serial` with the firmware, at the sandbox."""
    device = devices.Device(folder, first(), on_micropython.library())
    section = {"id_scope": SCOPE, "serial": serial, "device_key": key, **more}
    device.write(devices.configuration(sandbox, "azure", section))
    return device.boot()


def test_their_client_registers_at_our_sandbox(sandbox, ask_node):
    key = sandbox.azure.create("theirs")["device_key"]
    state = theirs(ask_node, sandbox, "theirs", key=key)
    assert state["status"] == "assigned" and state["deviceId"] == "theirs"
    assert state["assignedHub"] == f"localhost:{sandbox.ports['https']}"
    assert [entry.status for entry in sandbox.log("azure")] == [202, 200]


def test_what_is_refused_is_refused_to_both(sandbox, ask_node, tmp_path):
    sandbox.azure.create("wrong")
    assert theirs(ask_node, sandbox, "wrong", key=KEYS[1]) == {"error": "UnauthorizedError"}
    assert ours(sandbox, tmp_path, "wrong", KEYS[1]).returncode == 77
    key = sandbox.azure.create("failed")["device_key"]
    sandbox.azure.fail("failed")
    assert theirs(ask_node, sandbox, "failed", key=key) == {"error": "ProvisioningRegistrationFailedError"}
    assert ours(sandbox, tmp_path, "failed", key).returncode == 77
    assert [entry.status for entry in sandbox.log("azure")] == [401, 401, 202, 200, 202, 200]


def test_our_requests_are_theirs_field_by_field(sandbox, ask_node, tmp_path):
    """DIFFERENT says all that differs. Their client sends {} as the body of a GET, and leaves the resource of a token
    unquoted; ours does as Microsoft's documentation and SDK for Python do.
    """
    payload = {"modelId": "dtmi:com:example:Thermostat;1"}
    key = sandbox.azure.create("same")["device_key"]
    theirs(ask_node, sandbox, "same", key=key, payload=payload)
    first_two = sandbox.log("azure")
    sandbox.clear_log()
    assert ours(sandbox, tmp_path, "same", key, payload=payload).returncode == 0
    pairs = list(zip(first_two, sandbox.log("azure"), strict=True))
    assert [(our.method, our.status) for _, our in pairs] == [("PUT", 202), ("GET", 200)]
    for their, our in pairs:
        assert (our.method, our.status, path(our)) == (their.method, their.status, path(their))
        assert compared(our) == compared(their)
        assert our.headers.keys() - their.headers.keys() <= {"Accept-Encoding"}
        our_token, their_token = fields(our.headers["Authorization"]), fields(their.headers["Authorization"])
        assert our_token.keys() == their_token.keys() and our_token["skn"] == their_token["skn"]
        assert unquote(our_token["sr"]) == unquote(their_token["sr"]) == f"{SCOPE}/registrations/same"
        assert abs(int(our_token["se"]) - int(their_token["se"])) < 60, "both are good for an hour"


DIFFERENT = {"Host", "User-Agent", "Connection", "Authorization", "Content-Length", "Accept-Encoding"}


def path(entry):
    """Its path without the number of the operation and the version of the API."""
    found = re.sub(r"operations/[\w.-]+", "operations/", entry.path)
    return re.sub(r"api-version=20\d\d-\d\d-\d\d$", "", found)


def compared(entry):
    """The headers that have to be equal, and what is in the body; their client sends a useless one with a GET."""
    found = {name: value.lower() for name, value in entry.headers.items() if name not in DIFFERENT}
    if entry.method == "GET":
        found.pop("Content-Type", None)
        return found, None
    return found, json.loads(entry.body)
