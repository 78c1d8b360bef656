"""Cuts the power while a device registers in several steps: power_steps.py KIND MODEL [coarse].

What Keep saves is beside the journal. Afterwards the device boots from each image that the cut may have left.
"""

import sys

from device import Device, Lost, sweep
from fake_device import Port
from power_cuts import boot, left
from remains import formatted
from stepwise import MODELS


def settles(device):
    """The device registers by itself, but where a person has to accept it once more because its answer was lost."""
    service = device.service
    lost = service.unsaved
    status, line, kept = device.boot()
    outcome = "registered"
    if status in (75, 77) and service.ONCE and lost:
        service.reset()
        status, line, kept = device.boot()
        outcome = "accepted again"
    if status:
        raise Lost(line)
    if service.fault:
        raise Lost("it " + service.fault)
    if not service.fits(kept):
        raise Lost(f"wrong credential {kept}")
    device.rests()
    return outcome + service.cost()


if __name__ == "__main__":
    kind, model = sys.argv[1:3]
    Port.show = lambda *_: None
    start = Device(formatted(kind), MODELS[model]()).configure()
    sweep(left(start, boot, "coarse" in sys.argv), settles)
