"""Blocks that know all that a cut, or a block operation that fails, may have left."""

import blocks
from blocks import ERASED, Blocks

KEEP = 3  # unsynced operations before the cut that may get lost, in any subset


class Flash(Blocks):
    """Blocks that know what has changed since the last sync."""

    def __init__(self, kind, image=None):
        super().__init__(kind, image)
        self.last = (0, b"")  # the operation that was cut: where, and what should be there
        self.unsynced = []  # (where, what was there, what is there) of each operation since the last sync

    def change(self, at, data):
        before = bytes(self.data[at : at + len(data)])
        failed = super().change(at, data)
        if not failed:
            self.unsynced.append((at, before, bytes(self.data[at : at + len(data)])))
        return failed

    def rest(self, at, data):
        if self.done == self.at:
            self.last = (at, data)
        return super().rest(at, data)

    def sync(self):
        failed = super().sync()
        if not failed:
            self.unsynced.clear()
        return failed

    def remains(self, coarse):
        """What the cut may have left: (how, image) one by one, without duplicates.

        `coarse`: only nothing, one half, and an erased block.
        """
        at, data = self.last
        yield "not done", self.data
        if data and not coarse:
            yield "done", self._with(self.data, at, data)
            yield from self._forgotten()
        if data and at >= self.first_of_files() * self.kind.size:
            yield "erased", self._with(self.data, at, ERASED * len(data))
            step = len(data) // 2 if coarse else 16
            for start in range(0, len(data) - step, step):
                end = start + step
                if data[start:end] != self.data[at + start : at + end]:
                    yield f"torn after {end} bytes", self._with(self.data, at, data[:end])

    def _forgotten(self):
        """Images without some of the last operations that were not synced, in so far as a file system is made for that.

        FAT writes its table first, and files whose entries there are lost share their clusters. littlefs commits last,
        and does not sync before it does.
        """
        recent = self.unsynced[-KEEP:]
        files = self.first_of_files() * self.kind.size
        at, data = self.last
        image = bytearray(self.data)
        for where, before, _ in reversed(recent):
            image[where : where + len(before)] = before
        for lost in range(1, 1 << len(recent)):
            kept = [it for number, it in enumerate(recent) if not lost >> number & 1]
            if [it for it in recent if it not in kept and it[0] < files]:
                continue
            found = bytearray(image)
            for where, _, after in kept:
                found[where : where + len(after)] = after
            yield f"not done, unsynced lost: {lost:b}", found
            if self.kind.sectors:
                yield f"done, unsynced lost: {lost:b}", self._with(found, at, data)

    def _with(self, image, at, data):
        image = bytearray(image)
        image[at : at + len(data)] = data
        return image


class Failing(Blocks):
    """Blocks on which an operation that fails writes a few bytes of a file or folder."""

    def rest(self, at, data):
        return data[:16] if at >= self.first_of_files() * self.kind.size else b""


def formatted(kind):
    """A Flash with the empty file system `kind`."""
    return blocks.formatted(kind, Flash).copy()
