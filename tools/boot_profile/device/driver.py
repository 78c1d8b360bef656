"""Runs on MicroPython, in the folder of a device: boots the firmware and says where its time goes, or its heap.

    driver.py time|heap NAMES [IMAGE of a ROMFS]

NAMES: what the library's relative imports mean, a file of JSON, see names.py.
For time, the last line is a JSON object {phase: microseconds}. For heap there is a
line for each event, after a collection: "EVENT NAME BYTES MODULES", and before it what MicroPython says of its table of
names. Events: "(" and ")" around a phase, "<" and ">"
around an import, "+" after seams were put into a module, "." when the library waits or certificates are verified.
"""

import builtins
import gc
import json
import sys
import time

import micropython

SEAMS = [  # module, class, function, phase, whether it is a task; a module is looked at once it has been imported
    ("config", "Config", "load", "configuration", False),
    ("journal", "", "recall", "slots", False),
    ("commit", "Journal", "prepare", "slots", False),
    ("commit", "Journal", "arm", "slots", False),
    ("commit", "Journal", "note", "slots", False),
    ("tasks", "", "connect", "link", True),
    ("connection", "", "lookup", "look-up", False),
    ("connection", "", "trust", "certificates", False),
    ("connection", "Connection", "connect", "connect", True),
    ("connection", "Connection", "secure", "handshake", True),
    ("connection", "Connection", "close", "close", False),
    ("clock", "", "ask", "NTP", True),
    ("providers.etherfax", "", "register", "request made", True),
    ("providers.etherfax", "", "parse", "credential", False),
    ("enroller", "Enroller", "_ready", "ready", False),
    ("http1", "", "exchange", "request", True),
    ("http1", "Exchange", "body", "request", True),
]
LISTED = ("enroll", "port", "main")  # what the names of modules that are told begin with


class Timer:
    """Charges all time to the innermost phase. What is in none is the firmware's."""

    def __init__(self) -> None:
        self.found = {"firmware": 0}
        self.stack = ["firmware"]
        self.at = time.ticks_us()

    def event(self, kind: str, name: str) -> None:
        if kind in "+.":
            return
        at = time.ticks_us()
        self.found[self.stack[-1]] += time.ticks_diff(at, self.at)
        if kind in ")>":
            self.stack.pop()
        else:
            phase = name if kind == "(" else "imports"
            self.found.setdefault(phase, 0)
            self.stack.append(phase)
        self.at = at

    def end(self) -> None:
        self.event("(", "end")
        print(json.dumps(self.found))


class Heap:
    """Prints what is alive at each event; keeps nothing itself."""

    def event(self, kind: str, name: str) -> None:
        gc.collect()
        gc.collect()  # an object found dead at first may have held others
        used = gc.mem_alloc()
        micropython.qstr_info()
        print(kind, name or "-", used, ",".join(it for it in sys.modules if it[:6] in LISTED))

    def end(self) -> None:
        self.event(".", "end")


def task(real, phase):
    """`real`, a task, with events around each run of it."""

    def seam(*given, **more):
        watch.event("(", phase)
        try:
            return (yield from real(*given, **more))
        finally:
            watch.event(")", phase)

    return seam


def plain(real, phase):
    """The same for a function."""

    def seam(*given, **more):
        watch.event("(", phase)
        try:
            return real(*given, **more)
        finally:
            watch.event(")", phase)

    return seam


def write(real):
    """The first write over TLS completes the handshake."""

    def seam(connection, data):
        phase = "handshake" if connection.host and not connection.left else "request"
        watch.event("(", phase)
        try:
            return (yield from real(connection, data))
        finally:
            watch.event(")", phase)

    return seam


def verified(real):
    """The function that TLS calls with each certificate, with an event."""

    def seam(*given):
        watch.event(".", "certificate")
        return real(*given)

    return seam


def put() -> None:
    """Put seams into the modules that have been imported since the last time."""
    before = len(SEAMS)
    for it in list(SEAMS):
        module = sys.modules.get("enroll." + it[0])
        place = getattr(module, it[1], None) if it[1] else module
        real = getattr(place, it[2], None)
        if real:
            SEAMS.remove(it)
            setattr(place, it[2], (task if it[4] else plain)(real, it[3]))
            if it[2] == "secure":
                place.write = write(place.write)
                place._verified = verified(place._verified)
    port = sys.modules.get("port")
    if hasattr(port, "memory") and not hasattr(port, "watched"):  # the last function: port.py has been run
        port.watched = True
        port.feed = lambda: watch.event(".", "wait")
        before += 1
    if before > len(SEAMS):
        watch.event("+", "")


def imported(name, _names=None, _more=None, wanted=None, level=0):
    """In place of `__import__`: imports, with events around."""
    if level:  # MicroPython does not say who imports, and would take this module for it
        name = NAMES["." * level + name]
    parent = name.rpartition(".")[0]
    if parent and parent not in sys.modules:
        imported(parent)  # apart, since it would be loaded by the way
    watch.event("<", name)
    try:
        return real_import(name, None, None, wanted, 0)
    finally:
        watch.event(">", name)
        put()


def mount(image: str) -> None:
    """Mount the ROMFS of the file `image`, as boards have theirs."""
    import os

    import vfs

    with open(image, "rb") as file:
        data = bytearray(os.stat(image)[6])
        file.readinto(data)
    vfs.mount(vfs.VfsRom(memoryview(data)), "/rom")
    sys.path.insert(0, "/rom")


with open(sys.argv[2]) as file:
    NAMES = json.load(file)
if sys.argv[3:]:
    mount(sys.argv[3])
watch = Timer() if sys.argv[1] == "time" else Heap()
real_import = __import__
watch.event(".", "start")
builtins.__import__ = imported
import main  # noqa: E402

status = main.main(["enroll.json", "--once"])
builtins.__import__ = real_import
watch.end()
sys.exit(status)
