"""Cuts the power while a removed device registers again: power_renewal.py KIND PROVIDER [coarse]."""

import sys

import enroll
from device import Device, Lost, Service, sweep
from enroll import tasks
from enroll.renew import renew
from exceptions_device import Answering
from fake_device import Port
from install import installed
from power import Cut
from power_cuts import left
from remains import formatted


class Line(Answering):
    """A connection that a device without power does not have."""

    def __init__(self, device):
        super().__init__(device.service, tasks.ignore)
        self.device = device

    def recv(self, size):
        if self.device.flash.off:
            raise Cut
        return super().recv(size)


def renews(device):
    """The application's session finds that its credential is void."""
    with device.flash:
        session = enroll.Session(enroll.Config.load(device.path), Port(device.store))
        with installed(Line(device)):
            tasks.run(renew(session))


def settles(device):
    """The old credential is there, which lets the device renew it, or the new one."""
    old = Service(device.service.provider)
    old.given = 1
    lost = device.service.unsaved
    status, line, kept = device.boot()
    if status or kept not in (old.credential(), device.service.credential()):
        raise Lost(f"status {status}: {line}, {kept}")
    outcome = "new"
    if kept != device.service.credential() or device.service.given == 1:
        outcome = "old"
        try:
            renews(device)
        except enroll.EnrollError as error:
            # nothing is written before the request that would tell an orphan from a device that is refused
            if error.kind not in ("orphaned", "refused") or not lost or "portal" not in str(error):
                raise
            outcome = error.kind
            device.service.reset()
            renews(device)
    device.registers()
    if device.service.given == 1:
        raise Lost("nothing is renewed")
    return outcome


if __name__ == "__main__":
    kind, provider = sys.argv[1:3]
    start = Device(formatted(kind), Service(provider)).configure()
    start.registers()
    start.service.reset()
    sweep(left(start, renews, "coarse" in sys.argv), settles)
