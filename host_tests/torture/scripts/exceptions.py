"""Raises an exception at every call of the enroller to its parts once the answer has arrived.

exceptions.py WAY PROVIDER, where WAY is "request" with an injected function like urequests', "wire" over the library's
own client.
"""

import builtins
import sys

import enroll.commit
import enroll.credential
import enroll.enroller
import enroll.erase
import enroll.failed
import enroll.journal
import enroll.providers
from blocks import formatted
from device import Service
from exceptions_device import Connecting, Points, Requesting, torture
from helpers import patched

PARTS = (  # by module: the functions and classes that it calls, and the modules and built-ins
    (enroll.enroller, "gc json recall Answer Action bytearray memoryview"),
    (enroll.failed, "os delay"),
    (enroll.journal, "json Answer open crc32 unpack"),
    (enroll.commit, "recall open os crc32 pack"),
    (enroll.erase, "open os json"),
    (enroll.providers, "json plain bytes"),
    (enroll.credential, "json Secret"),
)
MADE = {"open": "file", "service.parse": "credential", "socket.socket": "socket"}  # parts that a call brings
IO = ("open", "os", "file", "response", "socket")  # the parts that may fail with an OSError


class Calls(Points):
    """A point is before and after each call of PARTS."""

    def part(self, name, target):
        return Part(self, name, target)

    def tried(self, start):
        contexts = []
        for module, names in PARTS:
            found = {name: getattr(module, name, getattr(builtins, name, None)) for name in names.split()}
            contexts.append(patched(module, **{name: self.part(name, value) for name, value in found.items()}))
        for context in contexts:
            context.__enter__()
        try:
            return super().tried(start)
        finally:
            for context in contexts:
                context.__exit__()

    def call(self, name, function, arguments, more):
        counts = self.armed and (not isinstance(self.error, OSError) or name.split(".")[0] in IO)
        if counts and not name.endswith("close"):  # the collector would do it
            self.pass_by(name + ":before")
        value = function(*arguments, **more)
        try:
            if counts:
                self.pass_by(name + ":after")
        except BaseException:
            if name == "open":
                value.close()
            raise
        return self.part(MADE[name], value) if name in MADE else value


class Part:
    """Stands for `target`: every call of it, or of what it has, may fail."""

    def __init__(self, points, name, target):
        self._points = points
        self._name = name
        self._target = target

    def __call__(self, *arguments, **more):
        return self._points.call(self._name, self._target, arguments, more)

    def __getattr__(self, name):
        value = getattr(self._target, name)
        return Part(self._points, f"{self._name}.{name}", value) if callable(value) else value

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._points.call(self._name + ".close", self._target.close, (), {})


if __name__ == "__main__":
    way, provider = sys.argv[1:]
    start = {"request": Requesting, "wire": Connecting}[way](formatted("lfs2"), Service(provider)).configure()
    torture(start, Calls, (MemoryError, KeyboardInterrupt, OSError))
