"""Chance, time and flash that tests can look into, and what raises when the power goes."""

START = 1795000000  # Unix seconds at the beginning of every story, in November 2026
DAY = 86400000  # ms
MASK = 0x3FFFFFFF  # ticks of a chip come round after 12 days


class Cut(BaseException):
    """The power is gone, or the watchdog has bitten: nothing in the library may catch it."""


class Chance:
    """Random numbers from a seed, the same on every runtime (xorshift in 28 bits)."""

    def __init__(self, seed):
        self._state = seed * 7919 % 0xFFFFFFB + 1
        for _ in range(9):
            self.below(2)

    def below(self, limit):
        x = self._state
        x ^= x << 13 & 0xFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFF
        self._state = x
        return (x >> 2) % limit

    def one(self, things):
        return things[self.below(len(things))]

    def bytes(self, size):
        return bytes([self.below(256) for _ in range(size)])


class Clock:
    """Milliseconds since the start; `at` lets something happen on the way, which may raise Cut."""

    def __init__(self):
        self.now = 0
        self._events = []

    def at(self, when, what):
        place = len(self._events)
        while place and self._events[place - 1][0] > when:
            place -= 1
        self._events.insert(place, (when, what))

    def sleep(self, seconds):
        end = self.now + int(seconds * 1000)
        while self._events and self._events[0][0] <= end:
            when, what = self._events.pop(0)
            self.now = max(self.now, when)
            what()
        self.now = max(self.now, end)

    def unix(self):
        return START + self.now // 1000

    def ticks_ms(self):
        return self.now & MASK

    @staticmethod
    def ticks_add(ticks, more):
        return ticks + more & MASK

    @staticmethod
    def ticks_diff(later, earlier):
        half = MASK // 2 + 1
        return (later - earlier + half & MASK) - half


class Flash:
    """Stands for `open`: counts, and cuts the power after `cut` more operations, in the middle of one."""

    def __init__(self):
        self.cut = None
        self.cuts = 0
        self.done = 0  # operations
        self.opened = 0  # slots, for writing
        self._files = []

    def open(self, path, mode="r"):
        file = open(path, mode)
        if mode in ("r", "rb"):
            return file
        self.opened += path.endswith("/slot")
        file = File(self, file)
        self._files.append(file)
        file.count()
        return file

    def restart(self):
        for file in list(self._files):
            file.close()

    def forget(self, file):
        if file in self._files:
            self._files.remove(file)


class File:
    def __init__(self, flash, file):
        self._flash = flash
        self._file = file
        self.seek = file.seek

    def close(self):
        self._flash.forget(self)  # a year has thousands
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def count(self, data=None):
        """Another operation; the last one does half of its work."""
        flash = self._flash
        flash.done += 1
        if flash.cut is not None:
            flash.cut -= 1
            if flash.cut < 0:
                flash.cut = None
                flash.cuts += 1
                if data:
                    self._file.write(data[: len(data) // 2])
                raise Cut

    def write(self, data):
        self.count(data)
        return self._file.write(data)


def pause(seconds):
    """In place of wait.pause: a year has too many quarters of a second."""
    yield seconds
