"""What is observed in each attempt: how often the watchdog is fed, what stays open, what is printed."""

import gc
import os
import time

import port

MOMENTS = 5
GAP = 1000  # ms; the longest time without a feed of the watchdog

_feed = port.feed
_last = time.ticks_ms()
longest = 0


def feed():
    """Stands for the board's: notes the longest time between two calls."""
    global _last, longest
    now = time.ticks_ms()
    longest = max(longest, time.ticks_diff(now, _last))
    _last = now
    _feed()


def start():
    """From now on the time between two calls counts."""
    global _last, longest
    _last = time.ticks_ms()
    longest = 0


port.feed = feed


def opened():
    """Number of this process's open files and sockets."""
    return len(os.listdir("/dev/fd"))


def told(lines, secrets):
    """The first of `secrets` that one of `lines` tells, or None."""
    return next((secret for secret in secrets for line in lines if secret in line), None)


class Growth:
    """What is taken at MOMENTS moments from the attempt `first` on, when all that stays is there, to the end, `last`.

    A leak grows from each moment to the next; late settling, or a number taken for an address, does not.
    """

    def __init__(self, first, last):
        self._moments = [first + (last - first) * part // (MOMENTS - 1) for part in range(MOMENTS)]
        self._heap = [0] * MOMENTS  # nothing is allocated between two measurements
        self._opened = [0] * MOMENTS
        self._taken = 0

    def due(self, number):
        """Whether something is to be measured before attempt `number`, or at the end."""
        return number in self._moments

    def measure(self):
        """Note bytes of the heap in use and number of open files and sockets."""
        gc.collect()
        self._heap[self._taken] = gc.mem_alloc()
        self._opened[self._taken] = opened()
        self._taken += 1

    def faults(self):
        """What grows: sentences."""
        for what, found in (("bytes of the heap", self._heap), ("files and sockets", self._opened)):
            if self._taken == MOMENTS and all(found[at] < found[at + 1] for at in range(MOMENTS - 1)):
                yield ", ".join([str(it) for it in found]) + " " + what
