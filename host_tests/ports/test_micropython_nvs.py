"""The NVS file system where MicroPython's own `open` and `os` find it."""

import os
import sys

from enroll.commit import Journal
from enroll.reset import clear
from fake_board import BOARDS
from fake_nvs import Flash, Partition
from helpers import raises

OLD = (1, b"who", b"old")
NEW = (4, b"who", b"new " * 500)


def test_a_store_at_slash_nvs():
    sys.path.insert(0, BOARDS + "/esp32")
    import nvs
    import vfs

    sys.path.pop(0)
    flash = Flash()
    vfs.mount(nvs.Files(flash, Partition(6, {0: (0xFE, 30, 0)})), "/nvs")
    try:
        assert os.statvfs("/nvs")[:4] == (32, 32, 630, 600) and "nvs" in os.listdir("/") and os.listdir("/nvs") == []
        assert raises(OSError, os.mkdir, "/nvs").errno == 17 and os.stat("/nvs")[0] == 0x4000
        assert "15 characters" in str(raises("configuration", Journal("/nvs/sixteen-letters-").load))
        assert raises(OSError, vfs.mount, nvs.Files(flash), "/nvs").errno == 1  # what the port takes for "already"
        path = "/nvs/enroll"
        assert Journal(path).load() is None
        store = Journal(path)
        store.prepare()
        store.prepare()
        store.begin()
        store.save(*OLD)
        store.save(*NEW)
        store.close()
        assert Journal(path).load() == NEW and Journal(path).load(True) == OLD
        assert sorted(os.listdir(path)) == ["0", "1"] and os.stat(path + "/spare")[6] == 1024
        assert raises(OSError, os.listdir, "/nvs/none").errno == 2
        clear(Journal(path))
        assert Journal(path).load() is None
        os.remove(path + "/spare")
        assert raises(OSError, os.stat, path + "/spare").errno == 2
    finally:
        vfs.umount("/nvs")
