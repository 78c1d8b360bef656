"""No value, however odd, breaks an operation: it is refused in a sentence, or it is taken and can be read back."""

from __future__ import annotations

import contextlib
import http.client
import json
import math

import pytest
from enroll_tools.sandbox import Sandbox, SandboxError
from enroll_tools.sandbox.control import Control
from enroll_tools.sandbox.operations import arguments, operations
from enroll_tools.sandbox.services import ALL
from enroll_tools.sandbox.services.base import decode_json
from enroll_tools.sandbox.tests.console_browser import Browser
from enroll_tools.sandbox.tests.cpython_device import Firmware
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

OPERATIONS = {name: function for name, function in operations(Control).items() if name != "log"}
OPERATIONS |= {f"{service.name}/{name}": function for service in ALL for name, function in operations(service).items()}

ODD_NUMBERS = [-1, 0, 1, 2**31, 2**53, 2**63, 10**30, -(10**30), 0.5, 1e308, -1e308, 5e-324, math.nan, math.inf]
ODD_TEXTS = ["", "a", "0", "nan", "inf", "1e308", "-1", "9998-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "0001-01-01"]
ODD_TEXTS += ["9999-12-31T23:59:59-14:00", "\ud800", "\0", "\r\n", "x" * 201, "=", "*", "1.0.99999999999999999999"]
VALUES = {
    int: st.one_of(st.sampled_from(ODD_NUMBERS), st.integers()),
    float: st.one_of(st.sampled_from(ODD_NUMBERS), st.floats()),
    str: st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=8)),
    bool: st.booleans(),
    dict: st.dictionaries(st.text(max_size=4), st.recursive(st.none() | st.floats(), st.lists), max_size=3),
}


def values(argument):
    """Mostly of the right type, so that they come as far as they can."""
    about = argument.about
    right = [VALUES[kind] for kind in argument.kinds]
    if about.choices:
        right.append(st.sampled_from(about.choices))
    if argument.name == "name" and len(argument.kinds) == 1:
        right.append(st.sampled_from(["token_lifetime", "polls", "life", "tolerance", "timestamp_tolerance"]))
    return st.one_of(*right, *right, st.none(), st.sampled_from([[], 1, "1"]))


@st.composite
def calls(draw):
    name = draw(st.sampled_from(sorted(OPERATIONS)))
    wanted = arguments(OPERATIONS[name])
    return name, {it.name: draw(values(it)) for it in wanted if it.required or draw(st.booleans())}


@pytest.fixture(scope="module")
def kept():
    with Sandbox() as sandbox:
        yield sandbox


@settings(suppress_health_check=list(HealthCheck))
@given(st.lists(calls(), min_size=2, max_size=6))
def test_an_operation_never_fails_for_a_reason_of_its_own(kept, sequence):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", kept.ports["admin"])) as client:
        headers = {"Authorization": f"Bearer {kept.admin_key}", "Content-Type": "application/json"}
        for name, values_ in [*sequence, ("info", {}), ("time", {"system": True})]:
            client.request("POST", f"/admin/{name}", json.dumps(values_), headers)
            answer = client.getresponse()
            body = answer.read()
            assert answer.status in (200, 400, 422), (name, values_, body)
            decode_json(body)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity", "1" + "0" * 5000])
@pytest.mark.parametrize("path", ["thingsboard/set-shared", "ntp"])
def test_a_number_beyond_what_a_float_holds(sandbox, send, key, path, number):
    sandbox.thingsboard.create("d")
    body = {"ntp": '{"offset": %s}', "thingsboard/set-shared": '{"name": "d", "attributes": {"a": %s}}'}[path] % number
    headers = {"Content-Type": "application/json", **key}
    assert send("POST", f"{sandbox.admin_url}/{path}", data=body.encode(), headers=headers).status == 400


@pytest.mark.parametrize("moment", [math.nan, math.inf, -1.0, 1e12, "9999-01-01", "1969-12-31", 10**400])
def test_a_time_that_no_clock_should_show(sandbox, moment):
    with pytest.raises(SandboxError):
        sandbox.set_time(moment)


@pytest.mark.parametrize("value", ["nan", "inf", "1e308", "-1", "3.5e8", math.nan, 10**400])
@pytest.mark.parametrize("name", ["ickstream.token_lifetime", "oauth.life", "centagate.timestamp_tolerance"])
def test_a_setting_that_is_no_span_of_time(sandbox, name, value):
    with pytest.raises(SandboxError, match="from 0 to"):
        sandbox.set(name, value)


@pytest.mark.parametrize("options", [{"stratum": 10**30}, {"ports": {"http": -1}}, {"ports": {"http": 10**30}}])
@pytest.mark.parametrize("more", [{}, {"time": "9999-12-31"}])
def test_options_out_of_bounds(options, more):
    with pytest.raises(SandboxError):
        Sandbox(**options, **more).start()


@pytest.mark.parametrize(
    "change",
    [{"times": 0}, {"times": 10**7}, {"delay": math.nan}, {"delay": math.inf}, {"delay": 1e9}, {"truncate": -1}],
)
def test_a_fault_in_python_has_the_same_bounds(sandbox, change):
    with pytest.raises(SandboxError):
        sandbox.fault("xyte", **change)


# What a registered device calls with JSON, by service.
CALLS = {
    "xyte": [("POST", "/v1/devices/{id}/telemetry"), ("POST", "/v1/devices/{id}/config"), ("PUT", "/v1/devices/{id}")],
    "thingsboard": [("POST", "/telemetry"), ("POST", "/attributes"), ("POST", "/rpc/1")],
    "cumulocity": [("POST", "/inventory/managedObjects"), ("PUT", "/devicecontrol/operations/1")],
    "rest": [("POST", "/devices/claim")],
    "ickstream": [("POST", "")],
    "oauth": [("POST", "/register")],
}


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_no_service_keeps_or_answers_a_number_that_is_none(kept, send, number):
    body = ('{"status": "online", "telemetries": {"t": %s}, "config": {"t": %s}, "a": %s}' % ((number,) * 3)).encode()
    headers = {"Content-Type": "application/json"}
    for service, calls_ in CALLS.items():
        device = Firmware(kept, service, kept.services[service].sample(str(len(kept.log()))))
        device.register()
        assert device.credential, service
        for method, path in calls_:
            answer = device.call(method, path, body, headers)
            assert 200 <= answer.status < 500, (service, path)
            decode_json(answer.body or b"null")
    answer = send("PUT", kept.urls["centagate"].http + "/token/registerActiveToken/boss", data=body, headers=headers)
    assert 200 <= answer.status < 500 and decode_json(answer.body)
    decode_json(json.dumps(kept.export_state()).encode())
    for row in (*kept.xyte.devices(), *kept.thingsboard.devices()):
        decode_json(json.dumps(row).encode())


def test_the_console_takes_no_such_number(kept):
    kept.thingsboard.create("console")
    browser = Browser(kept)
    page = browser.get("/services/thingsboard")
    page = browser.send(page, "Set shared attributes", name="console", attributes='{"a": NaN}')
    assert page.message.startswith("Attributes is not JSON")
    assert kept.thingsboard.device_view("console").details == {}


def test_a_state_with_such_a_number_in_a_text(sandbox):
    sandbox.thingsboard.create("d")
    state = sandbox.export_state()
    state["services"]["thingsboard"]["thingsboard_devices"][0]["telemetry"] = '{"a": NaN}'
    with pytest.raises(SandboxError, match="cannot read its devices back"):
        sandbox.import_state(state, replace=True)
