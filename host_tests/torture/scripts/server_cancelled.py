"""Cancels an attempt for each case of a plan (see server_boots.py) at every step at which it waits.

Arguments: the plan, then "enroller" or "session" (see server_driven.py, also for what a case has; "slow": it would wait
on). A step is a time that the driver gives way to others; with their number they lie further apart. Some are cancelled
themselves, some through `wait_for`.
"""

import asyncio
import gc
import json
import sys
import time

import watched
from server_driven import Asking, Enrolling

MOST = 40  # steps of what would wait on
SOON = 500  # ms in which a cancelled task has to end
_sleep = asyncio.sleep


class Halt:
    """Stands for asyncio's sleep: the step with the number `at` lasts until it is cancelled."""

    def __init__(self, at):
        self._left = at
        self.reached = False

    async def sleep(self, seconds):
        if seconds >= 1:  # the task that closes what a session has kept
            return await _sleep(seconds)
        self._left -= 1
        self.reached = not self._left
        await _sleep(60 if self.reached else min(seconds, 0.001))


async def ask(it, requests):
    for number in range(requests):
        await it.once()
        if number + 1 < requests:
            await asyncio.sleep_ms(1)


async def ended(task):
    """What `task` has come to: the exception, or None."""
    try:
        await task
    except BaseException as error:
        return error


async def cancel(it, requests, at, soon):
    """Cancel at step number `at`: what is wrong with it, or None if there was no such step."""
    halt = Halt(at)
    asyncio.sleep = halt.sleep
    inner = asyncio.create_task(ask(it, requests))
    task = asyncio.create_task(asyncio.wait_for(inner, 60)) if at % 2 else inner
    while not halt.reached and not task.done():
        await asyncio.sleep_ms(0)
    if not halt.reached:
        await ended(task)
        return None
    start = time.ticks_ms()
    task.cancel()
    error = await ended(task)
    await ended(inner)  # `wait_for` does not wait for it, which goes on while its answer may come
    took = time.ticks_diff(time.ticks_ms(), start)
    if not isinstance(error, asyncio.CancelledError):
        return f"came to {error!r}; "
    return f"took {took} ms to end; " if took > soon else ""


async def cancelled(case, it, lines, secrets, soon):
    """Cancel at one step after another: (how many, what is wrong with which)."""
    found, at, cases = [], 1, 0
    before = watched.opened()
    while at <= MOST or not case["slow"]:
        wrong = await cancel(it, case["requests"], at, soon)
        it.close()
        if wrong is None:
            break
        left = watched.opened() - before
        if left:
            wrong += f"{left} files and sockets are left open; "
        if watched.told(lines, secrets):
            wrong += f"told a secret: {lines}"
        if wrong:
            found.append(f"step {at}: {wrong}")
            before += left
        lines.clear()
        gc.collect()
        cases += 1
        at += 1 + at // 8
    return cases, found


def run(plan, who):
    secrets = json.loads(plan.readline())["secrets"]
    for line in plan:
        case = json.loads(line)
        lines = []
        it = {"enroller": Enrolling, "session": Asking}[who](case, lines, secrets[0])
        # an answer that buys a credential is waited for, as long as it may come
        soon = SOON if who == "session" else 1000 * case["most"]
        cases, found = asyncio.run(cancelled(case, it, lines, secrets, soon))
        for sentence in found:
            print("@lost", case["name"] + ":", sentence)
        print("@cases", cases)


with open(sys.argv[1]) as file:
    run(file, sys.argv[2])
