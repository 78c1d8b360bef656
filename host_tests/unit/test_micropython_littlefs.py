"""The store on littlefs and FAT in memory: full, and with the power cut at every single block operation."""

import os

from enroll.commit import Journal
from enroll.reset import clear
from helpers import raises

try:
    import vfs
except ImportError:  # CPython only collects this file
    pass

OLD = (1, b"who", b"old" * 40)
NEW = (4, b"who", b"new" * 50)
EIO = -5


class Block:
    """A block device in memory whose power fails at write or erase number `cut`.

    `model` says how that leaves the block: as it was ("clean"), half written ("torn") or "erased". An error is returned
    then: an exception would jump through the file system's C code.
    """

    def __init__(self, blocks, size=512):
        self.size = size
        self.data = bytearray(blocks * size)
        self.cut = self.done = 0
        self.model = "clean"

    def readblocks(self, block, buffer, offset=0):
        at = block * self.size + offset
        buffer[:] = self.data[at : at + len(buffer)]

    def power(self):
        """Count an operation; whether power is still there."""
        self.done += 1
        return not self.cut or self.done < self.cut

    def writeblocks(self, block, buffer, offset=None):
        at = block * self.size + (offset or 0)
        if self.power():
            self.data[at : at + len(buffer)] = buffer
            return 0
        if self.done == self.cut and self.model == "torn":
            self.data[at : at + len(buffer) // 2] = buffer[: len(buffer) // 2]
        if self.done == self.cut and self.model == "erased":
            self.data[at : at + len(buffer)] = b"\xff" * len(buffer)
        return EIO

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self.data) // self.size
        if operation == 5:
            return self.size
        if operation == 6:
            if not self.power():
                return EIO
            at = argument * self.size
            self.data[at : at + self.size] = b"\xff" * self.size
            return 0
        return 0


class mounted:
    """Context in which `block` is mounted as /ram by `kind`."""

    def __init__(self, block, kind):
        self.block = block
        self.kind = kind

    def __enter__(self):
        vfs.mount(self.kind(self.block), "/ram")

    def __exit__(self, *_):
        vfs.umount("/ram")


def formatted(kind, blocks=64, *records):
    block = Block(blocks)
    kind.mkfs(block)
    with mounted(block, kind):
        store = Journal("/ram/state")
        store.load()
        store.prepare()
        for record in records:
            store.save(*record)
        store.close()
    return block


def sweep(kind, action, allowed, *records):
    """Cut the power at every operation of `action(store)`: what is there at the next boot must be one of `allowed`."""
    block = formatted(kind, 64, *records)
    whole = bytearray(len(block.data))  # and no further one: a board's heap has room for these two
    whole[:] = block.data
    for model in ("clean", "torn", "erased"):
        cut = 0
        while True:
            cut += 1
            block.data[:] = whole
            with mounted(block, kind):
                store = Journal("/ram/state")
                store.load()
                block.done, block.cut, block.model = 0, cut, model
                finished = True
                try:
                    action(store)
                except Exception as error:
                    assert getattr(error, "kind", None) == "storage", repr(error)
                    finished = False
                store.close()
                reached = block.done >= cut
            block.cut = 0
            with mounted(block, kind):
                store = Journal("/ram/state")
                record = store.load()
                assert record in (allowed[-1:] if finished else allowed), (model, cut, record, finished)
                store.prepare()
                store.save(5, b"who", b"goes on")
                assert Journal("/ram/state").load() == (5, b"who", b"goes on"), (model, cut)
            if not reached:
                assert finished
                break
        assert cut > 2


def test_power_cut_while_saving_on_littlefs():
    sweep(vfs.VfsLfs2, lambda store: store.save(*NEW), (OLD, NEW), NEW, OLD)


def test_power_cut_while_saving_the_first_record_on_littlefs():
    sweep(vfs.VfsLfs2, lambda store: store.save(*NEW), (None, NEW))


def test_power_cut_while_saving_on_fat():
    sweep(vfs.VfsFat, lambda store: store.save(*NEW), (OLD, NEW), NEW, OLD)


def test_power_cut_after_begin_on_littlefs():
    def action(store):
        store.begin()
        store.save(*NEW)

    sweep(vfs.VfsLfs2, action, (OLD, NEW), NEW, OLD)


def test_power_cut_while_clearing_on_littlefs():
    sweep(vfs.VfsLfs2, clear, (NEW, None), OLD, NEW)


def fill():
    """Fill /ram with files; returns their names."""
    names = []
    try:
        while True:
            names.append("/ram/log%d" % len(names))
            with open(names[-1], "wb") as file:
                file.write(bytes(500))
    except OSError as error:
        assert error.errno == 28
    return names


def test_full_littlefs_before_anything_is_prepared():
    block = Block(64)
    vfs.VfsLfs2.mkfs(block)
    with mounted(block, vfs.VfsLfs2):
        names = fill()
        raises("storage", Journal("/ram/state").prepare)
        for name in names[:20]:
            os.remove(name)
        store = Journal("/ram/state")
        store.prepare()
        store.save(*NEW)
        assert Journal("/ram/state").load() == NEW


def test_littlefs_that_fills_after_prepare_takes_what_must_not_be_lost():
    block = formatted(vfs.VfsLfs2, 64, OLD)
    with mounted(block, vfs.VfsLfs2):
        fill()
        store = Journal("/ram/state")
        store.load()
        store.save(3, b"who", b"answer", True)
        store.close()
        assert Journal("/ram/state").load() == (3, b"who", b"answer")
        assert len(os.listdir("/ram/state")) == 2, "the spare file is given up"


def test_littlefs_that_fills_between_begin_and_save_takes_the_answer():
    block = formatted(vfs.VfsLfs2, 64, OLD)
    with mounted(block, vfs.VfsLfs2):
        store = Journal("/ram/state")
        store.load()
        store.begin()
        fill()
        store.save(3, b"who", b"answer", True)
        store.close()
        assert Journal("/ram/state").load() == (3, b"who", b"answer")
        assert len(os.listdir("/ram/state")) == 2, "the spare file is given up"


def test_read_only_littlefs():
    block = formatted(vfs.VfsLfs2, 64, OLD)
    vfs.mount(vfs.VfsLfs2(block), "/ram", readonly=True)
    try:
        store = Journal("/ram/state")
        assert store.load() == OLD
        raises("storage", store.save, *NEW)
        store.close()
        assert Journal("/ram/state").load() == OLD
    finally:
        vfs.umount("/ram")
