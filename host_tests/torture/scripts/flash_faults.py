"""Flash that fails: flash_faults.py HOW KIND PROVIDER [coarse]. HOW is one of WAYS, KIND a file system of blocks.py.

What fails before the request is sent has to be found before it is sent, and said. What fails later loses nothing.
"""

import os
import sys

from blocks import formatted
from device import Device, Lost, Service, Shelved, sweep
from enroll.journal import KEPT, RAW
from flash import EIO, ENOSPC, EROFS, Flash
from helpers import write
from power import Failure, cuts
from remains import Failing

REMEDY = "free or replace the flash"


class Filler:
    """An application that fills the file system at `root` but for `left` blocks of `size` bytes."""

    def __init__(self, flash, left=0):
        self.flash = flash
        self.left = left
        self.names = []

    def fill(self):
        size = self.flash.kind.size
        spare = [self._file(size - 16) for _ in range(self.left)]
        while self._file(size * 8) or self._file(size - 16) or self._file(8):
            pass
        for name in spare:
            if name:
                os.remove(name)

    def _file(self, size):
        """The name of a new file of `size` bytes, None if there is no room for it."""
        name = f"{self.flash.root}/log{len(self.names)}"
        self.names.append(name)
        try:
            return write(name, bytes(size))
        except OSError as error:
            if error.errno not in (28, 36):  # ENOSPC, and what littlefs calls it where there is no room for a name
                raise
        return None

    def heal(self):
        with self.flash:
            for name in os.listdir(self.flash.root):
                if name.startswith("log"):
                    os.remove(f"{self.flash.root}/{name}")


def survives(device, heal=None):
    """Boot on failing flash, which works again after `heal()`, if that is called, and tell the outcome.

    What fails before the request is said before it. A credential that has come is on flash in the end.
    """
    status, line, _ = device.booted or device.boot()
    sent = device.service.seen
    if getattr(device.flash, "opened", 0):
        raise Lost("a file is left open")
    if not sent and (status != 74 or REMEDY not in line):
        raise Lost(f"status {status}: {line}")
    if RAW in device.saves or KEPT in device.saves:
        device.copy().registers()  # whatever failed since has not touched what was saved
    if heal:
        heal()
    if not sent:
        if heal:
            device.registers()
        return "stopped before the request"
    if status and not device.again().credential and heal:
        raise Lost("what is in RAM is not saved now that flash works")
    after = device.copy()
    after.registers()
    if device.service.seen > sent or after.service.seen:
        raise Lost("a second request")
    return "saved later" if status else "saved at once"


def fresh(kind, provider):
    """A device that has never booted, on a flash that may fail."""
    return Device(formatted(kind, Failing), Service(provider)).configure()


def boots(device):
    device.booted = device.boot()


def failing(make, coarse, reasons=(EIO,)):
    """One operation fails, or all from one on, for each reason."""
    failures = [Failure("torn", errno, lasting) for errno in reasons for lasting in (False, True)]
    for point, device in cuts(make, boots, failures):
        if point.at:
            yield repr(point), (device, device.flash.fail)


def disk(make, coarse):
    """The same with file operations."""
    return failing(lambda: Shelved(Flash(), make().service), coarse, (EIO, ENOSPC, EROFS))


def full(make, coarse):
    """The file system is full, or has a few blocks left."""
    for left in range(0, 30, 5 if coarse else 1):
        device = make()
        filler = Filler(device.flash, left)
        with device.flash:
            filler.fill()
        yield f"{left} blocks left", (device, filler.heal)


def filled(make, coarse):
    """The application fills the file system while the request waits for its answer."""
    for left in range(0, 8, 3 if coarse else 1):
        for lasting in (False, True):
            device = make()
            filler = Filler(device.flash, left)
            device.service.meanwhile = filler.fill
            yield (
                f"filled but for {left} blocks{', forever' if lasting else ''}",
                (device, None if lasting else filler.heal),
            )


def read_only(make, coarse):
    device = make()
    device.flash.readonly = True

    def heal():
        device.flash.readonly = False

    yield "read-only", (device, heal)


def worn(make, coarse):
    """One block keeps wrong bytes, from the beginning or from the request on."""
    flash = make().flash
    first = flash.first_of_files()  # all of FAT's blocks also for a slice: only a few hold what matters
    for block in range(first, flash.kind.blocks, 5 if coarse and not first else 1):
        for later in (False, True):
            device = make()

            def wear(flash=device.flash, block=block):
                flash.worn = block

            if later:
                device.service.meanwhile = wear
            else:
                wear()
            yield f"block {block} worn {'during the request' if later else 'before'}", (device,)


WAYS = {"disk": disk, "failing": failing, "full": full, "filled": filled, "read-only": read_only, "worn": worn}

if __name__ == "__main__":
    how, kind, provider = sys.argv[1:4]
    devices = WAYS[how](lambda: fresh(kind, provider), "coarse" in sys.argv)
    sweep(devices, lambda case: survives(*case))
