"""A file system in memory that fails on demand."""

import os
import sys

import enroll.commit
import enroll.config
import enroll.erase
import enroll.journal
import enroll.reset
import enroll.rewrite
import helpers
from helpers import patched
from power import Memory

ENOENT, EIO, EEXIST, ENOSPC, EROFS = 2, 5, 17, 28, 30
USERS = (enroll.commit, enroll.journal, enroll.reset, enroll.erase, enroll.rewrite, helpers)

UNLOADERS = ("enroll.config", "enroll.enroller", "enroll.session")


class Flash(Memory):
    """Files in memory, and a context in which the library and the helpers have them in place of `open` and `os`.

    `opened` counts files that are open, `slots` how often a slot was opened to be written.
    """

    root = ""

    def __init__(self):
        self.files = {}
        self.folders = set()
        self.opened = self.slots = 0

    def copy(self):
        other = type(self)()
        other.files = {name: bytearray(content) for name, content in self.files.items()}
        other.folders = set(self.folders)
        return other

    def __enter__(self):
        reader = __import__("enroll.reader", None, None, ("read",))  # the one that Config is going to use
        readers = [sys.modules[name] for name in ("enroll.rewrite", "enroll.token") if name in sys.modules]
        unloaders = [sys.modules[name] for name in UNLOADERS if name in sys.modules]
        self._changes = (
            patched(USERS + (reader,), open=self.open, os=self),
            patched(tuple(readers), read=reader.read, parse=reader.parse),  # they may hold one that was unloaded
            patched(helpers, BASE=""),
            patched(tuple(unloaders), unload=lambda *names: None),
        )
        for change in self._changes:
            change.__enter__()
        return self

    def __exit__(self, *error):
        for change in self._changes:
            change.__exit__(*error)

    def change(self):
        if self.fails():
            raise self.error()

    def read(self):
        """Called before anything is read."""

    def open(self, path, mode="r"):
        if "w" not in mode and path not in self.files:
            raise OSError(ENOENT, "no such file")
        if mode not in ("r", "rb"):
            self.slots += path.endswith("/slot")
            self.change()
        if "w" in mode:
            self.files[path] = bytearray()
        return File(self, self.files[path], mode)

    # in place of os

    urandom = staticmethod(os.urandom)

    def getenv(self, name):
        return ""

    def stat(self, path):
        if path not in self.files:
            raise OSError(ENOENT, "no such file")
        return (0, 0, 0, 0, 0, 0, len(self.files[path]), 0, 0, 0)

    def listdir(self, path):
        found = [name[len(path) + 1 :] for name in list(self.files) + list(self.folders) if name.startswith(path + "/")]
        return sorted({name.split("/")[0] for name in found})

    def mkdir(self, path):
        self.change()
        if path in self.folders:
            raise OSError(EEXIST, "there")
        self.folders.add(path)

    def remove(self, path):
        self.change()
        if path not in self.files:
            raise OSError(ENOENT, "no such file")
        del self.files[path]


class File:
    """An open file; `content`: all its bytes, None once it is closed."""

    def __init__(self, flash, content, mode):
        self.flash = flash
        self.content = content
        self.text = "b" not in mode
        self.writes = mode not in ("r", "rb")
        self.at = 0
        flash.opened += 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def read(self, size=-1):
        self.flash.read()
        data = bytes(self.content[self.at :] if size < 0 else self.content[self.at : self.at + size])
        self.at += len(data)
        return data.decode() if self.text else data

    def write(self, data):
        data = data.encode() if self.text else bytes(data)
        fails = self.flash.fails()
        done = self.flash.failure.rest(data) if fails else data
        self.content[self.at : self.at + len(done)] = done
        self.at += len(done)
        if fails:
            raise self.flash.error()
        return len(data)

    def seek(self, at, whence=0):
        self.at = at if whence == 0 else len(self.content) + at
        return self.at

    def close(self):
        if self.content is not None:
            self.content = None
            self.flash.opened -= 1
            if self.writes:
                self.flash.change()


def on_flash(make):
    """What `make()` gives, with all its files on a Flash of its own, which is its `flash`."""
    flash = Flash()
    with flash:
        it = make()
    it.flash = flash
    return it
