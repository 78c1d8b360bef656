"""Chance that tests can repeat."""


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
