"""Damages the slots of a registered device in all ways: records_damage.py PROVIDER [coarse]."""

import random
import sys

from answers import ONCE
from device import sweep
from records_device import reads, registered, slots, with_slots

SEED = 20261101
BIG = 65536


def flips(content, coarse):
    """(what is wrong, content, whether that matters) with each bit flipped."""
    used = len(content.rstrip(b"\0"))
    for bit in range(0, len(content) * 8, 13 if coarse else 1):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        yield f"bit {bit}", damaged, bit < used * 8


def cuts(content, coarse):
    """The same, cut to each length."""
    used = len(content.rstrip(b"\0"))
    for length in range(0, len(content), 13 if coarse else 1):
        yield f"{length} bytes", content[:length], length < used


def oddities(content, coarse):
    """The same, for what should never be a slot."""
    noise = bytes([random.getrandbits(8) for _ in range(256)]) * (BIG // 256)
    yield "zeros", bytes(1024), True
    yield "erased", b"\xff" * 1024, True
    yield "64 KB of zeros", bytes(BIG), True
    yield "64 KB of noise", noise, True
    yield "64 KB of noise with our mark", content[:4] + noise, True
    yield "64 KB of noise behind it", content + noise, False
    yield "another version's", content[:3] + b"\x02" + content[4:], True


def single(device, coarse):
    """One slot is damaged. Where the service tells a credential only once, the other slot holds it too."""
    contents = slots(device)
    newest = max((0, 1), key=lambda number: contents[number][4:8])
    for number, content in enumerate(contents):
        spare = device.service.provider in ONCE or number != newest
        for kind in (flips, cuts, oddities):
            for case, (what, damaged, matters) in enumerate(kind(content, coarse)):
                both = [damaged if at == number else contents[at] for at in (0, 1)]
                boots = kind == oddities or case % 32 == 0
                yield f"slot {number}: {what}", (with_slots(device, both), spare or not matters, boots)


def both(device, coarse):
    """Both slots are damaged."""
    contents = slots(device)
    for what, first, _ in oddities(contents[0], coarse):
        for other, second, _ in oddities(contents[1], coarse):
            intact = "behind" in what or "behind" in other
            must = intact and (device.service.provider in ONCE or "behind" in other)
            yield f"slots: {what}, {other}", (with_slots(device, (first, second)), must, True)
    for case in range(50 if coarse else 1000):
        found = []
        for content in contents:
            noise = bytes([random.getrandbits(8) for _ in range(random.randrange(2000))])
            start = random.randrange(14)
            found.append(content[:start] + noise[start:])
        yield f"noise {case} of seed {SEED}", (with_slots(device, found), False, True)


def everything(device, coarse):
    random.seed(SEED)
    yield from single(device, coarse)
    yield from both(device, coarse)


if __name__ == "__main__":
    sweep(everything(registered(sys.argv[1]), "coarse" in sys.argv), lambda case: reads(*case))
