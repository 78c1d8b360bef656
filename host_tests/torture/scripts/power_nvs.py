"""Cuts the power of an ESP32 whose records lie in NVS: power_nvs.py ACTION PROVIDER, an ACTION of power_cuts.py.

NVS writes a blob all or not at all; what was not committed may be lost. enroll.json lies elsewhere and is left alone.
"""

import sys

import vfs
from device import Lost, Service, Shelved, sweep
from fake_board import BOARDS
from fake_nvs import Flash
from helpers import config
from power_cuts import ACTIONS, left, window

sys.path.insert(0, BOARDS + "/esp32")
import nvs


class Partition(Flash):
    """NVS in memory, and a context in which it is mounted at /nvs. `token`: what enroll.json, elsewhere, has for
    ickStream.
    """

    root = ""
    token = None

    def copy(self, image=None):
        other = Partition(self.blobs if image is None else image)
        other.token = self.token
        return other

    def __enter__(self):
        vfs.mount(nvs.Files(self), "/nvs")
        return self

    def __exit__(self, *_):
        vfs.umount("/nvs")

    def remains(self, coarse):
        """What the cut may have left: (how, image) one by one."""
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
    """The device that power_cuts.py's `action` begins with."""
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
    if name == "boot":
        window(prepared(name, provider))
