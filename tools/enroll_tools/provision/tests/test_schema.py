"""`enroll-provision schema`; `make test-oracles` has a validator judge files by what it prints."""

from __future__ import annotations

import json

from click.testing import CliRunner
from enroll_tools import schemas
from enroll_tools.provision.cli import main


def test_the_schema_for_an_editor_knows_placeholders():
    edited = json.loads(CliRunner().invoke(main, ["schema"]).stdout)
    assert set(edited["definitions"]["asked"]["properties"]) == {"$env", "$file", "$prompt"}
    assert "group_key" in edited["definitions"]["azure"]["properties"]


def test_the_schema_for_the_device_does_not():
    strict = json.loads(CliRunner().invoke(main, ["schema", "--device"]).stdout)
    assert strict == schemas.device() and "$prompt" not in json.dumps(strict)
