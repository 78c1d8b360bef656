"""The two drivers, with tasks made for these tests."""

import asyncio
import select

from enroll import tasks
from helpers import Fake, patched
from ticking import beside


class Poll:
    """Stands for the module `select`: its streams are up at the given looks, counted from 1."""

    def __init__(self, up=()):
        self.up = up
        self.looks = 0
        self.watched = []
        self.longest = 0

    def poll(self, timeout=None):
        if timeout is None:
            return self  # select.poll()
        self.longest = max(self.longest, timeout)
        self.looks += 1
        return [(self.watched[-1][0], self.watched[-1][1])] if self.looks in self.up else []

    def register(self, stream, flags):
        self.watched.append((stream, flags))

    def unregister(self, stream):
        self.watched = [one for one in self.watched if one[0] is not stream]


def both(make, feed=tasks.ignore, poll=None):
    """What both drivers make of the task that `make()` gives: the same value, or the same exception's text."""
    results = []
    for driver in (
        lambda task: tasks.run(task, feed, lambda seconds: None),
        lambda task: asyncio.run(tasks.arun(task, feed)),
    ):
        with patched(tasks, select=poll() if poll else select):
            try:
                results.append(driver(make()))
            except Exception as error:
                results.append(repr(error))
    assert results[0] == results[1], results
    return results[0]


def test_the_value_of_a_task_is_returned():
    def task():
        return 7
        yield

    assert both(task) == 7


def test_a_task_that_pauses():
    def task():
        for _ in range(3):
            got = yield 0
            assert not got
        return "done"

    assert both(task) == "done"


def test_exceptions_pass_through():
    def task():
        yield 0
        raise ValueError("mine")

    assert "mine" in both(task)


def test_what_a_task_waits_for_is_sent_to_it():
    stream = Fake()

    def task():
        return (yield stream, 4)

    assert both(task, poll=lambda: Poll(up=(1,))) == 4


def test_a_task_is_woken_without_its_stream_to_look_at_its_deadline():
    def task():
        for _ in range(3):
            if (yield Fake(), 1):
                return "flags"
        return "deadline"

    assert both(task, poll=Poll) == "deadline"


def test_a_slice_of_waiting_is_at_most_a_quarter_of_a_second():
    poll = Poll()

    def task():
        yield Fake(), 1

    with patched(tasks, select=poll):
        tasks.run(task())
    assert 0 < poll.longest <= 250


def test_streams_are_let_go_after_each_wait():
    polls = []

    def poll():
        polls.append(Poll(up=(1, 2)))
        return polls[-1]

    def task():
        yield Fake(), 1
        yield Fake(), 4

    both(task, poll=poll)
    assert [it.watched for it in polls] == [[], []]


def test_the_watchdog_is_fed_between_all_waits():
    fed = []

    def task():
        yield 0
        yield Fake(), 1
        yield 0.01

    both(task, feed=lambda: fed.append(1), poll=Poll)
    assert len(fed) >= 6, "three times by each driver"


def test_a_long_pause_is_cut_into_slices_that_feed_the_watchdog():
    slept = []
    fed = []
    tasks.run(tasks.pause(1.1), lambda: fed.append(1), slept.append)
    assert abs(sum(slept) - 1.1) < 0.001
    assert max(slept) <= 0.25
    assert len(fed) == len(slept) == 5


def test_a_pause_of_nothing():
    slept = []
    tasks.run(tasks.pause(0), sleep=slept.append)
    tasks.run(tasks.pause(-5), sleep=slept.append)
    assert sum(slept) == 0


def test_a_task_is_closed_when_it_raises_or_the_feeding_does():
    def watchdog():
        raise OSError(5)

    closed = []

    def task():
        try:
            yield 0
            yield 0
        finally:
            closed.append(1)

    both(task, feed=watchdog)
    assert len(closed) == 2


def test_a_task_is_closed_when_sleep_is_interrupted():
    closed = []

    def task():
        try:
            yield 1
        finally:
            closed.append(1)

    def sleep(seconds):
        raise KeyboardInterrupt

    try:
        tasks.run(task(), sleep=sleep)
    except KeyboardInterrupt:
        closed.append(2)
    assert closed == [1, 2]


def test_a_task_is_closed_when_polling_fails():
    class Broken(Poll):
        def poll(self, timeout=None):
            if timeout is None:
                return self
            raise OSError(9)

    closed = []

    def task():
        try:
            yield Fake(), 1
        finally:
            closed.append(1)

    both(task, poll=Broken)
    assert len(closed) == 2


def test_cancelling_closes_the_task():
    closed = []

    def task():
        try:
            while True:
                yield 0.01
        finally:
            closed.append(1)

    async def main():
        running = asyncio.create_task(tasks.arun(task()))
        await asyncio.sleep(0)
        running.cancel()
        try:
            await running
        except asyncio.CancelledError:
            closed.append(2)

    asyncio.run(main())
    assert closed == [1, 2]


def test_a_late_cancellation_counts_even_if_the_task_fails_meanwhile():
    class Owner:
        sent = True

    def task():
        yield 0.01
        raise ValueError("an answer that cannot be read")

    async def main():
        running = asyncio.create_task(tasks.arun(task(), owner=Owner))
        await asyncio.sleep(0)
        running.cancel()
        try:
            await running
        except asyncio.CancelledError:
            return True

    assert asyncio.run(main())


def test_other_coroutines_go_on_while_a_task_waits_for_a_stream():
    def task():
        for _ in range(2):
            yield Fake(), 1

    with patched(tasks, select=Poll()):
        assert beside(tasks.arun(task())) > 0


def test_a_yield_from_returns_to_the_task_that_waits():
    def inner():
        yield from tasks.pause(0.3)
        return 5

    def task():
        return (yield from inner()) + 1

    assert tasks.run(task(), sleep=lambda seconds: None) == 6
