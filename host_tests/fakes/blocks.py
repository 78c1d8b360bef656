"""A flash in memory under MicroPython's own file systems, on which each block operation can fail.

It returns errors where it fails: an exception would jump through the file system's C code.
"""

from struct import unpack

from power import Memory

try:
    import vfs
except ImportError:  # CPython only collects what needs it
    vfs = None

EIO = -5
ERASED = b"\xff"


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


KINDS = {}
if vfs:
    KINDS["lfs2"] = Kind(vfs.VfsLfs2, littlefs, 512, 64)
    KINDS["lfs2-4096"] = Kind(vfs.VfsLfs2, littlefs_of_a_board, 4096, 32)
if hasattr(vfs, "VfsFat"):
    KINDS["fat"] = Kind(vfs.VfsFat, vfs.VfsFat, 512, 64, True)
    KINDS["fat-4096"] = Kind(vfs.VfsFat, vfs.VfsFat, 4096, 32, True)
if hasattr(vfs, "VfsLfs1"):
    KINDS["lfs1"] = Kind(vfs.VfsLfs1, vfs.VfsLfs1, 512, 64)


class Blocks(Memory):
    """Blocks in memory, and a context in which they are mounted at `root`.

    An operation is a program, an erase or a sync. `readonly`: they are mounted as such. `worn`: the number of a block
    that keeps other bytes than it is given.
    """

    root = "/ram"
    readonly = False
    worn = None

    def __init__(self, kind, image=None):
        self.kind = kind
        self.data = bytearray(kind.size * kind.blocks)
        if image:
            self.data[:] = image

    def __enter__(self):
        vfs.mount(self.kind.make(self), self.root, readonly=self.readonly)
        return self

    def __exit__(self, *_):
        vfs.umount(self.root)

    def copy(self, image=None):
        other = type(self)(self.kind, image or self.data)
        other.worn = self.worn
        return other

    def rewound(self):
        """Restores these blocks, and returns them. A third copy does not fit on boards."""
        whole = bytearray(len(self.data))
        whole[:] = self.data

        def rewind():
            self.data[:] = whole
            return self

        return rewind

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
                if self.change(at + start, bytes(buffer[start : start + self.kind.size])):
                    return EIO
            return 0
        except MemoryError:
            return EIO

    def ioctl(self, operation, argument):
        if operation == 3:
            return self.sync()
        if operation == 4:
            return self.kind.blocks
        if operation == 5:
            return self.kind.size
        if operation == 6 and not self.kind.sectors:
            return self.change(argument * self.kind.size, ERASED * self.kind.size)
        return 0

    def change(self, at, data):
        """Write `data`, or as much of it as still gets there."""
        if self.worn == at // self.kind.size:
            data = bytes([byte ^ 0x81 if number % 16 == 7 else byte for number, byte in enumerate(data)])
        failed = self.fails()
        if failed:
            data = self.rest(at, data)
        self.data[at : at + len(data)] = data
        return EIO if failed else 0

    def rest(self, at, data):
        """What gets there of `data` in an operation that fails."""
        return self.failure.rest(data) if self.done == self.at else b""

    def sync(self):
        return EIO if self.fails() else 0

    def first_of_files(self):
        """The first block that holds files.

        Before it are FAT's one table and its root directory: nothing can bring them back, and an entry that is torn
        leads to what another file has. They are written as a whole or not.
        """
        if not self.kind.sectors:
            return 0
        reserved, tables, entries, _, _, size = unpack("<HBHHBH", bytes(self.data[14:24]))
        return reserved + tables * size + entries * 32 // self.kind.size


def formatted(name, make=Blocks):
    """Blocks with the empty file system `name`."""
    kind = KINDS[name]
    flash = make(kind)
    kind.system.mkfs(flash)
    flash.fail()
    return flash
