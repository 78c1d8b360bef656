"""Azure: which tokens are accepted, and the outcome of an operation."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from enroll_tools.sandbox import SandboxError
from enroll_tools.sandbox.services.azure import SCOPE
from enroll_tools.sandbox.services.azure_token import signed

PLACE = f"{SCOPE}/registrations/one"
QUOTED = quote(PLACE, safe="")
VERSION = "?api-version=2019-03-31"


@pytest.fixture
def sandbox(shared):
    """The sandbox of this file, without what an earlier test has left."""
    yield shared
    for table in ("devices", "events", "messages"):
        shared.azure.state.run(f"DELETE FROM azure_{table}")
    shared.set("azure.polls", 1)


@pytest.fixture
def key(sandbox):
    return sandbox.azure.create("one")["device_key"]


@pytest.fixture
def register(sandbox, send):
    def register(token, path="register", method="PUT", version=VERSION, **body):
        url = f"{sandbox.url('azure', 'http')}/{PLACE}/{path}{version}"
        json = {"registrationId": "one", **body} if method == "PUT" else None
        return send(method, url, json=json, headers={"Authorization": token})

    return register


def token(sandbox, key, resource=QUOTED, seconds=60, policy="&skn=registration", until=""):
    until = until or str(int(sandbox.clock.now()) + seconds)
    return f"SharedAccessSignature sr={resource}&sig={quote(signed(resource, key, until))}&se={until}{policy}"


@pytest.mark.parametrize("resource", [QUOTED, PLACE])
def test_a_resource_may_be_quoted_or_not(sandbox, key, register, resource):
    """Microsoft's client for Node does not quote it."""
    assert register(token(sandbox, key, resource)).status == 202


@pytest.mark.parametrize(
    "wrong",
    [
        {"resource": QUOTED + "2"},
        {"seconds": -1},
        {"policy": ""},
        {"policy": "&skn=device"},
        {"until": "soon"},
        {"until": "9" * 5000},
    ],
    ids=str,
)
def test_a_token_that_does_not_fit(sandbox, key, register, wrong):
    assert register(token(sandbox, key, **wrong)).status == 401


@pytest.mark.parametrize("text", ["", "SharedAccessSignature", "SharedAccessSignature &&=", "Bearer x"])
def test_invalid_tokens_are_refused(key, register, text):
    assert register(text).status == 401


def test_the_key_of_another_device(sandbox, key, register):
    other = sandbox.azure.create("two")["device_key"]
    assert register(token(sandbox, other)).status == 401


def test_an_operation(sandbox, key, register):
    answer = register(token(sandbox, key))
    assert answer.headers["Retry-After"] == "1" and answer.json()["status"] == "assigning"
    path = f"operations/{answer.json()['operationId']}"
    state = register(token(sandbox, key), path, "GET").json()
    assert state["status"] == "assigned" and state["registrationState"]["deviceId"] == "one"
    assert register(token(sandbox, key), "operations/other", "GET").status == 404
    assert register(token(sandbox, key), version="?api-version=2017-01-01").status == 400
    assert register(token(sandbox, key), registrationId="two").status == 400


def test_an_operation_that_failed_stays_failed(sandbox, key, register):
    """As the outcome of an operation does: what an administrator changes counts for the next one."""
    sandbox.azure.fail("one")
    path = f"operations/{register(token(sandbox, key)).json()['operationId']}"
    assert register(token(sandbox, key), path, "GET").json()["status"] == "failed"
    sandbox.azure.fail("one", False)
    assert register(token(sandbox, key), path, "GET").json()["status"] == "failed"
    path = f"operations/{register(token(sandbox, key)).json()['operationId']}"
    assert register(token(sandbox, key), path, "GET").json()["status"] == "assigned"


class Hub:
    """Calls the hub as the device `one`, which is assigned to it."""

    def __init__(self, sandbox, send, key):
        self._sandbox, self._send, self._key = sandbox, send, key

    def __call__(self, method, path, key=None, place=None, policy="", **more):
        base = self._sandbox.url("azure", "http").removesuffix("/azure")
        resource = quote(place or base.partition("://")[2] + "/devices/one", safe="")
        authorization = token(self._sandbox, key or self._key, resource, policy=policy)
        return self._send(
            method, f"{base}/devices/one/messages/{path}", headers={"Authorization": authorization}, **more
        )


@pytest.fixture
def hub(sandbox, send, key, register):
    sandbox.set("azure.polls", 0)
    assert register(token(sandbox, key)).json()["status"] == "assigned"
    return Hub(sandbox, send, key)


@pytest.mark.parametrize("body", [b'{"t": 1}', b"", b"\xff"])
def test_an_event_may_be_anything(sandbox, hub, body):
    assert hub("POST", "events", data=body).status == 204
    (event,) = sandbox.azure.events()
    assert event == {"device": "one", "body": body.decode("utf-8", "backslashreplace")}


def test_messages_come_one_after_another(sandbox, hub):
    assert hub("GET", "deviceBound").status == 204
    locks = [sandbox.azure.send("one", text) for text in ("first", "second")]
    sandbox.azure.create("two")
    sandbox.azure.send("two", "for another")
    for lock, text in zip(locks, (b"first", b"second"), strict=True):
        for _ in range(2):  # until it is completed
            reply = hub("GET", "deviceBound")
            assert (reply.body, reply.headers["ETag"]) == (text, f'"{lock}"')
        assert hub("DELETE", f"deviceBound/{lock}").status == 204
        assert hub("DELETE", f"deviceBound/{lock}").status == 412
    assert hub("GET", "deviceBound").status == 204


@pytest.mark.parametrize(("method", "path"), [("POST", "events"), ("GET", "deviceBound"), ("DELETE", "deviceBound/1")])
def test_the_hub_wants_a_token_of_its_own(sandbox, hub, method, path):
    other = sandbox.azure.create("two")["device_key"]
    for wrong in ({"key": other}, {"place": PLACE}, {"policy": "&skn=registration"}):
        assert hub(method, path, **wrong).status == 401


@pytest.mark.parametrize("act", ["disable", "delete"])
def test_the_hub_knows_no_device_that_is_disabled_or_deleted(sandbox, hub, register, key, act):
    getattr(sandbox.azure, act)("one")
    assert hub("POST", "events", data=b"{}").status == 401
    status = register(token(sandbox, key)).json()["status"]
    assert status == ("disabled" if act == "disable" else "assigned")
    sandbox.azure.enable("one")
    register(token(sandbox, key))
    assert hub("POST", "events", data=b"{}").status == 204


def test_the_key_of_a_group(sandbox, register):
    """Each device has a key of its own, derived from the group's: Azure's published vector."""
    group = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw=="
    made = sandbox.azure.create_in_group("sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6", group)
    assert made["device_key"] == "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="
    own = sandbox.azure.create_in_group("one", group)["device_key"]
    assert register(token(sandbox, group)).status == 401 and register(token(sandbox, own)).status == 202


def test_what_is_not_there(sandbox, key):
    for act in (sandbox.azure.enable, sandbox.azure.disable, sandbox.azure.fail, sandbox.azure.delete):
        with pytest.raises(SandboxError, match="no enrollment 'nobody'"):
            act("nobody")
    with pytest.raises(SandboxError, match="already has"):
        sandbox.azure.create("one")


def test_keys_show_only_when_asked_for(sandbox, key, register):
    register(token(sandbox, key))
    assert [it["device_key"] for it in sandbox.azure.devices()] == ["***"]
    assert [it["device_key"] for it in sandbox.azure.devices(reveal=True)] == [key]
