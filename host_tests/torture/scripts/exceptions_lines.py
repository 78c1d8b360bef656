"""Raises an exception at every line of the library once the answer has arrived, under CPython.

exceptions_lines.py WAY PROVIDER, where WAY is "request" with an injected function like urequests', "wire" over the
library's own client.
"""

import gc
import os
import shutil
import sys
import tempfile

import cpython

cpython.install()
gc.threshold = lambda amount: None  # main.py asks for these, which MicroPython has
gc.mem_free = gc.mem_alloc = lambda: 1 << 20

import enroll  # noqa: E402
from device import Service  # noqa: E402
from exceptions_device import Connecting, Points, Requesting, torture  # noqa: E402

LIBRARY = os.path.dirname(enroll.__file__)
ALL = tempfile.mkdtemp()


class Folder:
    """A flash that never fails: a folder."""

    def __init__(self, like=None):
        self.root = tempfile.mkdtemp(dir=ALL)
        if like:
            shutil.copytree(like, self.root, dirs_exist_ok=True)

    def copy(self, image=None):
        return Folder(self.root)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Lines(Points):
    """A point is each line of the library that is run."""

    def arm(self):
        super().arm()
        sys.settrace(self._trace)
        frame = sys._getframe()
        while frame:  # those who wait for the answer
            frame.f_trace = self._trace
            frame = frame.f_back

    def disarm(self):
        super().disarm()
        sys.settrace(None)

    def _trace(self, frame, event, _):
        if not frame.f_code.co_filename.startswith(LIBRARY):
            return None
        if event == "line":
            module = os.path.relpath(frame.f_code.co_filename, LIBRARY).removesuffix(".py").replace("/", ".")
            self.pass_by(f"{module}.{frame.f_code.co_name}:{frame.f_lineno}")
        return self._trace


if __name__ == "__main__":
    way, provider = sys.argv[1:]
    start = {"request": Requesting, "wire": Connecting}[way](Folder(), Service(provider)).configure()
    try:
        torture(start, Lines, (MemoryError, KeyboardInterrupt))
    finally:
        shutil.rmtree(ALL)
