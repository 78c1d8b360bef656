"""A registered device with a session, a function as its service, and a clock that only sleeping moves."""

import enroll.session as session
from answers import GOOD
from clock import Clock
from fake_device import Device, Port, counting
from install import installed
from wire import Net


class Registered:
    """A device that has registered with GOOD, or `reply`, and its session; `answer`: as of Net. `replies`: what came
    instead, if that was more than one answer.
    """

    def __init__(self, provider, answer, section=None, reply=None, log=None, replies=None, **top):
        self.registering = Device(provider, section, **top)
        action = self.registering.boot(*replies or ((200, reply or GOOD[provider]),))
        assert action.name == "registered", action.error
        self.it = self.registering.it
        self.net = Net(answer)
        self.clock = Clock()
        self.sleep, self.time = self.clock.sleep, self.clock.time
        self.lines = []
        self.log = log or self.lines.append
        self.saves = []
        self.session = None
        self.boot()

    def boot(self):
        """Boot again: only flash remains."""
        if self.session:
            self.session.close()
        self.port = Port(counting(self.saves))
        self.port.sleep = self.sleep
        self.session = session.Session(self.it, self.port, log=self.log)

    @property
    def ticks(self):
        return self.clock.now

    def run(self, function, *more, **named):
        """Drive the task `function(session, ...)` over the net; returns its value. Afterwards nothing is open."""
        before = len(self.net.requests)
        try:
            return self.over(self.net, self.session.run, function(self.session, *more, **named))
        finally:
            self.asked = self.net.requests[before:]
            assert len(self.net.hosts()) <= len(self.session._idle), "a socket is left open"

    def over(self, sockets, call, *more, **named):
        """`call(...)` with `sockets` in place of the module `socket`, on this device's clock."""
        with installed(sockets, self.clock):
            return call(*more, **named)
