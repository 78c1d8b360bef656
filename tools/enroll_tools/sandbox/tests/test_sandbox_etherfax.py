"""etherFAX: the token of the day, one registration, one refusal for all reasons."""

from __future__ import annotations

import base64
import datetime
import hashlib
import re

import pytest
from enroll_tools.sandbox import Sandbox, SandboxError
from enroll_tools.sandbox.services.etherfax import registration_token
from hypothesis import given
from hypothesis import strategies as st

SERIAL = "MT873615726"
TOKEN = "414d6d04931da79f6d9925e0c30b85a3"


@pytest.fixture
def sandbox():
    with Sandbox(time="2017-02-02T12:00:00Z") as running:
        running.etherfax.create(SERIAL, enabled=True)
        yield running


def register(sandbox, send, serial=SERIAL, token=TOKEN, base=None):
    return send("GET", f"{base or sandbox.urls['etherfax'].http}/devices?a=register&id={serial}&token={token}")


def status(sandbox, send, credentials, scheme="Basic"):
    header = {"Authorization": f"{scheme} {base64.b64encode(credentials.encode()).decode()}"}
    return send("GET", sandbox.urls["etherfax"].http + "/accounts?a=status", headers=header).status


def test_vendors_example(sandbox, send):
    answer = register(sandbox, send)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json()) == ["DeviceToken"]
    assert re.fullmatch("[0-9a-f]{32}", answer.json()["DeviceToken"])
    assert sandbox.etherfax.devices(reveal=True)[0]["device_token"] == answer.json()["DeviceToken"]


def test_over_tls_and_the_other_version(sandbox, send, trusted):
    base = sandbox.urls["etherfax"].https.replace("/2.0/", "/3.0/")
    assert send("GET", f"{base}/devices?a=register&id={SERIAL}&token={TOKEN}", context=trusted).status == 200


def refusals(sandbox, send):
    """One refused registration for every reason."""
    sandbox.etherfax.create("disabled")
    sandbox.etherfax.create("taken", enabled=True)
    day = datetime.date(2017, 2, 2)
    assert register(sandbox, send, "taken", registration_token("taken", day)).status == 200
    for serial in ("unknown", "disabled", "taken"):
        yield register(sandbox, send, serial, registration_token(serial, day))
    for token in ("0" * 32, TOKEN.upper(), TOKEN + "0", hashlib.md5(SERIAL.encode()).hexdigest(), "%C3%A9"):
        yield register(sandbox, send, token=token)


def test_one_answer_for_all_reasons(sandbox, send):
    answers = list(refusals(sandbox, send))
    assert len(answers) == 8
    kept = [(answer.status, answer.body, sorted(set(answer.headers) - {"Date"})) for answer in answers]
    assert kept == [kept[0]] * 8
    assert kept[0][0] == 403
    assert len(kept[0][1]) < 40


@pytest.mark.parametrize(
    ("moment", "tolerance", "accepted"),
    [
        ("2017-02-02T00:00:00Z", 0, True),
        ("2017-02-02T23:59:59Z", 0, True),
        ("2017-02-03T00:00:00Z", 0, False),
        ("2017-02-01T23:59:50Z", 0, False),
        ("2017-02-03T23:00:00Z", 1, True),
        ("2017-02-01T01:00:00Z", 1, True),
        ("2017-02-04T00:00:00Z", 1, False),
        ("2017-01-31T12:00:00Z", 1, False),
        ("2018-02-02T12:00:00Z", 1, False),
    ],
)
def test_day(sandbox, send, moment, tolerance, accepted):
    sandbox.set("etherfax.day_tolerance", tolerance)
    sandbox.set_time(moment)
    assert register(sandbox, send).status == (200 if accepted else 403)


@pytest.mark.parametrize(
    ("day", "text"),
    [
        ((2024, 1, 1), "0124:00:{}.000"),
        ((2024, 12, 31), "0124:11:{}.365"),
        ((2023, 12, 31), "0123:11:{}.364"),
        ((2024, 2, 29), "0124:01:{}.059"),
    ],
)
def test_formula_at_the_edges_of_a_year(day, text):
    inner = hashlib.md5(b"MT1").hexdigest()
    assert registration_token("MT1", datetime.date(*day)) == hashlib.md5(text.format(inner).encode()).hexdigest()


@given(st.text("MT0123456789-/ ", max_size=20), st.dates(datetime.date(1900, 1, 1)))
def test_formula(serial, day):
    first = datetime.date(day.year, 1, 1)
    inner = hashlib.md5(serial.encode()).hexdigest()
    year, month = str(day.year - 1900).zfill(4), str(day.month - 1).zfill(2)
    text = f"{year}:{month}:{inner}.{str((day - first).days).zfill(3)}"
    assert registration_token(serial, day) == hashlib.md5(text.encode()).hexdigest()


def test_registered_once_until_reset(sandbox, send):
    first = register(sandbox, send).json()["DeviceToken"]
    assert register(sandbox, send).status == 403
    sandbox.etherfax.reset(SERIAL)
    assert status(sandbox, send, f"device/{SERIAL}:{first}") == 401
    second = register(sandbox, send).json()["DeviceToken"]
    assert first != second
    assert status(sandbox, send, f"device/{SERIAL}:{second}") == 200


def test_enable_disable_delete(sandbox, send):
    sandbox.etherfax.disable(SERIAL)
    assert register(sandbox, send).status == 403
    sandbox.etherfax.enable(SERIAL)
    token = register(sandbox, send).json()["DeviceToken"]
    sandbox.etherfax.disable(SERIAL)
    assert status(sandbox, send, f"device/{SERIAL}:{token}") == 401
    sandbox.etherfax.enable(SERIAL)
    assert status(sandbox, send, f"device/{SERIAL}:{token}") == 200
    sandbox.etherfax.delete(SERIAL)
    assert status(sandbox, send, f"device/{SERIAL}:{token}") == 401


def test_account_status(sandbox, send):
    url = sandbox.urls["etherfax"].http + "/accounts"
    answer = send("GET", url + "?a=status")
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert send("GET", url).status == 400
    for wrong in (f"device/{SERIAL}:", f"device/{SERIAL}:None", SERIAL, "device/:", ":", "device/unknown:x"):
        assert status(sandbox, send, wrong) == 401
    token = register(sandbox, send).json()["DeviceToken"]
    good = f"device/{SERIAL}:{token}"
    assert status(sandbox, send, good, "basic") == 200
    assert status(sandbox, send, good, "Bearer") == 401
    assert status(sandbox, send, f"{SERIAL}:{token}") == 401
    assert status(sandbox, send, good.upper()) == 401
    assert send("GET", url + "?a=status", headers={"Authorization": "Basic !"}).status == 401


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?a=",
        "?a=unregister&id=1&token=2",
        "?a=register",
        "?a=register&id=1",
        "?a=register&token=1",
        "?a=register&id=&token=1",
        "?a=register&id=1&token=",
        "?a=register&id=1&id=2&token=3",
    ],
)
def test_wrong_requests(sandbox, send, query):
    assert send("GET", sandbox.urls["etherfax"].http + "/devices" + query).status == 400


def test_id_is_percent_decoded(send):
    serial = "MT 1/ü&=+"
    with Sandbox(time="2017-02-02T12:00:00Z") as sandbox:
        sandbox.etherfax.create(serial, enabled=True)
        token = registration_token(serial, datetime.date(2017, 2, 2))
        assert register(sandbox, send, "MT%201%2F%C3%BC%26%3D%2B", token).status == 200


def test_operations_refuse(sandbox):
    for call in (sandbox.etherfax.enable, sandbox.etherfax.disable, sandbox.etherfax.reset, sandbox.etherfax.delete):
        with pytest.raises(SandboxError, match="no device 'unknown'"):
            call("unknown")
    with pytest.raises(SandboxError, match="already has"):
        sandbox.etherfax.create(SERIAL)
    with pytest.raises(SandboxError, match="must not be empty"):
        sandbox.etherfax.create("")


def test_lists_hide_the_token(sandbox, send):
    assert sandbox.etherfax.devices()[0]["device_token"] is None
    register(sandbox, send)
    device = sandbox.etherfax.devices()[0]
    assert device["device_token"] == "***"
    assert device["registered_at"] == pytest.approx(1486036800, abs=60)
