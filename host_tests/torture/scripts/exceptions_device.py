"""A device in which an exception is raised once its answer has arrived, and what must become of it."""

import json

from device import Device, Lost, sweep
from install import installed
from wire import Wire


class Answering(Wire):
    """A connection to `service`; `arrived()` is called when the last byte of its answer has been read."""

    def __init__(self, service, arrived):
        super().__init__(most=1000)
        self.service = service
        self.arrived = arrived

    def recv(self, size):
        if self.sent and not self.pieces:
            head = self.sent.decode().split("\r\n\r\n")[0]
            status, body = self.service.answer(dict([line.split(": ") for line in head.split("\r\n")[1:]]))
            body = json.dumps(body).encode()
            self.pieces.append(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))
            self.sent = b""
        piece = super().recv(size)
        if not self.pieces:
            self.arrived()
        return piece


class Requesting(Device):
    """A device whose requests a function like urequests' sends.

    `arrived()` is called when its answer has; `part(name, value)` may replace a part.
    """

    def arrived(self):
        pass

    def part(self, name, value):
        return value

    def make(self, config, port, log):
        config.service = self.part("service", config.service)
        return super().make(config, self.part("port", port), self.part("log", log))

    def request(self, *arguments, **more):
        response = super().request(*arguments, **more)
        self.arrived()
        return self.part("response", response)


class Connecting(Requesting):
    """A device that sends its requests over its own client."""

    request = None

    def boot(self):
        return self._online(super().boot)

    def again(self):
        return self._online(super().again)

    def _online(self, action):
        wire = self.part("socket", Answering(self.service, lambda: self.arrived()))
        with installed(wire):
            return action()


def recovers(device, error):
    """Boot while `error` is going to be raised, go on in the same boot if the library does, then boot again.

    Returns how that ends. What a part cannot do costs nothing; what the program has no memory for costs nothing once
    the save of the answer has begun; where the program is ended from outside, the save has to be over.
    """
    try:
        line = device.boot()[1]
        goes_on = "or restart" not in line  # what main.py says of an exhausted heap, not the library
    except Lost:
        raise
    except BaseException as raised:
        if raised is not error:
            raise Lost(f"{raised!r} instead of {error!r}") from raised
        if not isinstance(error, KeyboardInterrupt):
            raise Lost("nobody handles it") from raised
        goes_on = False
    device.ended()
    if goes_on:
        device.again()
    if isinstance(error, OSError) or (isinstance(error, MemoryError) and device.begun):
        device.service.unsaved = False
    elif isinstance(error, MemoryError) and not device.whole:
        device.service.partly = not device.service.unsaved
        device.service.unsaved = True
    return device.copy().settles()


class Points:
    """The points at which something is done after the answer has arrived; at number `at` of them `error` is raised.

    `names` has those that were passed, each a part or function and after a colon where in it.
    """

    def __init__(self, error, at=0):
        self.error = error
        self.at = at
        self.names = []
        self.armed = False
        self.device = None

    def arm(self):
        self.armed = True

    def disarm(self):
        self.armed = False

    def pass_by(self, name):
        """Here is a point."""
        if self.armed and self.at >= 0:
            self.names.append(name)
            if len(self.names) == self.at:
                self.at = -1  # once is enough
                self.device.begun = self.device.saving
                reading = name.partition(".")[0] in ("http1", "connection")
                self.device.service.cut = reading and isinstance(self.error, MemoryError)
                raise self.error

    def part(self, name, value):
        return value

    def tried(self, start):
        """The outcome for a copy of the device `start`."""
        self.device = device = start.copy()
        device.begun = False  # whether the save of the answer had, when the error was raised
        device.arrived, device.ended, device.part = self.arm, self.disarm, self.part
        try:
            return recovers(device, self.error)
        finally:
            self.disarm()


def cases(start, make, kinds):
    """(what is raised and where, Points) for each kind of exception at each point."""
    for kind in kinds:
        dry = make(kind(5))
        dry.tried(start)
        for number, name in enumerate(dry.names):
            yield f"{kind.__name__} in {name}, point {number + 1}", make(kind(5), number + 1)


def torture(start, make, kinds):
    """Try all cases, and print which points have cost a credential."""
    causes = {kind.__name__: set() for kind in kinds}

    def settle(points):
        outcome = points.tried(start)
        if outcome != "registered":
            causes[type(points.error).__name__].add(points.names[-1].split(":")[0])
        return outcome

    sweep(cases(start, make, kinds), settle)
    for name, found in causes.items():
        if found:
            print(f"@note no credential after {name} in", ",".join(sorted(found)))
