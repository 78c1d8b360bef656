"""A flash in memory whose power can be cut at any operation, and the file systems that lie on it.

It returns errors where it fails: an exception would jump through the file system's C code.
"""

from struct import unpack

import vfs

EIO = -5
ERASED = b"\xff"
KEEP = 3  # unsynced operations before the cut that may get lost, in any subset


class Kind:
    """A file system, the function that makes one to be mounted, and the blocks it lies on. `sectors`: a block is always
    written as a whole, as FAT needs it.
    """

    def __init__(self, system, make, size, blocks, sectors=False):
        self.system = system
        self.make = make
        self.size = size
        self.blocks = blocks
        self.sectors = sectors


def littlefs(flash):
    """Without times, which seed where it puts files: each run is the same."""
    return vfs.VfsLfs2(flash, mtime=False)


def littlefs_of_a_board(flash):
    """The same with the programs of RP2 and ESP32."""
    return vfs.VfsLfs2(flash, progsize=256, mtime=False)


KINDS = {
    "fat": Kind(vfs.VfsFat, vfs.VfsFat, 512, 64, True),
    "fat-4096": Kind(vfs.VfsFat, vfs.VfsFat, 4096, 32, True),
    "lfs2": Kind(vfs.VfsLfs2, littlefs, 512, 64),
    "lfs2-4096": Kind(vfs.VfsLfs2, littlefs_of_a_board, 4096, 32),
}
if hasattr(vfs, "VfsLfs1"):
    KINDS["lfs1"] = Kind(vfs.VfsLfs1, vfs.VfsLfs1, 512, 64)


class Flash:
    """Blocks in memory, and a context in which they are mounted at `root`.

    The power goes at operation number `cut` (a program, an erase or a sync; 0: never): of that nothing is done, and
    everything afterwards is an error. `done` counts the operations. `readonly`: it is mounted as such.
    `worn`: the number of a block that keeps other bytes than it is given.
    """

    root = "/ram"

    def __init__(self, kind, image):
        self.kind = kind
        self.data = bytearray(image)
        self.cut = self.done = 0
        self.off = self.readonly = False
        self.worn = None
        self.last = (0, b"")  # the operation that was cut: where, and what should be there
        self.unsynced = []  # (where, what was there, what is there) of each operation since the last sync

    def __enter__(self):
        vfs.mount(self.kind.make(self), self.root, readonly=self.readonly)
        return self

    def __exit__(self, *_):
        vfs.umount(self.root)

    def copy(self, image=None):
        other = Flash(self.kind, image or self.data)
        other.worn = self.worn
        return other

    def readblocks(self, block, buffer, offset=0):
        at = block * self.kind.size + offset
        try:
            if not self.off:
                buffer[:] = self.data[at : at + len(buffer)]
                return 0
        except MemoryError:  # a file that could not be closed is collected, while the heap is locked
            pass
        return EIO

    def writeblocks(self, block, buffer, offset=0):
        at = block * self.kind.size + offset
        try:
            for start in range(0, len(buffer), self.kind.size):
                if self._change(at + start, bytes(buffer[start : start + self.kind.size])):
                    return EIO
            return 0
        except MemoryError:
            return EIO

    def ioctl(self, operation, argument):
        if operation == 3:
            return self._sync()
        if operation == 4:
            return self.kind.blocks
        if operation == 5:
            return self.kind.size
        if operation == 6 and not self.kind.sectors:
            return self._change(argument * self.kind.size, ERASED * self.kind.size)
        return 0

    def powered(self, at, data):
        """Count an operation; whether there is still power for it."""
        self.done += 1
        if self.done == self.cut:
            self.off = True
            self.last = (at, data)
        return not self.off

    def _change(self, at, data):
        if self.worn == at // self.kind.size:
            data = bytes([byte ^ 0x81 if number % 16 == 7 else byte for number, byte in enumerate(data)])
        if not self.powered(at, data):
            return EIO
        self.unsynced.append((at, bytes(self.data[at : at + len(data)]), data))
        self.data[at : at + len(data)] = data
        return 0

    def _sync(self):
        if not self.powered(0, b""):
            return EIO
        self.unsynced.clear()
        return 0

    def remains(self, coarse):
        """What the cut may have left: (how, image) one by one, without what comes to the same.

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

    def first_of_files(self):
        """The first block that holds files.

        Before it are FAT's one table and its root directory: nothing can bring them back, and an entry that is torn
        leads to what another file has. They are written as a whole or not.
        """
        if not self.kind.sectors:
            return 0
        reserved, tables, entries, _, _, size = unpack("<HBHHBH", bytes(self.data[14:24]))
        return reserved + tables * size + entries * 32 // self.kind.size

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


class Failing(Flash):
    """A flash that does not finish operation number `bad`, nor, if `lasting`, any after it: it then writes a few bytes
    of a file or folder.
    """

    bad = 0
    lasting = False

    def fail(self, bad=0, lasting=False):
        """From now on fail at operation `bad`; 0: never."""
        self.done, self.bad, self.lasting = 0, bad, lasting

    def powered(self, at, data):
        if not super().powered(at, data):
            return False
        return self.done != self.bad and not (self.lasting and self.bad and self.done > self.bad)

    def _change(self, at, data):
        failed = super()._change(at, data)
        if failed and at >= self.first_of_files() * self.kind.size:
            self.data[at : at + 16] = data[:16]
        return failed


def formatted(name):
    """A Flash with the empty file system `name`."""
    kind = KINDS[name]
    flash = Flash(kind, bytes(kind.size * kind.blocks))
    kind.system.mkfs(flash)
    return flash.copy()
