"""Services and registration under asyncio, and the watchdog: no long waits, nothing left behind after cancelling."""

import json

from program import BESIDE, XYTE, born, children, registered, run

DOG = """
import time
class Dog(Port):
    last = time.ticks_ms()
    longest = count = 0
    @classmethod
    def feed(cls):
        now = time.ticks_ms()
        cls.longest = max(cls.longest, time.ticks_diff(now, cls.last))
        cls.last = now
        cls.count += 1
    @classmethod
    def sleep(cls, seconds):
        assert seconds <= 1, seconds
session = enroll.Session(config, Dog, log=log)
"""


def test_a_task_that_is_awaited_without_a_driver_says_so(sandbox, make, runtime):
    """asyncio would leave it where it is, forever."""
    device = registered(make, "xyte", runtime)
    program = """
import asyncio
async def wrong():
    said = ""
    try:
        await xyte.telemetry(session)
    except TypeError as error:
        said = str(error)
    handlers = {"blink": lambda given: wrong(), "beep": lambda given: None}
    print("session.arun(task)" in said, await session.arun(xyte.obey(session, handlers)))
asyncio.run(asyncio.wait_for(wrong(), 20))
"""
    name = json.loads(sandbox.log("xyte")[0].answer)["id"]
    for command in ("blink", "beep"):
        sandbox.xyte.queue_command(name, command)
    assert run(device, XYTE + program) == ["True", "2"]
    results = [(one["status"], one["message"]) for one in sandbox.xyte.commands(name)]
    assert [it[0] for it in results] == ["failed", "done"] and "asynchronous" in results[0][1]


def test_a_ticker_is_not_late_while_services_wait_for_a_slow_server(sandbox, make, runtime):
    """At most 100 ms, over TLS, with new connections and with kept ones."""
    device = registered(make, "xyte", runtime)
    name = json.loads(sandbox.log("xyte")[0].answer)["id"]
    for _ in range(3):
        sandbox.xyte.queue_command(name, "blink")
    sandbox.fault("xyte", times=12, delay=0.15)
    program = """
counts = []
async def work():
    session.close()
    await session.arun(xyte.telemetry(session))
    counts.append(await session.arun(xyte.obey(session, {"blink": lambda parameters: None})))
    return await session.arun(xyte.get_config(session))
result, late = asyncio.run(beside(work))
print(counts[0], sum(counts), result["version"], late <= 100 or late)
"""
    assert run(device, XYTE + BESIDE + program) == ["3", "3", "0", "True"]


def test_a_ticker_is_not_late_while_children_are_registered(sandbox, make, runtime):
    device = registered(make, "xyte", runtime)
    model = sandbox.xyte.create_model(f"ticking-{len(sandbox.xyte.models())}")["id"]
    program = f"""
given = {children(30, model)!r}
async def work():
    config.section["children"] = given[: len(config.section["children"] or ()) + 10]
    session.close()
    await session.arun(calls.settle(session))
    return len([1 for _, it in xyte.children(session) if it])
print(*asyncio.run(beside(work)))
"""
    count, late = run(device, XYTE + BESIDE + program)
    assert count == "30" and int(late) <= 100 and len(born(sandbox)) == 30


def test_a_ticker_is_not_late_while_a_device_registers_at_a_slow_server(sandbox, make, runtime):
    device = make("etherfax", runtime)
    sandbox.fault("etherfax", times=3, delay=0.3, status=403)
    program = """
from enroll import tasks
enroller = enroll.Enroller(config, port, log=log)
async def work():
    return (await tasks.arun(enroller.attempt(), port.feed)).error.kind
async def main():
    found = await beside(work)
    enroller.close()
    return found + (await enroll.arun(config, port, log=log),)
kind, late, credential = asyncio.run(main())
print(kind, late <= 100 or late, credential.provider)
"""
    assert run(device, BESIDE + program) == ["refused", "True", "etherfax"]


def test_the_watchdog_is_fed_in_every_wait_for_a_slow_service(sandbox, make, runtime):
    """At least once a second, in the synchronous and the asynchronous call, and while it waits for the second 401."""
    device = registered(make, "xyte", runtime)
    for wait in ("session.run(xyte.telemetry(session))", "asyncio.run(session.arun(xyte.telemetry(session)))"):
        sandbox.fault("xyte", delay=2)
        program = f"""
import asyncio
{wait}
print(Dog.longest < 1000 or Dog.longest, Dog.count > 6 or Dog.count, time.ticks_diff(time.ticks_ms(), Dog.last) < 1000)
"""
        assert run(device, XYTE + DOG + program) == ["True", "True", "True"]
    sandbox.fault("xyte", status=401)
    program = "Dog.count = 0\nsession.run(xyte.telemetry(session))\nprint(Dog.count >= 20 or Dog.count)"
    assert run(device, XYTE + DOG + program) == ["True"], "five seconds in slices of a quarter"


def test_the_watchdog_is_fed_while_a_service_is_silent_and_the_deadline_holds(sandbox, make, runtime):
    device = registered(make, "xyte", runtime, timeout=2)
    for wait in ("session.run(xyte.command(session))", "asyncio.run(session.arun(xyte.command(session)))"):
        sandbox.fault("xyte", delay=8)
        program = f"""
import asyncio
start = time.ticks_ms()
try:
    {wait}
except OSError as error:
    print(error.errno, Dog.longest < 1000, time.ticks_diff(time.ticks_ms(), start) < 3000)
"""
        assert run(device, XYTE + DOG + program) == ["110", "True", "True"]


def test_registration_that_is_cancelled_at_any_moment_leaves_no_socket_and_a_later_one_registers(
    sandbox, make, runtime
):
    device = make("etherfax", runtime)
    sandbox.fault("etherfax", times=100, delay=0.5, status=503)
    program = """
asyncio.run(cancelled(lambda: enroll.arun(config, port, log=log)))
print("done")
"""
    assert run(device, BESIDE + program) == ["done"]
    sandbox.clear_faults()
    assert run(device, "import asyncio\nprint(asyncio.run(enroll.arun(config, port, log=log)).provider)") == [
        "etherfax"
    ]


def test_children_whose_registration_is_cancelled_are_resumed(sandbox, make, runtime):
    """Cancelled while the service is silent: only the child that was asked for may be there twice."""
    device = registered(make, "xyte", runtime)
    model = sandbox.xyte.create_model(f"cancelled-{len(sandbox.xyte.models())}")["id"]
    program = f"""
config.section["children"] = {children(12, model)!r}
async def main():
    before = sockets()
    for _ in range(2):
        try:
            await asyncio.wait_for(session.arun(calls.settle(session)), 0.4)
            print("not cancelled")
        except asyncio.TimeoutError:
            session.close()
        assert sockets() == before
    await session.arun(calls.settle(session))
    session.close()
    assert sockets() == before
    return len([1 for _, it in xyte.children(session) if it])
print(asyncio.run(main()))
"""
    sandbox.fault("xyte", times=2, delay=1.5, path="children")
    assert run(device, XYTE + BESIDE + program) == ["12"]
    assert 12 <= len(born(sandbox)) <= 14


def test_arequest_that_is_cancelled_at_any_moment_leaves_no_socket_and_the_next_one_works(sandbox, make, runtime):
    device = registered(make, "xyte", runtime)
    sandbox.fault("xyte", times=7, delay=0.5)
    program = """
asyncio.run(cancelled(lambda: session.arequest("GET", "/v1/devices/{id}/command")))
print("done")
"""
    assert run(device, XYTE + BESIDE + program) == ["done"]
    sandbox.clear_faults()
    program = 'asyncio.run(session.arun(xyte.telemetry(session)))\nprint("done")'
    assert run(device, XYTE + BESIDE + program) == ["done"]
