"""What every attempt is watched for: how often the watchdog is fed, what stays open, what is printed."""

import gc
import os
import time

import port

GAP = 1000  # ms; the longest time without feeding the watchdog

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
    """What is taken at three moments, of which the first is when all that stays is there."""

    def __init__(self):
        self._found = [0] * 6  # nothing is allocated between two measurements

    def measure(self, number):
        """Note bytes of the heap in use and number of open files and sockets, at moment 0, 1 or 2."""
        gc.collect()
        self._found[number] = gc.mem_alloc()
        self._found[number + 3] = opened()

    def faults(self):
        """What grows: sentences. Once may be the first time that has got further than the others."""
        for what, at in (("bytes of the heap", 0), ("files and sockets", 3)):
            first, second, third = self._found[at : at + 3]
            if third > second > first:
                yield f"{first}, {second}, {third} {what}"
