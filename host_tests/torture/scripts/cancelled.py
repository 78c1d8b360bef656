"""Cancels a registration under asyncio at every await: cancelled.py PROVIDER.

All that has arrived by then must be on flash when the cancellation continues: the next boot has the credential, or
registers as if for the first time.
"""

import sys

from blocks import formatted
from cancel import cancellations
from device import Lost, Service, sweep
from enroll import tasks
from enroll.enroller import Enroller
from exceptions_device import Answering, Connecting
from fake_device import Port
from install import installed


class Slow(Answering):
    """Every few bytes of the answer are waited for."""

    number = 0

    def recv(self, size):
        self.number += 1
        if self.number % 2:
            raise OSError(11, "would block")
        return super().recv(min(size, 23))


async def register(device):
    with device.flash, installed(Slow(device.service, tasks.ignore)):
        await Enroller(device.load(device.path), Port(device.store), log=device.lines.append).arun()


def cases(start):
    """(where it was cancelled, device) for every await, of a first boot and of one after a busy server."""
    for busy in (False, True):

        def make(busy=busy):
            device = start.copy()
            if busy:
                device.service.trouble = 503
                device.boot()
                device.service.trouble = None
                device.service.turned_away = False
            return device

        for at, device in cancellations(make, register):
            if at is not None:
                yield f"await {at}{' after a busy server' * busy}", device


def settle(device):
    """How the device continues: no credential may be lost."""
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
