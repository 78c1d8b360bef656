"""The tests' image (ROMFS), which QEMU puts at the start of the memory that outlives resets: the disk is behind it."""

import gc
import os
import sys
import time

import memdisk
import uctypes
import vfs

_IMAGE = 0x21000000  # PSRAM of mps2-an385, 16 MB
_ROOM = 4 << 20  # bytes for the image
_LARGEST = 65536  # bytes of a block device of the tests
_BEHIND = _IMAGE + (8 << 20)  # free; between them lies the disk of ../target/psram.c


def mount(fresh=False):
    """Mount the image at /rom; `fresh`: the disk is emptied, but for `/tmp`."""
    if fresh:
        memdisk.format()
    vfs.mount(vfs.VfsRom(memoryview(uctypes.bytearray_at(_IMAGE, _ROOM))), "/rom")
    if fresh:
        os.mkdir("/tmp")
    os.chdir("/")


_given = [0]


def outside(size):
    """As `bytearray(size)`, outside the heap, as flash is: for the block devices of the tests, two at a time."""
    _given[0] += 1
    it = uctypes.bytearray_at(_BEHIND + _given[0] % 2 * _LARGEST, size)
    for at in range(0, size, 512):
        it[at : at + 512] = bytes(512)
    return it


def test(file, *names):
    """Run tests of `file`, a path below host_tests, by fakes/run.py there; it prints the results."""
    mount(True)
    folder, _, name = file.rpartition("/")
    sys.path[:0] = ["/rom/host_tests/" + folder, "/rom/host_tests/fakes"]
    sys.argv[:] = ["run.py", "/rom/host_tests/" + file]
    sys.argv.extend(names)
    import helpers

    helpers.BASE = "/tmp"
    __import__(name.replace(".py", ""))
    if "blocks" in sys.modules:
        sys.modules["blocks"].bytearray = outside
    import run  # noqa: F401


def boot():
    """Boot the firmware that lies on the disk, with one attempt. Raises SystemError if it does not end registered."""
    start = time.ticks_ms()
    import main

    status = main.main(["enroll.json", "--once"])
    print("@boot", time.ticks_diff(time.ticks_ms(), start), gc.mem_alloc())
    if status:
        raise SystemError(status)
