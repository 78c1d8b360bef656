"""Several tasks with one session, and its connection while nobody uses it."""

from program import BESIDE, SESSION, connections, registered, run

ASK = """
async def ask():
    response = await session.arequest("POST", "/v1/devices/{id}/telemetry", json={"status": "online"})
    return response.status_code
"""


def test_tasks_queue_and_one_that_is_cancelled_harms_nobody(sandbox, make, runtime):
    """Cancelled while it waits, while it is asking, and before it began."""
    device = registered(make, "xyte", runtime)
    sandbox.fault("xyte", times=20, delay=0.1)
    before = connections(sandbox)
    program = """
async def main():
    tasks = [asyncio.create_task(ask()) for _ in range(3)]
    waiting, unborn = asyncio.create_task(ask()), asyncio.create_task(ask())
    unborn.cancel()
    await asyncio.sleep(0.05)
    waiting.cancel()
    tasks.append(asyncio.create_task(ask()))
    found = []
    for task in tasks:
        found.append(await task)
    asking = asyncio.create_task(ask())
    await asyncio.sleep(0.05)
    asking.cancel()
    for task in (waiting, unborn, asking):
        try:
            found.append(await task)
        except asyncio.CancelledError:
            pass
    print(*found, await ask())
asyncio.run(main())
"""
    assert run(device, SESSION + ASK + BESIDE + program) == ["200"] * 5
    assert connections(sandbox) == before + 2  # one for all, and one after the request that was cut


def test_a_connection_that_was_silent_for_long_is_closed_by_itself(sandbox, make, runtime):
    device = registered(make, "xyte", runtime)
    program = """
from enroll import requests
async def main():
    before = sockets()
    found = [await ask(), sockets() - before]
    requests.time = lambda: time.time() + 31
    await asyncio.sleep(1.2)
    found += [sockets() - before, await ask(), sockets() - before]
    session.close()
    print(*found, sockets() - before)
asyncio.run(main())
"""
    assert run(device, SESSION + ASK + BESIDE + program) == ["200", "1", "0", "200", "1", "0"]
