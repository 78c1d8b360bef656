"""The one clock of the tests: milliseconds that only waiting moves."""

NOW = 1795000000  # Unix seconds when a clock starts, in November 2026
DAY = 86400000  # ms
MASK = 0x3FFFFFFF  # ticks of a chip wrap after 12 days


class Clock:
    """`now`: ms since the start. It stands for the modules `time` and, with `timer`, for machine.Timer.

    `at` lets something happen at a given time, which may raise Cut.
    """

    def __init__(self, now=0):
        self.now = now
        self.events = []

    def at(self, when, what):
        place = len(self.events)
        while place and self.events[place - 1][0] > when:
            place -= 1
        self.events.insert(place, (when, what))

    def timer(self, period, callback):
        """Call `callback` whenever `period` ms have gone by."""

        def ring():
            self.timer(period, callback)
            callback(None)

        self.at(self.now + period, ring)
        return callback

    def sleep(self, seconds):
        end = self.now + int(seconds * 1000)
        while self.events and self.events[0][0] <= end:
            when, what = self.events.pop(0)
            self.now = max(self.now, when)
            what()
        self.now = max(self.now, end)

    def time(self):
        return NOW + self.now // 1000

    def gmtime(self, seconds):
        """Of second 0 alone: this clock counts from 1970."""
        return (1970,)

    def ticks_ms(self):
        return self.now & MASK

    @staticmethod
    def ticks_add(ticks, more):
        return ticks + more & MASK

    @staticmethod
    def ticks_diff(later, earlier):
        half = MASK // 2 + 1
        return (later - earlier + half & MASK) - half
