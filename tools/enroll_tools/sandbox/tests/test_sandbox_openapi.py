"""The description of the admin API. `make test-oracles` has others' programs read it and try each operation."""

from __future__ import annotations

import pytest
from enroll_tools import schemas
from enroll_tools.sandbox.control import Control
from enroll_tools.sandbox.operations import operations
from enroll_tools.sandbox.services import ALL


@pytest.fixture
def described(sandbox, send):
    answer = send("GET", sandbox.admin_url.replace("/admin", "/openapi.json"))
    assert answer.status == 200
    return answer.json()


def test_it_names_every_operation(described):
    names = {f"/admin/{name}" for name in operations(Control)}
    names |= {f"/admin/{service.name}/{name}" for service in ALL for name in operations(service)}
    assert set(described["paths"]) == names


def test_an_argument_is_described_with_its_values(described):
    body = described["paths"]["/admin/fault"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert (body["required"], body["additionalProperties"]) == (["service"], False)
    times, drop = body["properties"]["times"], body["properties"]["drop"]
    assert (times["minimum"], times["maximum"]) == (1, 1_000_000) and "integer" in str(times)
    expires = body["properties"]["expires"]
    assert (expires["type"], expires["minimum"], expires["maximum"], expires["default"]) == ("number", 1, 86_400, 600)
    assert (drop["type"], drop["enum"]) == (["string", "null"], ["before", "after", None])
    assert "\b" not in described["paths"]["/admin/fault"]["post"]["description"]


def test_a_result_is_described(described):
    done = described["paths"]["/admin/etherfax/devices"]["post"]["responses"]["200"]
    result = done["content"]["application/json"]["schema"]["properties"]["result"]
    assert (result["type"], result["items"]["type"]) == ("array", "object")


def test_every_argument_says_what_it_means(described):
    for path, methods in described["paths"].items():
        properties = methods["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
        for name, schema in properties.items():
            assert schema.get("description", "").endswith("."), (path, name)


def test_the_schema_of_enroll_json_is_served(sandbox, send):
    """Without a key, so that an editor fetches it."""
    answer = send("GET", sandbox.admin_url.replace("/admin", "/schema/enroll.json"))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/schema+json")
    assert answer.json() == schemas.device()
