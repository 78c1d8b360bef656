"""Attempts of a device that sleeps in between: when the next one is due lies where deep sleep leaves it, not on flash.

The board's memory holds "ENS" version | CRC-32 of who registers u32 | failures in a row u16 | when the next is due, on
the caller's clock as it was before the attempt u64, and as the attempt has set it u64.
"""

from binascii import crc32
from struct import calcsize, pack, unpack
from time import ticks_diff, ticks_ms

from . import tasks
from .calendar import now as unix
from .journal import identity

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_FORMAT = const("<4sIHQQ")
_MAGIC = const(b"ENS\x02")
_MANY = const(17)  # failures after which the span of the random wait is `retry.cap`
_PATIENCE = const(30)  # seconds that it stays awake for while a service decides, see steps.py
_LONGEST = const(180000)  # seconds; no wait is longer: a day that a server asks for, a day of jitter, some more


def step(enroller, now: float, action):
    """What `Enroller.step` does; `action`: the class of what it returns.

    `port.memory(data=None)` keeps `data`, or returns what is kept, b"" if nothing is.

    Where the board has no such memory (it returns None, or is not there), every wake looks like the first one: the
    random wait has its longest span then, so that the service is not asked every few seconds.
    """
    memory = getattr(enroller.port, "memory", tasks.ignore)
    if not enroller.due:
        _restore(enroller, memory())
    for due in enroller.due:
        if now < due <= now + _LONGEST:  # else it is due, or the clock was set meanwhile
            return action(due)
    enroller.patience = _PATIENCE
    start = ticks_ms()
    before = unix()
    done = tasks.run(enroller.attempt(), enroller.port.feed, enroller.port.sleep, enroller)
    # in whole seconds, because a float of 32 bits holds no date
    spent = ticks_diff(ticks_ms(), start) // 1000
    done.at = due = int(now) + spent + (0 if done.credential else int(done.at) + 1)
    other = 0
    moved = unix() - before - spent  # how far the attempt has set the board's clock
    if abs(moved) > _LONGEST:  # the caller's clock may be that one, or any other
        other = max(0, due + moved)
    elif abs(moved) > 1:
        due = max(0, due + moved)
    enroller.due = (due, other)
    if not done.credential:
        memory(pack(_FORMAT, _MAGIC, crc32(identity(enroller.config)), min(enroller.failures, 65535), due, other))
    elif (memory() or b"")[:4] == _MAGIC:  # from now on the memory is the application's
        memory(b"")
    return done


def _restore(enroller, kept: bytes | None) -> None:
    enroller.due = (0, 0)
    if kept is None:
        enroller.failures = _MANY
        return
    try:
        if kept[calcsize(_FORMAT) :]:
            return  # an application's
        magic, who, failures, due, other = unpack(_FORMAT, kept)
    except ValueError:
        return
    if magic == _MAGIC and who == crc32(identity(enroller.config)):
        enroller.failures = failures
        enroller.due = (due, other)
