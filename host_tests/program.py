"""Programs of an application, run by MicroPython where a device's firmware would run."""

import json

from runtimes import micropython

PRELUDE = """
import sys
import enroll
import port
config = enroll.Config.load(sys.argv[1])
def log(line):
    print(line, file=sys.stderr)
"""

# On a virtual clock: nobody waits for the second 401.
SESSION = """
class Port:
    connect, set_clock, identity, feed = port.connect, port.set_clock, port.identity, port.feed
    slept = 0
    @classmethod
    def sleep(cls, seconds):
        cls.slept += seconds
session = enroll.Session(config, Port, log=log)
"""

XYTE = f"""
from enroll import calls
from enroll.providers.xyte import device as xyte
{SESSION}"""

BESIDE = """
import asyncio
import os
import time
late = 0
async def tick():
    global late
    last = time.ticks_ms()
    while True:
        await asyncio.sleep_ms(10)
        now = time.ticks_ms()
        late = max(late, time.ticks_diff(now, last) - 10)
        last = now
async def beside(work):
    global late
    best = 1000
    for _ in range(3):  # the best of three, for a busy machine
        ticker = asyncio.create_task(tick())
        await asyncio.sleep_ms(30)
        late = 0
        result = await work()
        ticker.cancel()
        best = min(best, late)
    return result, best
def sockets():
    return len(list(os.ilistdir("/dev/fd")))
async def cancelled(work):
    before = sockets()
    for ms in (0, 3, 10, 30, 60, 100, 200):
        task = asyncio.create_task(work())
        await asyncio.sleep_ms(ms)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        assert sockets() == before, ms
"""  # what runs beside a task under asyncio: a ticker's longest delay in ms; files and sockets after cancelling


def connections(sandbox):
    """How many were made to the sandbox."""
    return sum(listener["connections"] for listener in sandbox.counts().values())


def children(count, model, start=0):
    """That many children of Xyte, as enroll.json names them."""
    numbers = range(start, start + count)
    return [{"sn": f"C{number}", "model_id": model, "firmware_version": "1.0.0"} for number in numbers]


def born(sandbox):
    """The children that the sandbox has registered, by its log: their serial numbers."""
    log = sandbox.log("xyte")
    return [json.loads(it.body)["sn"] for it in log if it.path.endswith("/children") and it.status == 201]


def registered(make, service, runtime, **more):
    """A device that has booted and is registered at `service`."""
    device = make(service, runtime, **more)
    assert device.boot().returncode == 0
    return device


def run(device, program):
    """Run `program` after the prelude; returns the words of the last line that it prints."""
    script = device.folder / "program.py"
    script.write_text(PRELUDE + program)
    done = device.run([str(micropython(device.runtime)), str(script), str(device.path)])
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()
