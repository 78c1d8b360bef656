"""The flash of this machine, in memory that lives as long as QEMU does: a soft reset leaves it as it is.

The tests' image (ROMFS) is put at the start of it by QEMU; behind it lies a disk with littlefs.
"""

import gc
import os
import sys
import time

import psram
import uctypes
import vfs

_IMAGE = 0x21000000  # PSRAM of mps2-an385, 16 MB
_ROOM = 4 << 20  # bytes for the image
_LARGEST = 65536  # bytes of a block device of the tests
_BEHIND = _IMAGE + (8 << 20)  # free; between them lies the disk of ../target/psram.c


def mount(fresh=False):
    """Mount the image at /rom and the disk at /, `fresh`: emptied before; `/tmp` is there."""
    if fresh:
        vfs.VfsLfs2.mkfs(psram)
    vfs.mount(vfs.VfsLfs2(psram, readsize=128, progsize=128, lookahead=1024, mtime=False), "/")
    vfs.mount(vfs.VfsRom(memoryview(uctypes.bytearray_at(_IMAGE, _ROOM))), "/rom")
    if fresh:
        os.mkdir("/tmp")
    os.chdir("/")


class Outside:
    """Blocks outside the heap, as flash is, for test_micropython_littlefs: it keeps what `formatted` has made while it
    goes through many others, one at a time.
    """

    def __init__(self, module):
        self._given = 0
        self._formatted = module.formatted
        module.formatted = self.formatted
        module.bytearray = self.bytearray

    def bytearray(self, size):
        self._given += 1
        it = uctypes.bytearray_at(_BEHIND + (1 + self._given % 3) * _LARGEST, size)
        for at in range(0, size, 512):
            it[at : at + 512] = bytes(512)
        return it

    def formatted(self, *arguments):
        block = self._formatted(*arguments)
        kept = uctypes.bytearray_at(_BEHIND, len(block.data))
        kept[:] = block.data
        block.data = kept
        return block


def test(file, *names):
    """Run tests of host_tests/pure/`file` by run.py there; it prints the results."""
    mount(True)
    folder = "/rom/host_tests/pure/"
    sys.path.insert(0, folder[:-1])
    sys.argv[:] = ["run.py", folder + file]
    sys.argv.extend(names)
    import socket  # before a test puts another `machine` there  # noqa: F401

    module = __import__(file.replace(".py", ""))
    if hasattr(module, "Block"):
        Outside(module)
    import run  # noqa: F401


def boot():
    """Boot the firmware that lies on the disk, with one attempt. Raises SystemError if it does not end registered."""
    start = time.ticks_ms()
    import main

    status = main.main(["enroll.json", "--once"])
    print("@boot", time.ticks_diff(time.ticks_ms(), start), gc.mem_alloc())
    if status:
        raise SystemError(status)
