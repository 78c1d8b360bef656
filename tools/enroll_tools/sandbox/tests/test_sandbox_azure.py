"""Azure: which tokens are accepted, and the outcome of an operation."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from enroll_tools.sandbox.services.azure import SCOPE, signed

PLACE = f"{SCOPE}/registrations/one"
QUOTED = quote(PLACE, safe="")
VERSION = "?api-version=2019-03-31"


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
