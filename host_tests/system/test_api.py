"""What an application calls, on MicroPython: run, arun, step, stored, forget, Session, and another HTTP client."""

import hashlib
import json

import pytest
from program import registered, run


def test_every_provider_registers_over_stock_requests(sandbox, make, service, runtime):
    """Over plain HTTP: that client verifies no certificate."""
    device = make(service, runtime, "http")
    program = """
import requests
action = enroll.Enroller(config, port, request=requests.request, log=log).step(0)
print(action.name, action.credential.device_id)
"""
    assert run(device, program)[0] == "registered"
    assert run(device, "print('stored', enroll.stored(config, port).provider)") == ["stored", service]


@pytest.mark.parametrize("status", [403, 503, 200])
def test_a_failure_over_stock_requests_has_the_same_kind(sandbox, make, runtime, status):
    device = make("etherfax", runtime, "http")
    sandbox.fault("etherfax", status=status, body="no", headers={"Retry-After": "7"})
    program = """
import requests
action = enroll.Enroller(config, port, request=requests.request, log=log).step(0)
print(action.name, action.error.kind, action.error.retry_after)
"""
    kind = {403: "refused", 503: "server", 200: "answer"}[status]
    assert run(device, program) == ["wait", kind, "7"]


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_not_followed_over_the_own_client_and_fails_clearly_over_stock_requests(
    sandbox, make, runtime, status
):
    """Stock requests follows some of them; what it then raises, RuntimeError too, must not end the boot."""
    for more in ("", "request=requests.request, "):
        device = make("etherfax", runtime, "http")
        sandbox.fault("etherfax", status=status, body="", headers={"Location": "ftp://127.0.0.1/elsewhere"})
        program = f"""
import requests
action = enroll.Enroller(config, port, {more}log=log).step(0)
print(action.name, action.error.kind)
"""
        assert run(device, program) in (["wait", "answer"], ["wait", "network"])


def test_run_goes_on_until_the_service_registers_the_device(sandbox, make, runtime):
    device = make("etherfax", runtime, retry={"first": 1, "cap": 1})
    sandbox.fault("etherfax", status=503)
    sandbox.fault("etherfax", status=403)
    sandbox.fault("etherfax", drop="before")
    assert run(device, "print(enroll.run(config, port, log=log).device_id)")[0].startswith("MT")
    assert len(sandbox.log("etherfax")) == 4


def test_arun_registers_while_another_task_ticks(sandbox, make, service, runtime):
    device = make(service, runtime)
    sandbox.fault(service, delay=0.4)
    program = """
import asyncio
ticks = 0
async def tick():
    global ticks
    while True:
        await asyncio.sleep_ms(10)
        ticks += 1
async def main():
    ticker = asyncio.create_task(tick())
    credential = await enroll.arun(config, port, log=log)
    ticker.cancel()
    return credential
print(asyncio.run(main()).provider, ticks)
"""
    provider, ticks = run(device, program)
    assert provider == service and int(ticks) > 5


def test_a_cancelled_arun_closes_its_socket_and_a_later_one_registers(sandbox, make, runtime):
    device = make("centagate", runtime)
    sandbox.fault("centagate", delay=2)
    program = """
import asyncio
import os
def sockets():
    return len([1 for name in os.listdir("/dev/fd")])
async def main():
    before = sockets()
    try:
        await asyncio.wait_for(enroll.arun(config, port, log=log), 0.5)
    except asyncio.TimeoutError:
        pass
    assert sockets() == before, (before, sockets())
    return await enroll.arun(config, port, log=log)
print(asyncio.run(main()).device_id)
"""
    assert run(device, program)[0].startswith("OTP")


def test_stored_needs_no_network_and_forget_takes_everything(sandbox, make, runtime):
    device = registered(make, "xyte", runtime)
    key = json.loads(sandbox.log("xyte")[0].answer)["access_key"]
    sandbox.clear_log()
    program = """
credential = enroll.stored(config, port)
assert credential.headers(0) == {"Authorization": credential.secret.reveal()}
assert str(credential.secret) == repr(credential.secret) == "***"
enroll.forget(config, port)
import hashlib
from binascii import hexlify
print(hexlify(hashlib.sha256(credential.secret.reveal()).digest()).decode(), enroll.stored(config, port))
"""
    assert run(device, program) == [hashlib.sha256(key.encode()).hexdigest(), "None"]
    assert not sandbox.log()
    assert not [slot for slot in device.folder.glob("state/*/*") if any(slot.read_bytes())]


def test_a_session_speaks_for_the_device(sandbox, make, runtime):
    device = registered(make, "xyte", runtime)
    program = """
session = enroll.Session(config, port)
path = "/v1/devices/%s/telemetry" % session.credential.device_id
print(session.request("POST", path, json={"status": "online"}).status_code)
"""
    assert run(device, program) == ["200"]


@pytest.mark.parametrize("service", ["etherfax", "ickstream", "xyte"])
def test_the_example_application_makes_an_authorised_call(sandbox, make, service, runtime):
    device = make(service, runtime)
    boot = device.boot("--once", "--app")
    assert boot.returncode == 0, boot
    assert [entry.status for entry in sandbox.log(service)] in ([200, 200], [201, 200])


def test_the_example_application_says_what_failed_and_the_boot_is_still_registered(sandbox, make, runtime):
    device = registered(make, "etherfax", runtime)
    sandbox.fault("etherfax", drop="before")
    boot = device.boot("--once", "--app")
    assert boot.returncode == 0 and boot.stdout.splitlines()[-1].startswith("app: GET /accounts failed: "), boot
    assert "Traceback" not in boot.stderr


def test_the_example_application_of_centagate_has_no_call_to_make(sandbox, make, runtime):
    boot = make("centagate", runtime).boot("--once", "--app")
    assert boot.returncode == 0 and boot.stdout.splitlines()[-1].startswith("app: centagate gives no credential")


def test_the_watchdog_is_fed_while_a_server_is_silent_and_the_deadline_holds(sandbox, make, runtime):
    """Fed at least once a second during the whole request, which ends within a second of its time."""
    device = make("etherfax", runtime, timeout=2)
    sandbox.fault("etherfax", delay=20)
    program = """
import time
class Port:
    connect, set_clock, identity, sleep = port.connect, port.set_clock, port.identity, port.sleep
    last = start = time.ticks_ms()
    longest = 0
    @classmethod
    def feed(cls):
        now = time.ticks_ms()
        cls.longest = max(cls.longest, time.ticks_diff(now, cls.last))
        cls.last = now
action = enroll.Enroller(config, Port, log=log).step(0)
print(action.error.kind, Port.longest < 1000, time.ticks_diff(time.ticks_ms(), Port.start) < 3000)
"""
    assert run(device, program) == ["network", "True", "True"]
