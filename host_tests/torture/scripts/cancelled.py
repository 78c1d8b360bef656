"""Cancels a registration under asyncio at every await: cancelled.py PROVIDER.

All that has arrived by then has to be on flash when the cancellation goes on: the next boot has the credential, or
registers as if nothing had been.
"""

import asyncio
import sys

from blocks import formatted
from device import Lost, Service, sweep
from enroll import tasks
from enroll.enroller import Enroller
from exceptions_device import Answering, Connecting
from fake_device import Port
from helpers import patched
from install import installed


class Slow(Answering):
    """Every few bytes of the answer are waited for."""

    number = 0

    def recv(self, size):
        self.number += 1
        if self.number % 2:
            raise OSError(11, "would block")
        return super().recv(min(size, 23))


async def halted(work, at):
    """Cancel `work` at its await number `at`; whether it came so far."""
    steps = []
    real = asyncio.sleep

    async def sleep(seconds):
        steps.append(seconds)
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


def cancel(device, at):
    """Whether a registration of `device` was cancelled at its await number `at`, before it was over."""
    with device.flash, installed(Slow(device.service, tasks.ignore)):
        enroller = Enroller(device.load(device.path), Port(device.store), log=device.lines.append)
        return asyncio.run(halted(enroller.arun(), at))


def cases(start):
    """(where it was cancelled, device) for every await, of a first boot and of one after a busy server."""
    for busy in (False, True):
        at = 0
        while True:
            device = start.copy()
            if busy:
                device.service.trouble = 503
                device.boot()
                device.service.trouble = None
                device.service.turned_away = False
            if not cancel(device, at):
                break
            yield f"await {at}{' after a busy server' * busy}", device
            at += 1


def settle(device):
    """How the device goes on: nothing that was given may be lost."""
    given = device.service.given
    if device.service.unsaved:
        raise Lost("an answer was not saved")
    outcome = device.copy().settles()
    if outcome != "registered":
        raise Lost("it ends " + outcome)
    return "kept" if given else "not asked yet"


if __name__ == "__main__":
    start = Connecting(formatted("lfs2"), Service(sys.argv[1])).configure()
    sweep(cases(start), settle)
