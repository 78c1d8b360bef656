"""Counts what is done to each block of a flash in memory: wear.py KIND DAYS. Prints one JSON object.

`KIND` is a file system of host_tests/fakes/blocks.py. The firmware runs with a journal and a service of the test suite.
"""

import gc
import json
import sys

from blocks import KINDS, Blocks, formatted
from device import Device, Service
from enroll import tasks
from enroll.backoff import delay
from enroll.config import Config
from enroll.enroller import Enroller
from fake_device import Port

NOTES = "/ram/state.json"
RETRIES = 10


class Counting(Blocks):
    """`erases` and `programs` of each block. FAT writes whole blocks, each of which is erased for it."""

    def __init__(self, kind, image=None):
        super().__init__(kind, image)
        self.count()

    def count(self):
        """Count from zero again."""
        self.erases = [0] * self.kind.blocks
        self.programs = [0] * self.kind.blocks

    def writeblocks(self, block, buffer, offset=0):
        for number in range(block, block + max(1, len(buffer) // self.kind.size)):
            self.programs[number] += 1
            self.erases[number] += self.kind.sectors
        return super().writeblocks(block, buffer, offset)

    def ioctl(self, operation, argument):
        if operation == 6 and not self.kind.sectors:
            self.erases[argument] += 1
        return super().ioctl(operation, argument)


def counted(flash, action, saves=()):
    """What `action()` does to `flash`: slots written, erases, programs, and the erases of the most worn block."""
    gc.collect()  # or it closes files of another boot meanwhile
    before = len(saves)
    flash.count()
    action()
    found = {"slots": len(saves) - before, "erases": sum(flash.erases), "programs": sum(flash.programs)}
    found["most"] = max(flash.erases)
    return found


def renew(device, days):
    """Replace the credential that a service no longer accepts, once a day."""
    for _ in range(days):
        device.service.reset()
        with device.flash:
            config = Config.load(device.path)
            port = Port(device.store)
            port.identity()
            enroller = Enroller(config, port, request=device.request)
            old = enroller.journal.recall(config)
            enroller.replaces = old
            enroller.journal.state = None
            action = tasks.run(enroller.attempt())
            enroller.close()
            assert action.credential and action.credential.secret.reveal() != old.secret.reveal(), action.error


def rewrite(flash, days):
    """What a script does that keeps its state in a file and writes it at each boot."""
    for day in range(days):
        with flash:
            with open(NOTES, "w") as file:
                json.dump({"id": "MT873615726", "token": "token-%020d" % day, "boots": day}, file)


def repeat(times, action, *arguments):
    """Call `action` so many times."""
    for _ in range(times):
        action(*arguments)


def retry(device):
    """Another attempt in the same boot, which reaches the service."""
    seen = device.service.seen
    tasks.run(device.enroller.attempt())
    assert device.service.seen == seen + 1


def pause(config):
    """Seconds between two attempts without an answer, on average, once the waits do not grow any more."""
    return round(sum(delay(9, config.first, config.cap, chance) for chance in (0, 1)) / 2)


def measure(kind, days):
    """All figures."""
    device = Device(formatted(kind, Counting), Service("etherfax")).configure()
    saves, flash = device.saves, device.flash
    found = {"registration": counted(flash, device.registers, saves)}
    found["boot"] = counted(flash, device.boot, saves)
    found["renewals"] = counted(flash, lambda: renew(device, days), saves)

    lost = Device(formatted(kind, Counting), Service("etherfax")).configure()
    lost.service.trouble = OSError(104)
    lost.boot()
    found["restart"] = counted(lost.flash, lost.boot, lost.saves)
    found["restarts"] = counted(lost.flash, lambda: repeat(days, lost.boot), lost.saves)
    found["restarts"]["pause"] = pause(lost.enroller.config)
    with lost.flash:  # as if the last of these boots went on
        found["retry"] = counted(lost.flash, lambda: repeat(RETRIES, retry, lost), lost.saves)
        lost.enroller.close()

    flash = formatted(kind, Counting)
    found["file"] = counted(flash, lambda: rewrite(flash, 1))
    found["files"] = counted(flash, lambda: rewrite(flash, days))
    return found


if __name__ == "__main__":
    name, days = sys.argv[1:3]
    assert name in KINDS
    print(json.dumps(measure(name, int(days))))
