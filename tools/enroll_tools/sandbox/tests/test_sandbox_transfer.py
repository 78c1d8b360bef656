"""The whole state as a file: out of one sandbox, into another."""

from __future__ import annotations

import copy
import json
import math

import pytest
from click.testing import CliRunner
from enroll_tools.sandbox import Sandbox, SandboxError
from enroll_tools.sandbox.cli import main
from enroll_tools.sandbox.clock import format_time
from enroll_tools.sandbox.samples import SERVICES, fresh
from enroll_tools.sandbox.tests.cpython_device import Firmware
from enroll_tools.sandbox.timeline import timeline
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def full():
    """A sandbox with a device, a user or a token of each service."""
    with Sandbox() as sandbox:
        for service in SERVICES:
            fresh(sandbox, service)
        sandbox.thingsboard.create("lamp")
        sandbox.thingsboard.command("lamp", "blink")
        sandbox.oauth.create_initial_token()
        yield sandbox


@pytest.fixture(scope="module")
def exported(full):
    return json.loads(json.dumps(full.export_state()))


@pytest.fixture(scope="module")
def empty():
    with Sandbox() as sandbox:
        yield sandbox


def test_another_sandbox_has_the_same_devices_afterwards(exported):
    with Sandbox() as other:
        counts = other.import_state(exported)
        assert set(counts) == set(SERVICES) and all(counts.values())
        assert other.export_state() == exported
        token = exported["services"]["ickstream"]["ickstream_tokens"][0]["token"]
        assert other.ickstream.tokens(reveal=True)[0]["token"] == token
        with pytest.raises(SandboxError, match="has devices or users already: use --replace"):
            other.import_state(exported)
        assert other.import_state(exported, replace=True) == counts
        assert other.export_state() == exported


def test_what_happened_in_the_portals_comes_along(sandbox):
    """An orphan stays one, a deleted device is shown as such, and a timeline keeps what a person did."""
    with Sandbox(time="2030-01-01") as first:
        for serial in ("MT1", "MT2"):
            first.etherfax.create(serial)
            first.etherfax.enable(serial)
        first.fault("etherfax", drop="after")
        Firmware(first, "etherfax", {"serial": "MT1", "utc_offset": 0}).register(1)
        first.etherfax.delete("MT2")
        state = json.loads(json.dumps(first.export_state()))
    sandbox.etherfax.create("MT3")
    sandbox.etherfax.delete("MT3")
    sandbox.import_state(state, replace=True)
    orphan, gone = sandbox.etherfax.devices_view()
    assert (orphan.id, orphan.state, gone.id, gone.state) == ("MT1", "orphaned", "MT2", "deleted")
    assert format_time(gone.since).startswith("2030-01-01")
    items = [item.text for item in timeline("MT2", sandbox.etherfax, sandbox.request_log)]
    assert items == ["Portal: deleted", "Portal: enabled", "Portal: created"]
    bad = change(state, ("services", "etherfax", "history", 0, "time"), None)
    with pytest.raises(SandboxError, match=r"etherfax\.history, row 1: it needs time, device, event"):
        sandbox.import_state(bad, replace=True)
    assert sandbox.etherfax.device_view("MT1").state == "orphaned"


def change(state, path, value):
    changed = copy.deepcopy(state)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


DEVICE = ("services", "etherfax", "etherfax_devices", 0)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("format",), "x", "not a sandbox's state"),
        (("version",), 2, "version 2, not 1"),
        (("services",), [], "services must be an object"),
        (("services", "gopher"), {}, "unknown service 'gopher'"),
        (("services", "etherfax", "sqlite_master"), [], "is not a table"),
        (("services", "etherfax", "xyte_models"), [], "is not a table"),
        (("services", "etherfax", "etherfax_devices"), {}, "or not a list"),
        (("services", "etherfax", "history"), {}, "history is not a list"),
        (("services", "etherfax", "history", 0, "device"), 1, "device must be text"),
        (("services", "etherfax", "history", 0, "id"), 1, "unknown column 'id'"),
        (("services", "etherfax", "history", 0), {"time": 1}, "it needs time, device, event"),
        (DEVICE, {"serial": "MT2"}, "etherfax_devices, row 1: NOT NULL"),
        ((*DEVICE, "colour"), 1, "unknown column 'colour'"),
        ((*DEVICE, 'serial") VALUES (1); --'), 1, "unknown column"),
        ((*DEVICE, "serial"), 1, "serial must be text"),
        ((*DEVICE, "enabled"), True, "enabled must be a whole number"),
        ((*DEVICE, "enabled"), 2**63, "enabled must be a whole number"),
        ((*DEVICE, "registered_at"), math.inf, "registered_at must be a number"),
        (("services", "ickstream", "ickstream_tokens", 0, "user_id"), "nobody", "names a user"),
        (("services", "xyte", "xyte_devices"), [{"id": "1", "model_id": "1"}], "NOT NULL"),
        (("services", "cumulocity", "cumulocity_measurements"), [{"source": "1", "body": "{"}], "cannot read its"),
        (("services", "cumulocity", "cumulocity_measurements"), [{"source": "1", "body": "1"}], "console cannot show"),
    ],
)
def test_a_file_that_is_not_in_order_changes_nothing(empty, exported, path, value, words):
    before = empty.export_state()
    with pytest.raises(SandboxError, match=words):
        empty.import_state(change(exported, path, value))
    assert empty.export_state() == before


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_change_is_taken_whole_or_not_at_all(empty, exported, data):
    """And leaves a sandbox whose lists can be shown."""
    path, place = [], exported
    while isinstance(place, dict | list) and place:
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        path.append(data.draw(st.sampled_from(keys)))
        place = place[path[-1]]
        if data.draw(st.integers(0, 5)) == 0:
            break
    odd = st.sampled_from([None, "", 0, -1, 1.5, 2**70, True, [], {}, [{}], "x" * 300, "\ud800", math.nan])
    before = empty.export_state()
    try:
        empty.import_state(change(exported, path, data.draw(odd)), replace=True)
    except SandboxError:
        assert empty.export_state() == before
    for show in (empty.etherfax.devices, empty.xyte.devices, empty.azure.events, empty.thingsboard.devices):
        show()
    for service in empty.services.values():
        service.devices_view()


def test_the_commands(full, exported, tmp_path):
    """export writes what import takes; a broken file is refused in a sentence."""
    file, state = tmp_path / "state.json", str(full.state_folder)
    runner = CliRunner()
    assert runner.invoke(main, ["export", str(file), "--state", state]).exit_code == 0
    assert json.loads(file.read_text()) == exported
    assert json.loads(runner.invoke(main, ["export", "--state", state]).stdout) == exported
    result = runner.invoke(main, ["export", str(tmp_path / "gone" / "state.json"), "--state", state])
    words = "state.json: No such file or directory: free space, or name another FILE"
    assert result.exit_code == 1 and words in result.stderr, result.output
    with Sandbox(tmp_path / "other") as other:
        words = ["import", str(file), "--state", str(other.state_folder), "--json"]
        assert json.loads(runner.invoke(main, words).stdout)["etherfax"] == 1
        assert other.export_state() == exported
        for content in ("{", "[]", '{"format": 1}', "[" * 100_000):
            file.write_text(content)
            result = runner.invoke(main, [*words, "--replace"])
            assert result.exit_code == 1 and ": " in json.loads(result.stdout)["text"], result.output
        assert other.export_state() == exported
