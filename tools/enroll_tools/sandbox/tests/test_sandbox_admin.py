"""The administrator's API over HTTP, and its protection."""

from __future__ import annotations

import base64
import json
import re
import ssl
import threading

import pytest
from devices import ROOT
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.operations import operations
from enroll_tools.sandbox.tests.console_browser import Browser


def test_operations_of_a_service(sandbox, admin):
    assert admin("etherfax/create", serial="MT1", enabled=True) == (200, {"result": {"serial": "MT1", "enabled": True}})
    assert sandbox.etherfax.devices()[0]["enabled"] is True
    assert admin("etherfax/disable", serial="MT1") == (200, {"result": None})
    assert admin("etherfax/devices")[1]["result"] == sandbox.etherfax.devices()
    assert admin("etherfax/create", serial="MT1") == (422, {"error": "etherfax already has a device 'MT1'"})


def test_every_operation_has_an_address(sandbox, admin):
    assert admin("ickstream/create-user", name="ann")[0] == 200
    assert len(admin("ickstream/create-token", user="ann", lifetime=5)[1]["result"]) == 32
    assert set(admin("centagate/create-session", username="boss")[1]["result"]) == {
        "username",
        "auth_token",
        "secret_code",
    }
    assert admin("centagate/fail", code=10003)[0] == 200
    model = admin("xyte/create-model", name="M1")[1]["result"]
    assert sandbox.xyte.models(reveal=True) == [model]


@pytest.mark.parametrize(
    ("path", "arguments", "words"),
    [
        ("etherfax/create", {}, "missing argument 'serial'"),
        ("etherfax/create", {"serial": 7}, "serial must be text"),
        ("etherfax/create", {"serial": "x", "enabled": "yes"}, "enabled must be true or false"),
        ("etherfax/create", {"serial": "x", "colour": 1}, "unknown argument 'colour'"),
        ("fault", {"service": "xyte", "times": True}, "times must be a whole number from 1 to 1000000"),
        ("fault", {"service": "xyte", "drop": "sometimes"}, "drop must be"),
        ("fault", {"service": "xyte", "status": 500, "body_base64": "!"}, "not base64"),
        ("fault", {"service": "xyte", "status": 500, "body": "x", "body_base64": "eA=="}, "not both"),
        ("xyte/set-config", {"device_id": "x", "config": []}, "config must be an object"),
        ("fault", {"service": "xyte", "body": "x" * 65537}, "body must be text of at most 65536 characters"),
        ("time", {"set": "yesterday"}, "not an ISO 8601 time"),
        ("time", {"set": 1e18}, "set must be text or a number from 0 to 253370764800"),
        ("ntp", {"fault": "polite"}, "fault must be one of kiss-of-death"),
    ],
)
def test_refused(admin, path, arguments, words):
    status, answer = admin(path, **arguments)
    assert status in (400, 422)
    assert words in answer["error"]


def test_a_status_for_a_wrong_call_and_one_for_a_refusal(admin):
    assert admin("etherfax/enable", serial=1)[0] == 400
    assert admin("etherfax/enable", serial="nobody")[0] == 422
    assert admin("azure/create-in-group", device_id="x", group_key="ä")[0] == 422
    assert admin("azure/create", device_id="x", device_key="ä") == (
        422,
        {"error": "device_key is not Base64: copy it as the portal shows it"},
    )


def test_no_body_is_no_arguments(sandbox, send, key):
    assert send("POST", sandbox.admin_url + "/info", headers=key).status == 200
    assert send("POST", sandbox.admin_url + "/info", headers=key, data=b"x" * 20_000_000).status == 415


def test_a_body_that_is_too_long(sandbox, send, key):
    headers = {"Content-Type": "application/json", **key}
    answer = send("POST", sandbox.admin_url + "/info", headers=headers, data=b" " * (16 * 1024 * 1024 + 1))
    assert (answer.status, answer.json()) == (413, {"error": "the body is longer than 16777216 bytes"})


def test_whole_numbers_are_those_of_json(sandbox, send, key):
    headers = {"Content-Type": "application/json", **key}
    body = b'{"service": "xyte", "times": 2.0, "status": 5.03e2}'
    assert send("POST", sandbox.admin_url + "/fault", headers=headers, data=body).status == 200
    assert (sandbox.faults()[0].times, sandbox.faults()[0].status) == (2, 503)


def test_unknown(sandbox, admin, send, key):
    for path in ("nonsense", "etherfax/nonsense", "nonsense/create", "etherfax/settings", "etherfax/create/x", ""):
        assert admin(path)[0] == 404
    assert (
        send("POST", f"http://127.0.0.1:{sandbox.ports['admin']}/etherfax/devices", json={}, headers=key).status == 404
    )


@pytest.mark.parametrize("data", [b"[]", b"{", b'"x"', b"\xff"])
def test_wrong_body(sandbox, send, data, key):
    header = {"Content-Type": "application/json", **key}
    assert send("POST", sandbox.admin_url + "/info", data=data, headers=header).status == 400


def test_fault(sandbox, admin, send):
    body = base64.b64encode(b"\xff").decode()
    assert admin("fault", service="xyte", status=503, headers={"Retry-After": 7}, body_base64=body)[0] == 200
    [row] = admin("faults")[1]["result"]
    assert row["body"] == "1 bytes" and type(row["expires"]) is int and 0 < row["expires"] <= 600
    answer = send("GET", sandbox.urls["xyte"].http)
    assert (answer.status, answer.headers["Retry-After"], answer.body) == (503, "7", b"\xff")
    admin("fault", service="xyte", drop="before")
    admin("clear-faults")
    assert admin("faults")[1]["result"] == []


def test_time(sandbox, admin):
    assert admin("time", set="2017-02-02T12:00:00+01:00")[1]["result"].startswith("2017-02-02T11:00:0")
    assert sandbox.clock.today().isoformat() == "2017-02-02"
    assert admin("time", set=0)[1]["result"].startswith("1970-01-01T00:00:00")
    assert admin("time", set=4102444800.5)[1]["result"].startswith("2100-01-01T00:00:00")
    assert admin("time", set=0, system=True) == (422, {"error": "give set or system, not both"})
    assert int(admin("time", system=True)[1]["result"][:4]) >= 2025
    assert admin("time")[1]["result"][:4] == admin("info")[1]["result"]["time"][:4]


def test_ntp(sandbox, admin):
    assert admin("ntp", fault="short", times=2, offset=1.5)[1]["result"] == {
        "fault": "short",
        "offset": 1.5,
        "queries": 0,
    }
    assert admin("ntp", fault="none")[1]["result"]["fault"] is None


def test_settings(sandbox, admin):
    assert admin("etherfax/set", name="day_tolerance", value="1")[1]["result"] == {"day_tolerance": 1}
    assert admin("xyte/set", name="mqtt", value=True)[1]["result"] == {"mqtt": True}
    assert admin("ickstream/set", name="token_lifetime", value=5)[1]["result"]["token_lifetime"] == 5.0
    assert admin("etherfax/set", name="day_tolerance", value="many")[0] == 422
    assert admin("etherfax/show-settings")[1]["result"] == {"day_tolerance": 1}


def test_log_and_counts(sandbox, admin, send):
    send("GET", sandbox.urls["xyte"].http)
    (entry,) = admin("log", service="xyte")[1]["result"]
    assert entry == sandbox.log()[0].as_dict()
    assert admin("counts")[1]["result"]["http"] == {"connections": 1, "requests": 1}
    assert admin("clear-log") == (200, {"result": None})
    assert admin("log")[1]["result"] == []


def test_a_form_of_a_web_page_cannot_reach_it(sandbox, send, key):
    url = sandbox.admin_url + "/info"
    assert send("GET", url, headers=key).status == 405
    assert send("POST", url, data=b"{}", headers={"Content-Type": "text/plain", **key}).status == 415


def test_services_have_no_admin_api(sandbox, send, key):
    insecure = ssl._create_unverified_context()
    assert send("POST", f"http://127.0.0.1:{sandbox.ports['http']}/admin/info", json={}, headers=key).status == 404
    for listener in ("https", "https-expired"):
        url = f"https://127.0.0.1:{sandbox.ports[listener]}/admin/info"
        assert send("POST", url, json={}, context=insecure, headers=key).status == 404


def test_state_tells_where_the_api_is(tmp_path):
    with Sandbox(tmp_path) as sandbox:
        assert json.loads((tmp_path / "running.json").read_text()) == {"admin": sandbox.admin_url}
    assert not (tmp_path / "running.json").exists()


def test_the_page_names_every_operation(sandbox):
    """In a row for each service."""
    page = (ROOT / "docs" / "sandbox.md").read_text()
    rows = dict(re.findall(r"^\| ([a-z]+) \| ([a-z_, ]+) \|$", page, re.MULTILINE))
    for name, service in sandbox.services.items():
        known = {it.replace("-", "_") for it in operations(service)} - {"set", "show_settings"}
        assert set(rows[name].split(", ")) == known, name


@pytest.mark.parametrize("way", ["admin", "console", "connect"])
def test_boards_do_not_wait_for_an_operation(sandbox, send, admin, monkeypatch, way):
    """A list of 100 000 devices took half a second, in which no board and no NTP client had an answer."""
    begun, served = threading.Event(), threading.Event()
    first = []  # whether the board was served before the operation ended

    def slowed(name, statement):
        """Let a method of the state wait for the board before it reads this."""
        read = getattr(sandbox.rest.state, name)

        def slow(given, *values):
            if given.startswith(statement) and not first:
                begun.set()
                first.append(served.wait(20))
            return read(given, *values)

        monkeypatch.setattr(sandbox.rest.state, name, slow)

    slowed("all", "SELECT * FROM rest_devices ORDER BY")
    slowed("run", "CREATE TABLE IF NOT EXISTS examples")
    browser = Browser(sandbox)
    token = browser.get("/clock").all("input", name="csrf")[0].attributes["value"]
    form = {"Content-Type": "application/x-www-form-urlencoded", **browser.headers}

    def click(path):
        return send("POST", sandbox.console_url + path, data=f"csrf={token}".encode(), headers=form)

    calls = {
        "admin": lambda: admin("rest/devices"),
        "console": lambda: click("do/rest/devices"),
        "connect": lambda: click("connect/rest"),
    }
    call = threading.Thread(target=calls[way])
    call.start()
    assert begun.wait(10)
    assert send("GET", sandbox.urls["rest"].http + "/me").status == 401
    served.set()
    call.join()
    assert first == [True]
