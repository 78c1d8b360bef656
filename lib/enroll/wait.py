"""Two drivers for one kind of task, so that no protocol is written twice.

A task is a generator. It yields `(stream, flags)` to wait for those `select` flags and is sent the flags that are up, or 0
when it is woken without: it looks at its own deadline then. Or it yields a number of seconds to sleep.
"""

import select
import time

from micropython import const

_SLICE = const(250)  # ms; the longest time without feeding the watchdog
_NAP = const(10)  # ms between two looks at a stream under asyncio


def ignore(*_) -> None:
    """Neither feeds nor logs."""


def pause(seconds: float):
    """Task that sleeps for `seconds` in pieces short enough for a watchdog."""
    while seconds > 0:
        yield min(seconds, 0.25)
        seconds -= 0.25


def _ready(poll, what, timeout: int) -> int:
    """Flags of the stream that are up within `timeout` ms."""
    poll.register(*what)
    for found in poll.poll(timeout):
        return found[1]
    return 0


def run(task, feed=ignore, sleep=time.sleep):
    """Drive `task` to its end and return its value; `feed()` is called at least every quarter of a second.

    `sleep(seconds)` is used for pauses. Exceptions of the task pass through; it is closed on every way out.
    """
    poll = select.poll()
    flags = None
    try:
        while True:
            what = task.send(flags)
            feed()
            if isinstance(what, tuple):
                flags = _ready(poll, what, _SLICE)
                poll.unregister(what[0])
            else:
                sleep(what)
    except StopIteration as end:
        return end.value
    finally:
        task.close()


async def arun(task, feed=ignore):
    """The same as `run` under asyncio, without blocking its loop. Cancelling closes the task."""
    from asyncio import sleep

    poll = select.poll()
    flags = None
    try:
        while True:
            what = task.send(flags)
            feed()
            if isinstance(what, tuple):
                for _ in range(_SLICE // _NAP):
                    await sleep(0)
                    flags = _ready(poll, what, 0)
                    if flags:
                        break
                    await sleep(_NAP / 1000)
                poll.unregister(what[0])
            else:
                await sleep(what)
    except StopIteration as end:
        return end.value
    finally:
        task.close()
