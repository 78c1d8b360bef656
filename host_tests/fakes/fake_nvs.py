"""esp32.NVS as ESP-IDF keeps it: a blob is there as a whole or not at all, and what is not committed may be lost."""

import enroll.commit as commit
import enroll.journal as journal
import enroll.reset as reset
from enroll.commit import Journal
from fake_board import on_board
from helpers import Fake, patched
from power import Memory

MISSING, FULL, TOO_SHORT, KEY_TOO_LONG = -0x1102, -0x1105, -0x110C, -0x1109
EIO = 0x1113  # any other error of ESP-IDF


class Flash(Memory):
    """The partition: {namespace: {key: blob}}. An instance is called like the class esp32.NVS.

    `committed`: what is certainly there. `readable`: how many reads work. `reads`: how many were made.
    """

    readable = None
    reads = 0
    last = None  # what the operation that failed would have done

    def __init__(self, blobs=None):
        self.blobs = {name: dict(space) for name, space in (blobs or {}).items()}
        self.committed = self.image()
        self.opened = []

    def image(self):
        return {name: dict(space) for name, space in self.blobs.items()}

    def __call__(self, name):
        if not 0 < len(name) <= 15:
            raise OSError(KEY_TOO_LONG, "ESP_ERR_NVS_KEY_TOO_LONG")
        self.opened.append(name)
        return Nvs(self, self.blobs.setdefault(name, {}))

    def change(self, effect=None):
        """Set, erase, or without `effect`: commit."""
        fails = self.fails()
        if not fails or self.failure.leaves == "done":
            if effect:
                effect()
            else:
                self.committed = self.image()
        if fails:
            self.last = effect if self.done == self.at else self.last
            raise OSError(self.failure.errno or EIO, "fault")


class Nvs:
    def __init__(self, flash, blobs):
        self.flash = flash
        self.blobs = blobs

    def get_blob(self, key, buffer):
        self.flash.reads += 1
        if self.flash.readable is not None:
            self.flash.readable -= 1
            if self.flash.readable < 0:
                raise OSError(-0x1101, "unreadable")
        if key not in self.blobs:
            raise OSError(MISSING, "ESP_ERR_NVS_NOT_FOUND")
        data = self.blobs[key]
        if len(data) > len(buffer):
            raise OSError(TOO_SHORT, "ESP_ERR_NVS_INVALID_LENGTH")
        buffer[: len(data)] = data
        return len(data)

    def set_blob(self, key, data):
        if not 0 < len(key) <= 15:
            raise OSError(KEY_TOO_LONG, "ESP_ERR_NVS_KEY_TOO_LONG")
        data = bytes(data)
        self.flash.change(lambda: self.blobs.update({key: data}))

    def erase_key(self, key):
        if key not in self.blobs:
            raise OSError(MISSING, "ESP_ERR_NVS_NOT_FOUND")
        self.flash.change(lambda: self.blobs.pop(key))

    def commit(self):
        self.flash.change()


class Partition:
    """esp32.Partition: `find` gives this one, of `pages` ({number: (state, how many entries are in use, erased)})."""

    TYPE_DATA = 1

    def __init__(self, count, pages):
        self.count = count
        self.pages = pages

    def find(self, kind, label):
        assert (kind, label) == (1, "nvs")
        return [self]

    def info(self):
        return (1, 2, 0x9000, self.count * 4096, "nvs", False)

    def readblocks(self, number, buffer):
        state, used, erased = self.pages.get(number, (0xFF, 0, 0))
        page = bytearray(b"\xff" * 4096)
        page[0] = state
        for entry in range(used + erased):
            page[32 + entry // 4] &= ~((1 if entry < used else 3) << entry % 4 * 2)
        buffer[:] = page[: len(buffer)]


class on_nvs:
    """Context in which the store at /nvs works on `flash`, by the file system that the port mounts."""

    def __init__(self, flash=None, name="enroll", partition=None):
        self.flash = flash or Flash()
        self.board = on_board("ESP32_GENERIC", nvs=self.flash, partition=partition, NVS=True)
        self.name = name

    def __enter__(self):
        self.board.__enter__()
        files, where = self.board.mounted[0]
        assert where == "/nvs"
        self.files = files
        at = lambda method: lambda path, *more: method(path[len(where) :], *more)  # noqa: E731
        os = Fake(stat=at(files.stat), mkdir=at(files.mkdir), remove=at(files.remove))
        self._patched = patched((commit, journal, reset), open=at(files.open), os=os)
        self._patched.__enter__()
        return self

    def __exit__(self, *_):
        self._patched.__exit__()
        self.board.__exit__()

    def store(self):
        """A store that knows what is there."""
        store = Journal("/nvs/" + self.name)
        store.load()
        return store

    def loaded(self):
        store = Journal("/nvs/" + self.name)
        record = store.load()
        return record and (record[0], bytes(record[1]), bytes(record[2]))

    def fresh(self, *records):
        """Nothing but `records`."""
        self.flash.blobs.clear()
        self.files._spaces.clear()
        store = self.store()
        store.prepare()
        for record in records:
            store.save(*record)
        store.close()
