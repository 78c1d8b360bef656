"""Counts what a registration writes: power_costs.py KIND PROVIDER."""

import gc
import sys

from enroll import tasks
from power_cuts import fresh


def cost(device, name, action, most):
    """Count slot writes and block operations of `action()`; there may be `most` slot writes."""
    gc.collect()  # or it closes files of another boot meanwhile
    before = len(device.saves)
    device.flash.done = 0
    action()
    writes = len(device.saves) - before
    print("@cases 1")
    print(f"@note slot writes and block operations of {name} {writes}/{device.flash.done}")
    if writes > most:
        print(f"@lost {name} writes {writes} slots, not {most}")


device = fresh(*sys.argv[1:3])
cost(device, "a registration", device.registers, 3)  # tried, raw, kept
cost(device, "a boot with a credential", device.rests, 0)
for trouble, name, first, later in ((OSError(104), "a lost answer", 1, 0), (503, "a refusal", 2, 2)):
    device = fresh(*sys.argv[1:3])
    device.service.trouble = trouble
    cost(device, name, device.boot, first)
    cost(device, "a restart after " + name, device.boot, later)
    with device.flash:  # the same boot, with the slot still open
        tasks.run(device.enroller.attempt())
        cost(device, "a retry after " + name, lambda device=device: tasks.run(device.enroller.attempt()), later)
        device.enroller.close()
