"""Gives odd inputs to targets. Arguments: folder, first seed, then names of targets, each with a number of inputs."""

import sys

from chance import Chance
from fuzz_targets import TARGETS, give


def tried(name, first, count):
    """Give `count` inputs to the target `name`."""
    make = TARGETS[name][0]
    for seed in range(first, first + count):
        data = make(Chance(seed))
        try:
            give(name, data)
        except Exception as error:
            what = f"{type(error).__name__}: {str(error)[:120]!r}"
            print(f"@lost {name}, seed {seed}: {what} from {repr(data)[:200]}")
    print(f"@cases {count}")


for at in range(3, len(sys.argv), 2):
    tried(sys.argv[at], int(sys.argv[2]), int(sys.argv[at + 1]))
