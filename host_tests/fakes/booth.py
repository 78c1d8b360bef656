"""A device in its own network, with phones that visit it, on a clock of its own."""

import enroll.portal as portal
from clock import Clock
from enroll.portal import Portal
from helpers import patched
from visitor import HOST, Visitor, form, onboarding, request

NAME, OWN = "Acme 1", "own-canary"
READY = 2


class Booth:
    """A Portal on a clock whose ticks are about to wrap, with an Onboarding in whose reach are `networks`."""

    def __init__(self, *networks):
        self.clock = Clock((1 << 30) - 1500)
        self.it = onboarding(*networks)
        self.portal = Portal(self.it, NAME, OWN)
        self.poll()
        self.point = self.it.points[0][0]

    def poll(self, ms=50, times=1):
        ticks = {name: getattr(self.clock, name) for name in ("ticks_ms", "ticks_add", "ticks_diff")}
        with patched(portal, **ticks):
            for _ in range(times):
                self.clock.now += ms
                self.portal.poll()

    def visit(self, *pieces, **more):
        """A Visitor that sends `pieces`, once the device has dealt with it."""
        found = Visitor(*pieces, **more)
        self.point.waiting.append(found)
        self.poll(times=4)
        return found

    def page(self):
        found = self.visit(request())
        assert found.status == 200 and not found.open
        return found.text

    @property
    def key(self):
        return self.page().partition("name=k value=")[2].partition(">")[0]

    def give(self, *values, host=HOST, **more):
        return self.visit(request(method="POST", host=host, body=form(self.key, *values, **more)))

    def fails(self, why="`home` wrong password"):
        """What an Onboarding does where a network cannot be joined."""
        self.it.wanted = ()
        self.it.state = READY
        self.it.said = "", why
