"""Cuts the power at every block operation: power_cuts.py ACTION KIND PROVIDER [coarse].

What is done when the power goes is one of ACTIONS; then the device boots from each image that the cut may have left.
"""

import json
import sys

import enroll
import power
from device import TICKET, Device, Lost, Service, sweep
from enroll.commit import Journal
from enroll.journal import KEPT, identity
from fake_device import Port
from helpers import read, settings, write
from remains import formatted


def fresh(kind, provider):
    """A device that has never booted."""
    return Device(formatted(kind), Service(provider)).configure()


def turned_away(kind, provider):
    """A device whose first attempt was definitely not accepted: the service was busy."""
    device = fresh(kind, provider)
    device.service.trouble = 503
    device.boot()
    device.service.trouble = None
    return device


def registered(kind, provider):
    device = fresh(kind, provider)
    device.registers()
    return device


def replaced(kind, provider):
    """A device whose older slot holds an older credential."""
    device = registered(kind, provider)
    replace(device)
    return device


def provisioned_again(kind, provider):
    """A registered device whose enroll.json holds a registration token once more, in the file's second block."""
    device = registered(kind, provider)
    device.service.ticket = TICKET
    device.configure()
    with device.flash:
        text = read(device.path).decode()
        blanks = device.flash.kind.size + 20 - text.find(TICKET)
        write(device.path, text.replace('"registration_token"', " " * blanks + '"registration_token"'))
    return device


def moved(kind, provider):
    """A registered device whose service has another address now, at which its credential is good."""
    device = registered(kind, provider)
    data = settings(provider, url="http://localhost/elsewhere", moved_from=["http://localhost/api"])
    data[provider].pop("registration_token", None)
    with device.flash:
        write(device.path, json.dumps(data))
    return device


def boot(device):
    device.boot()


def replace(device):
    """A new credential over the one that is kept."""
    device.service.given += 1
    with device.flash:
        config = enroll.Config.load(device.path)
        store = Journal(config.store)
        store.load()
        store.save(KEPT, identity(config), json.dumps(device.service.credential()).encode(), True)


def save(device):
    """What is kept, once more."""
    with device.flash:
        store = Journal(enroll.Config.load(device.path).store)
        store.save(*store.load(), True)


def forget(device):
    """A factory reset of a device that the portal has let go."""
    device.service.reset()
    with device.flash:
        enroll.forget(enroll.Config.load(device.path), Port())


def old_or_new(device):
    """The credential is the old one or the new one."""
    kept = device.boot()[2]
    new = kept == device.service.credential()
    if not new:
        device.service.given -= 1
    device.settles()
    return "new" if new else "old"


def all_or_nothing(device):
    """The credential is there, or the device registers again."""
    if device.service.provider == "ickstream":
        device.configure()
    device.registers()
    return "forgotten" if device.service.seen else "kept"


def without_a_packet(device):
    outcome = device.settles()
    if device.service.seen:
        raise Lost("a registered device has sent a request")
    return outcome


def keeps(device):
    """What was given is still there, however much of the flash is worn."""
    device.flash.worn = None
    if not device.service.given:
        return "nothing given yet"
    outcome = device.ends()
    device.registers()
    return outcome


ACTIONS = {  # what is there, what is cut, how it ends
    "boot": (fresh, boot, Device.settles),
    "boot once more": (turned_away, boot, Device.settles),
    "boot twice": (fresh, boot, Device.settles),
    "boot worn": (fresh, boot, keeps),
    "replace": (registered, replace, old_or_new),
    "forget": (replaced, forget, all_or_nothing),
    "erase": (provisioned_again, boot, without_a_packet),
    "move": (moved, boot, without_a_packet),
}


def cut(start, action):
    """(operation, device) for each at which the power of a copy of the device `start` is cut in `action(device)`."""
    return ((point.at, device) for point, device in power.cuts(start.copy, action) if point.at)


def left(start, action, coarse=True):
    """(where the power went and what that did, device) for every image of every cut."""
    for at, device in cut(start, action):
        for how, image in device.flash.remains(coarse):
            yield f"operation {at} {how}", device.copy(image)


def left_worn(start, action):
    """The same where a block of files is worn, one after another. One more that is left erased would be too much."""
    for block in range(start.flash.first_of_files(), start.flash.kind.blocks):
        start.flash.worn = block
        for where, device in left(start, action, False):
            if not where.endswith("erased"):
                yield f"block {block} worn, {where}", device


def left_twice(start, action):
    """The same where the power goes again in the boot after it has gone."""
    for first, device in left(start, action):
        if first.endswith("not done"):
            for second, again in left(device, boot):
                yield f"{first}, then {second}", again


def window(start):
    """Print, and return, the operations between the arrival of the answer and the end of the save behind it."""
    operations = sum([device.service.unsaved for _, device in cut(start, boot)])
    print("@note window of operations", operations)
    return operations


def proved(start, operations):
    """Check that a whole save has more operations than its window."""
    start.registers()
    whole = len(list(cut(start, save)))
    if operations > whole or (operations == whole and not start.flash.kind.sectors):
        print(f"@lost nothing of a save, {whole} operations, is done before the request leaves")


if __name__ == "__main__":
    name, kind, provider = sys.argv[1:4]
    prepare, action, settle = ACTIONS[name]
    start = prepare(kind, provider)
    ways = {"boot twice": left_twice, "boot worn": left_worn}
    devices = ways[name](start, action) if name in ways else left(start, action, "coarse" in sys.argv)
    sweep(devices, settle)
    if name == "boot":
        proved(prepare(kind, provider), window(prepare(kind, provider)))
