"""Xyte: required fields, one registration, deletion."""

from __future__ import annotations

import pytest

MAC = "11:22:33:44:55:66"


def test_register(sandbox, register):
    answer = register()
    assert answer.status == 201
    base = f"http://127.0.0.1:{sandbox.ports['http']}/xyte"
    assert set(answer.json()) == {"id", "access_key", "hub_url", "hub_url_static_cert"}
    assert answer.json()["hub_url"] == base + "/hub"
    assert answer.json()["hub_url_static_cert"] == base + "/hub-static-cert"


def test_hub_over_tls(sandbox, send, trusted, model):
    body = {"hardware_key": model["hardware_key"], "sn": "1", "mac": MAC, "firmware_version": "1.0.0"}
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
