"""What every attempt is watched for: how often the watchdog is fed, what stays open, what is printed."""

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
