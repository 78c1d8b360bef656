"""Two drivers for one kind of task, one blocking and one for asyncio: each protocol is written once.

A task is a generator. It yields `(stream, flags)` to wait for those `select` flags, and is sent the flags that are set.
It may also be sent 0: no flag is set yet, and the task must check its own deadline. Or it yields a number of seconds to
sleep.
"""

import select
import time

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_SLICE = const(250)  # ms; the longest time between two calls of `feed`


driven: list = []  # the tasks that are running, one inside another


def ignore(*_) -> None:
    """Do nothing: stands in for a `feed`, `log` or hook that is not there."""


def pause(seconds: float):
    """Task: sleep for `seconds`, in pieces short enough for a watchdog."""
    while seconds > 0:
        yield min(seconds, 0.25)
        seconds -= 0.25


def connect(owner):
    """Task: bring the link up, for an Enroller or Session: with `network` of enroll.json, or else with a network that a
    person has given the device.
    """
    try:
        yield from owner.port.connect(owner.config.network) or ()
    except Exception as error:
        from .networks import connect

        yield from connect(owner, error)


def run(task, feed=ignore, sleep=time.sleep, owner=None):
    """Drive `task` to its end and return its value. `feed()` is called at least every quarter of a second.

    `sleep(seconds)`: blocks; used for pauses. `owner`: see `arun`. Exceptions of the task pass through. The task is
    always closed.
    """
    try:
        arun(task, feed, sleep, _SLICE, owner).send(None)
    except StopIteration as end:
        return end.value


async def arun(task, feed=ignore, sleep=None, timeout=0, owner=None):
    """The same as `run` under asyncio, without blocking its loop. A cancellation is raised inside the task.

    `owner`: an object whose attribute `sent` is true while `task` must not be interrupted. A cancellation,
    KeyboardInterrupt or exception of `feed` during that time is raised in the task afterwards. `timeout`: milliseconds
    to poll a stream, 0 under asyncio; `run` passes more, with a `sleep` that blocks.
    """
    if not sleep:
        from asyncio import sleep

    poll = select.poll()
    flags = None
    cut: BaseException | None = None
    try:
        while True:
            driven.append(task)
            try:
                if cut and not getattr(owner, "sent", False):
                    cut, error = None, cut
                    what = task.throw(error)
                else:
                    what = task.send(flags)
            finally:
                driven.pop()
            try:
                feed()
                if isinstance(what, tuple):
                    poll.register(*what)
                    flags = 0
                    for found in poll.poll(timeout):
                        flags = found[1]
                    poll.unregister(what[0])
                    what = 0 if flags or timeout else 0.01
                if not timeout:
                    await sleep(what)
                elif what:
                    sleep(what)
            except GeneratorExit:
                raise
            except BaseException as error:
                cut = error
                if getattr(owner, "sent", False):
                    getattr(owner, "warn", ignore)("registering, will stop then")  # the host tools look for it
    except StopIteration as end:
        if cut and not isinstance(cut, Exception):
            raise cut
        return end.value
    except Exception:
        if cut:  # the task was to end anyway
            raise cut
        raise
    finally:
        task.close()
