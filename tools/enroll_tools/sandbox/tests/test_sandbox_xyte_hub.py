"""Xyte: what a registered device says and hears at its hub, and its children."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest
from enroll_tools.sandbox import Sandbox, SandboxError

MAC = "11:22:33:44:55:66"

TAKEN = {
    "config_version": 0,
    "command": False,
    "info_version": 0,
    "new_licenses": False,
    "latest_fw_version": None,
    "latest_fw_file_id": None,
    "space_data_version": 0,
    "success": True,
}


@pytest.mark.parametrize("base", ["hub_url", "hub_url_static_cert"])
def test_telemetry(sandbox, hub, base):
    answer = hub("POST", "telemetry", {"status": "online", "telemetries": {"t": 1}}, base=base)
    assert answer.json() == TAKEN
    assert sandbox.xyte.devices()[0]["telemetry"]["telemetries"] == {"t": 1}


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"status": "asleep"},
        {"status": "online", "telemetries": []},
        {"status": "online", "telemetries": {"t": {}}},
        {"status": "online", "telemetries": {"t": [1]}},
        {"status": "online", "telemetries": {"t": 2**31}},
        {"status": "online", "telemetries": {"t": 1e39}},
        {"status": "online", "telemetries": {"t": "é" * 501}},
        {"status": "online", "timestamp": 5},
        {"status": "online", "timestamp": "yesterday"},
    ],
)
def test_telemetry_refused(sandbox, hub, report):
    assert hub("POST", "telemetry", report).status == 422
    assert sandbox.xyte.devices()[0]["telemetry"] is None


def test_telemetry_of_every_type(hub):
    values = {"a": 1, "b": -0.5, "c": True, "d": None, "e": "é" * 500}
    report = {"status": "error", "telemetries": values, "timestamp": "2021-08-04T07:45:44.122Z", "message": "hot"}
    assert hub("POST", "telemetry", report).status == 200


def test_commands(sandbox, hub, device):
    assert hub("GET", "command").status == 204
    ids = [sandbox.xyte.queue_command(device["id"], name, {"n": 1}) for name in ("reboot", "dump")]
    assert hub("POST", "telemetry", {"status": "online"}).json()["command"] is True
    command = hub("GET", "command").json()
    expected = {"id": ids[0], "device_id": device["id"], "status": "pending", "name": "reboot", "parameters": {"n": 1}}
    assert command == expected
    assert hub("POST", "command", {"id": ids[0], "status": "in_progress"}).status == 200
    assert hub("GET", "command").json()["status"] == "in_progress"
    assert hub("POST", "command", {"id": ids[0], "status": "done", "message": "ok"}).status == 200
    assert hub("GET", "command").json()["id"] == ids[1]
    assert hub("POST", "command", {"id": ids[1], "status": "failed"}).status == 200
    assert hub("POST", "telemetry", {"status": "online"}).json()["command"] is False
    assert [(row["status"], row["message"]) for row in sandbox.xyte.commands(device["id"])] == [
        ("done", "ok"),
        ("failed", None),
    ]
    assert hub("POST", "command", {"id": "unknown", "status": "done"}).status == 404
    assert hub("POST", "command", {"id": ids[0], "status": "eaten"}).status == 422
    assert hub("POST", "command", {"status": "done"}).status == 422


def test_config(sandbox, hub, device):
    empty = {"version": 0, "last_updated": None, "config": {}, "name": None, "device_id": device["id"]}
    assert hub("GET", "config").json() == empty
    assert sandbox.xyte.set_config(device["id"], {"volume": 3}) == 1
    assert hub("POST", "telemetry", {"status": "online"}).json()["config_version"] == 1
    assert hub("GET", "config").json()["config"] == {"volume": 3}
    assert hub("POST", "config", {"config": {"volume": 4}}).json() == {"version": 2}
    assert hub("POST", "config", {"volume": 5}).json() == {"version": 3}
    assert hub("GET", "config").json()["config"] == {"volume": 5}
    assert hub("POST", "config", {"config": 1}).status == 422


@pytest.fixture
def add_child(sandbox, send, device, model):
    def call(key=None, parent=None, **changes):
        body = {"sn": "c1", "model_id": model["id"], "firmware_version": "1.0.0", **changes}
        url = f"{sandbox.urls['xyte'].http}/v1/devices/{parent or device['id']}/children"
        json = {name: value for name, value in body.items() if value is not None}
        return send("POST", url, json=json, headers={"Authorization": key or device["access_key"]})

    return call


def test_children(sandbox, register, device, hub, add_child):
    first, second = add_child(), add_child(sn=None, mac=MAC)
    assert first.status == second.status == 201
    assert set(first.json()) == {"id", "access_key"}
    # The vendor checks no child's serial number: asking again makes another one.
    assert add_child().json()["id"] != first.json()["id"]
    report = {child.json()["id"]: {"status": "online"} for child in (first, second)}
    answer = hub("POST", "children/telemetries", report)
    assert (answer.status, answer.json()) == (200, dict.fromkeys(report, TAKEN))
    told = {row["id"]: row["telemetry"] for row in sandbox.xyte.devices() if row["parent_id"] and row["telemetry"]}
    assert told == report
    # A child's key works for the child.
    assert hub("GET", "command", key=first.json()["access_key"], id=first.json()["id"]).status == 204
    sandbox.xyte.delete(device["id"])
    assert hub("GET", "command", key=first.json()["access_key"], id=first.json()["id"]).status == 401


def test_children_refused(sandbox, hub, device, add_child):
    assert add_child(key="wrong").status == 403
    assert add_child(parent="unknown").status == 404
    for name in ("model_id", "firmware_version"):
        answer = add_child(**{name: None})
        assert answer.status == 422
        assert answer.json()["error"].startswith(name)
    assert add_child(model_id="unknown").json() == {"error": "model_id is invalid"}
    assert add_child(mac="x").status == 422
    sandbox.xyte.delete(device["id"])
    assert add_child().json() == {"error": "Not authorized"}


def test_each_child_is_answered_by_itself(sandbox, register, device, hub, add_child):
    child, busy = add_child().json()["id"], add_child().json()["id"]
    other = register(sn="2").json()
    stranger = add_child(parent=other["id"], key=other["access_key"]).json()["id"]
    sandbox.xyte.queue_command(busy, "reboot")
    sandbox.xyte.set_config(busy, {"volume": 1})
    online = {"status": "online"}
    hot = {"status": "online", "telemetries": {"speed": {}}}
    answer = hub("POST", "children/telemetries", {child: hot, busy: online, stranger: online, device["id"]: online})
    assert (answer.status, answer.json()) == (
        200,
        {
            child: {"error": "telemetries.speed must be string, number or boolean"},
            busy: {**TAKEN, "command": True, "config_version": 1},
            stranger: {"error": "Device not found"},
            device["id"]: {"error": "Device not found"},
        },
    )
    assert [row["id"] for row in sandbox.xyte.devices() if row["telemetry"]] == [busy]
    assert "status" in hub("POST", "children/telemetries", {child: 1}).json()[child]["error"]


def test_children_telemetries_refused_as_a_whole(hub):
    many = {str(number): {"status": "online"} for number in range(101)}
    answer = hub("POST", "children/telemetries", many)
    assert (answer.status, answer.json()) == (422, {"error": "at most 100 children at a time"})
    assert hub("POST", "children/telemetries", []).status == 400


SEMANTIC = ["1.0.0", "0.0.1", "10.20.30", "1.0.0-alpha.1", "1.0.0-x-y.7b", "1.0.0+build.05", "1.0.0-rc.1+exp-5"]

LOOSE = ["1", "1.0", "1.0.0.0", "v1.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0-a..b", "1.0.0+", "1.0.0 ", "1.0.0\n"]


@pytest.mark.parametrize("version", SEMANTIC + LOOSE)
def test_firmware_versions_are_semantic(sandbox, register, add_child, hub, version):
    """At registration of a device and of a child, and in an update."""
    answers = [
        register(sn="2", firmware_version=version),
        add_child(firmware_version=version),
        hub("PUT", "", {"firmware_version": version}),
    ]
    if version in SEMANTIC:
        assert [answer.status for answer in answers] == [201, 201, 200]
    else:
        assert [answer.status for answer in answers] == [422] * 3
        assert all(answer.json()["error"].startswith("firmware_version") for answer in answers)
        assert len(sandbox.xyte.devices()) == 1


def test_models_of_an_older_api_version_take_any_firmware_version(sandbox, register, add_child):
    old = sandbox.xyte.create_model("old", api_version="1.0.3")
    assert register(sn="2", hardware_key=old["hardware_key"], firmware_version="5b").status == 201
    assert add_child(model_id=old["id"], firmware_version="5b").status == 201
    assert add_child(firmware_version="5b").status == 422
    for version in ("1.0.8", "1.0", "2.0.0", "", "1.0.x"):
        with pytest.raises(SandboxError, match="api_version"):
            sandbox.xyte.create_model("wrong", api_version=version)


def test_a_state_folder_from_before_there_were_api_versions(tmp_path):
    with Sandbox(tmp_path) as sandbox:
        sandbox.xyte.create_model("old")
    with contextlib.closing(sqlite3.connect(tmp_path / "sandbox.sqlite3")) as database:
        database.execute("ALTER TABLE xyte_models DROP COLUMN api_version")
        database.commit()
    for _ in range(2):
        with Sandbox(tmp_path) as sandbox:
            assert sandbox.xyte.models()[0]["api_version"] == "1.0.3"


def test_update(sandbox, hub, register, device):
    parent = register(sn="2").json()["id"]
    changes = {
        "firmware_version": "1.1.0",
        "name": "Hall",
        "sub_model": "s",
        "details": {"a": 1},
        "space_version": "3",
        "config_version": "7",
        "parent_id": parent,
        "host_address": "10.0.0.2",
    }
    assert hub("PUT", "", changes).status == 200
    kept = sandbox.xyte.devices()[0]["registration"]
    assert kept == {**changes, "sn": "112", "mac": MAC}
    assert hub("GET", "config").json()["name"] == "Hall"
    assert hub("PUT", "", {"config_version": 8}).status == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"colour": "red"}, 400),
        ({"hardware_key": "x"}, 400),
        ([], 400),
        ({"name": 5}, 422),
        ({"details": "text"}, 422),
        ({"config_version": True}, 422),
        ({"parent_id": "unknown"}, 422),
    ],
)
def test_update_refused(sandbox, hub, changes, status):
    before = sandbox.xyte.devices()
    assert hub("PUT", "", changes).status == status
    assert sandbox.xyte.devices() == before


def test_update_of_a_device_by_itself(sandbox, hub, device):
    assert hub("PUT", "", {"parent_id": device["id"]}).status == 422
    assert hub("PUT", "", {}, key="wrong").status == 403
    assert hub("PUT", "", {}, id="unknown").status == 404
    sandbox.xyte.delete(device["id"])
    assert hub("PUT", "", {}).json() == {"error": "Not authorized"}


def test_models_of_an_older_api_version_ignore_unknown_fields(sandbox, send, register):
    old = sandbox.xyte.create_model("old", api_version="1.0.5")
    device = register(sn="2", hardware_key=old["hardware_key"]).json()
    url = f"{device['hub_url']}/v1/devices/{device['id']}"
    changes = {"colour": 1, "name": "Hall"}
    assert send("PUT", url, json=changes, headers={"Authorization": device["access_key"]}).status == 200
    kept = sandbox.xyte.devices()[0]["registration"]
    assert kept["name"] == "Hall" and "colour" not in kept


def test_updates_are_limited_to_ten_an_hour(sandbox, hub):
    sandbox.set_time("2026-01-01T00:00:00Z")
    assert [hub("PUT", "", {"name": f"n{number}"}).status for number in range(11)] == [200] * 10 + [429]
    assert sandbox.xyte.devices()[0]["registration"]["name"] == "n9"
    sandbox.set_time("2026-01-01T01:00:01Z")
    assert hub("PUT", "", {"name": "late"}).status == 200


def test_operations(sandbox, device, model):
    assert sandbox.xyte.models()[0]["hardware_key"] == "***"
    assert sandbox.xyte.models(reveal=True) == [model]
    assert sandbox.xyte.devices()[0]["access_key"] == "***"
    assert sandbox.xyte.devices(reveal=True)[0]["access_key"] == device["access_key"]
    with pytest.raises(SandboxError, match="already has a model"):
        sandbox.xyte.create_model("M2", hardware_key=model["hardware_key"])
    for call in (
        lambda: sandbox.xyte.delete("unknown"),
        lambda: sandbox.xyte.queue_command("unknown", "reboot"),
        lambda: sandbox.xyte.set_config("unknown", {}),
    ):
        with pytest.raises(SandboxError, match="no device 'unknown'"):
            call()
