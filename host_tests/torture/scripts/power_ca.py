"""Cuts the power of a device whose CA lies on the same flash: power_ca.py KIND PROVIDER CA [coarse]. CA: a PEM file.

Nothing is sent, but the CA is read and made a TLS context of before every attempt, as the enroller does for https.
"""

import json
import sys

from device import Device, Lost, Service, sweep
from helpers import read, settings, write
from power_cuts import boot, left
from remains import formatted


class Careful(Device):
    """A device with a CA beside its enroll.json."""

    pem = read(sys.argv[3])

    def configure(self):
        provider = self.service.provider
        section = {"registration_token": self.service.ticket} if provider == "ickstream" else {}
        with self.flash:
            write(self.flash.root + "/ca.pem", self.pem)
            text = settings(provider, section, url="https://localhost/api", ca="ca.pem")
            write(self.path, json.dumps(text))
        return self

    def ends(self):
        """The file is unchanged, when the power is back and when the device has ended."""
        self.holds()
        outcome = super().ends()
        self.holds()
        return outcome

    def holds(self):
        with self.flash:
            if read(self.flash.root + "/ca.pem") != self.pem:
                raise Lost("the CA is not what it was")


if __name__ == "__main__":
    kind, provider = sys.argv[1:3]
    start = Careful(formatted(kind), Service(provider)).configure()
    sweep(left(start, boot, "coarse" in sys.argv), Careful.settles)
