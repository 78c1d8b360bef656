"""Cuts the power of an ESP32 whose records lie in NVS: power_nvs.py ACTION PROVIDER, where ACTION is one of power.py's.

NVS writes a blob all or not at all; what was not committed may be lost. enroll.json lies elsewhere and is left alone.
"""

import sys

import vfs
from device import Lost, Service, sweep
from device_shelf import Shelved
from fake_board import BOARDS
from fake_nvs import Flash
from helpers import config
from power import ACTIONS, left

sys.path.insert(0, BOARDS + "/esp32")
import nvs

EIO = 0x1113


class Partition(Flash):
    """NVS in memory, and a context in which it is mounted at /nvs. The power goes at operation number `cut` (0: never),
    of which nothing is done. `done` counts the operations: what is set, erased or committed. `token`: what enroll.json,
    elsewhere, has for ickStream.
    """

    root = ""

    def __init__(self, blobs=None):
        super().__init__()
        self.blobs = {name: dict(space) for name, space in (blobs or {}).items()}
        self.committed = self.image()
        self.cut = 0
        self.off = False
        self.last = None  # what the operation that was cut would have done
        self.token = None

    def image(self):
        return {name: dict(space) for name, space in self.blobs.items()}

    def copy(self, image=None):
        other = Partition(self.blobs if image is None else image)
        other.token = self.token
        return other

    def __enter__(self):
        vfs.mount(nvs.Files(self), "/nvs")
        return self

    def __exit__(self, *_):
        vfs.umount("/nvs")

    def change(self, effect=None):
        self.done += 1
        if self.done == self.cut:
            self.off = True
            self.last = effect
        if self.off:
            raise OSError(EIO, "no power")
        if effect:
            effect()
        else:
            self.committed = self.image()

    def remains(self, coarse):
        yield "not done", self.image()
        if self.committed != self.blobs:
            yield "not committed", self.committed
        if self.last:
            self.last()
            yield "done", self.image()


class InNvs(Shelved):
    """A device with a Partition."""

    def load(self, path):
        section = {"registration_token": self.flash.token} if self.service.provider == "ickstream" else {}
        return config(self.service.provider, section, store="/nvs/enroll")

    def configure(self):
        self.flash.token = self.service.ticket
        return self

    def rests(self):
        seen, self.flash.done = self.service.seen, 0
        self.registers()
        if self.flash.done or self.service.seen > seen:
            raise Lost("a boot with a credential writes or sends")


def prepared(action, provider):
    """The device that power.py's `action` begins with."""
    device = InNvs(Partition(), Service(provider)).configure()
    if action == "boot once more":
        device.service.trouble = 503
        device.boot()
        device.service.trouble = None
    elif action != "boot":
        device.registers()
    if action == "forget":
        ACTIONS["replace"][1](device)
    return device


if __name__ == "__main__":
    name, provider = sys.argv[1:3]
    _, action, settle = ACTIONS[name]
    sweep(left(prepared(name, provider), action), settle)
