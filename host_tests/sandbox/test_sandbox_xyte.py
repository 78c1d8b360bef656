"""Xyte: required fields, one registration, hub, children, deletion."""

from __future__ import annotations

import pytest
from sandbox import SandboxError

MAC = "11:22:33:44:55:66"


@pytest.fixture
def model(sandbox):
    return sandbox.xyte.create_model("M1", short_code="ACME")


@pytest.fixture
def register(sandbox, send, model):
    """Register with the fields of MAC & SN, changed; None leaves one out."""

    def call(**changes):
        body = {"hardware_key": model["hardware_key"], "sn": "112", "mac": MAC, "firmware_version": "1.0", **changes}
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
        return send(method, f"{device[base]}/v1/devices/{id or device['id']}/{path}", json=json, headers=header)

    return call


def test_register(sandbox, register):
    answer = register()
    assert answer.status == 201
    base = f"http://127.0.0.1:{sandbox.ports['http']}/xyte"
    assert set(answer.json()) == {"id", "access_key", "hub_url", "hub_url_static_cert"}
    assert answer.json()["hub_url"] == base + "/hub"
    assert answer.json()["hub_url_static_cert"] == base + "/hub-static-cert"


def test_hub_over_tls(sandbox, send, trusted, model):
    body = {"hardware_key": model["hardware_key"], "sn": "1", "mac": MAC, "firmware_version": "1"}
    url = sandbox.url("xyte", host="localhost") + "/v1/devices"
    answer = send("POST", url, json=body, context=trusted).json()
    assert answer["hub_url"] == f"https://localhost:{sandbox.ports['https']}/xyte/hub"
    where = f"{answer['hub_url']}/v1/devices/{answer['id']}/command"
    assert send("GET", where, headers={"Authorization": answer["access_key"]}, context=trusted).status == 204


def test_mqtt(sandbox, register):
    sandbox.set("xyte.mqtt", True)
    assert register().json()["mqtt_hub_url"].startswith("mqtts://")


@pytest.mark.parametrize("name", ["hardware_key", "sn", "mac", "firmware_version"])
@pytest.mark.parametrize("value", [None, "", 7])
def test_required(sandbox, register, name, value):
    answer = register(**{name: value})
    assert answer.status == 422
    assert answer.json()["error"].startswith(name)
    assert sandbox.xyte.devices() == []


@pytest.mark.parametrize("cloud_id", ["ACME" + "a" * 16, "ACME" + "Z9" * 18])
def test_cloud_id(register, cloud_id):
    assert register(cloud_id=cloud_id, mac=None).status == 201
    again = register(cloud_id=cloud_id, mac=None, sn="other")
    assert (again.status, again.json()) == (422, {"error": "Cloud ID has already been taken"})


@pytest.mark.parametrize(
    "cloud_id",
    [
        "ACME" + "a" * 15,
        "ACME" + "a" * 37,
        "a" * 20,
        "acme" + "a" * 16,
        "ACME" + "a" * 15 + "-",
        "ACME" + "ä" * 16,
        "ACME" + "a" * 16 + "\n",
    ],
)
def test_wrong_cloud_id(register, cloud_id):
    answer = register(cloud_id=cloud_id, mac=None)
    assert (answer.status, answer.json()) == (422, {"error": "cloud_id is invalid"})


@pytest.mark.parametrize(("name", "value"), [("mac", ""), ("sn", None), ("firmware_version", None)])
def test_cloud_id_needs_the_rest_too(register, name, value):
    answer = register(**{"cloud_id": "ACME" + "a" * 16, name: value})
    assert answer.status == 422
    assert answer.json()["error"].startswith(name)


def test_unknown_hardware_key(register):
    answer = register(hardware_key="unknown")
    assert (answer.status, answer.json()) == (422, {"error": "hardware_key is invalid"})


@pytest.mark.parametrize("mac", ["11:22:33:44:55", "11:22:33:44:55:gg", "11:22-33:44:55:66", "1122334455667", "x"])
def test_wrong_mac(register, mac):
    assert register(mac=mac).json() == {"error": "mac is invalid"}


@pytest.mark.parametrize("mac", [MAC, "11-22-33-44-55-66", "112233445566"])
def test_claimed_once(register, device, mac):
    again = register(mac=mac)
    assert (again.status, again.json()) == (422, {"error": "MAC/SN has already been taken"})
    assert register(sn="113").status == 201
    assert register(mac="11:22:33:44:55:67").status == 201


def test_extra_fields(sandbox, register):
    assert register(name="n", sub_model="s", details={"a": 1}, whatever=[1]).status == 201
    assert sandbox.xyte.devices()[0]["registration"]["details"] == {"a": 1}
    assert register(sn="2", details="text").status == 422


def test_a_child_that_speaks_for_itself(register, device):
    assert register(sn="2", parent_id="unknown").json() == {"error": "parent_id is invalid"}
    assert register(sn="2", parent_id=device["id"]).status == 201
    assert register(sn="2", parent_id=device["id"]).json() == {"error": "MAC/SN has already been taken"}


@pytest.mark.parametrize(("data", "status"), [(b"{", 400), (b"[]", 400), (b"", 400)])
def test_wrong_bodies(sandbox, send, data, status):
    url = sandbox.urls["xyte"].http + "/v1/devices"
    assert send("POST", url, data=data, headers={"Content-Type": "application/json"}).status == status
    assert send("POST", url, data=b"{}", headers={"Content-Type": "text/plain"}).status == 415


def test_deleted_device_gets_401_and_may_register_again(sandbox, register, device, hub):
    sandbox.xyte.delete(device["id"])
    for method, path in (("POST", "telemetry"), ("GET", "command"), ("GET", "config"), ("POST", "config")):
        answer = hub(method, path, json={} if method == "POST" else None)
        assert (answer.status, answer.json()) == (401, {"error": "Not authorized"})
    fresh = register()
    assert fresh.status == 201
    assert fresh.json()["id"] != device["id"]
    assert fresh.json()["access_key"] != device["access_key"]


def test_wrong_key_and_unknown_device(hub, device):
    for key in ("", "wrong", "Bearer " + device["access_key"], device["access_key"].upper()):
        assert hub("GET", "command", key=key).status == 403
    assert hub("GET", "command", id="unknown").status == 404
    assert hub("GET", "nothing").status == 404


@pytest.mark.parametrize("base", ["hub_url", "hub_url_static_cert"])
def test_telemetry(sandbox, hub, base):
    answer = hub("POST", "telemetry", {"status": "online", "telemetries": {"t": 1}}, base=base)
    assert answer.json() == {"config_version": 0, "command": False, "new_licenses": False}
    assert sandbox.xyte.devices()[0]["telemetry"]["telemetries"] == {"t": 1}
    assert hub("POST", "telemetry", {}).status == 422
    assert hub("POST", "telemetry", {"status": "asleep"}).status == 422
    assert hub("POST", "telemetry", {"status": "online", "telemetries": []}).status == 422


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
    assert hub("GET", "config").json() == {"version": 0, "last_updated": None, "config": {}}
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
        body = {"sn": "c1", "model_id": model["id"], "firmware_version": "1", **changes}
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
    assert hub("POST", "children/telemetries", report).status == 200
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


def test_children_telemetries_refused(sandbox, register, hub, add_child):
    child = add_child().json()["id"]
    mixed = {child: {"status": "online"}, "unknown": {"status": "online"}}
    assert hub("POST", "children/telemetries", mixed).status == 422
    # All or nothing.
    assert [row["telemetry"] for row in sandbox.xyte.devices()] == [None, None]
    assert hub("POST", "children/telemetries", {child: 1}).status == 422
    # Another parent's child, and the parent itself.
    other = register(sn="2").json()
    stranger = add_child(parent=other["id"], key=other["access_key"]).json()["id"]
    for wrong in (stranger, other["id"]):
        assert hub("POST", "children/telemetries", {wrong: {"status": "online"}}).status == 422
    many = {str(number): {"status": "online"} for number in range(101)}
    assert hub("POST", "children/telemetries", many).json() == {"error": "at most 100 children at a time"}


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
