"""A task of asyncio is cancelled here, at its await number 0, 1, 2 ..."""

import asyncio

from helpers import patched


def cancellations(make, work, meanwhile=lambda it, seconds: None):
    """Cancel the coroutine `work(it)` at each of its awaits, with a new `make()` each time. `meanwhile(it, seconds)` is
    called for each sleep, for which nobody waits.

    Yields (number of the await, it) after each; the number is None at last, where it was over before.
    """
    at = 0
    while True:
        it = make()
        if not asyncio.run(_cancelled(work(it), at, lambda seconds, it=it: meanwhile(it, seconds))):
            break
        yield at, it
        at += 1
    assert at, "it waits for nothing, so that it cannot be cancelled"
    yield None, it


async def _cancelled(work, at, meanwhile):
    """Whether `work` came to its await number `at`."""
    steps = []
    real = asyncio.sleep

    async def sleep(seconds):
        steps.append(seconds)
        meanwhile(seconds)
        await real(60 if len(steps) == at + 1 else 0)

    with patched(asyncio, sleep=sleep):
        task = asyncio.create_task(work)
        while len(steps) <= at and not task.done():
            await real(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return True
    return False
