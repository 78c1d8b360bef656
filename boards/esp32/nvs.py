"""A file system in esp32.NVS, so that the records of enroll.store lie there by the same rules as in files.

"/state/0/slot" is the blob "0/slot" in the namespace "state"; both names have at most 15 characters. NVS writes a blob
all or not at all. It cannot say what it holds, so the blob "folders" of a namespace lists its folders. To be mounted:

    vfs.mount(Files(esp32.NVS), "/nvs")

https://docs.micropython.org/en/latest/library/esp32.html#non-volatile-storage
"""

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_SMALL = const(1024)  # bytes of most blobs: a slot
_LARGE = const(9216)  # of the largest one
_TOO_SHORT = const(-0x110C)  # ESP_ERR_NVS_INVALID_LENGTH
_FOLDER = const(0x4000)
_FOLDERS = const("folders")
_ERRNO = {-0x1102: 2, -0x1105: 28}  # ESP-IDF's words for ENOENT and ENOSPC


class Files:
    """`kind`: the class esp32.NVS. Every method raises OSError, with an errno where files have one for it."""

    def __init__(self, kind) -> None:
        self._kind = kind
        self._spaces: dict[str, Any] = {}  # every one that is opened anew would take memory for ever

    def mount(self, *_) -> None:
        """Nothing is to be done."""

    umount = mount

    def open(self, path: str, mode: str):
        return File(self, path, b"" if "w" in mode else self.read(path))

    def stat(self, path: str) -> tuple:
        size = len(self.read(path))
        return (0x8000, 0, 0, 0, 0, 0, size, 0, 0, 0)

    def mkdir(self, path: str) -> None:
        space, _, name = path[1:].partition("/")
        known = self._folders(space)
        if name in known:
            raise OSError(17, path)  # EEXIST
        known.append(name)
        self.write("/%s/%s" % (space, _FOLDERS), "\n".join(known).encode() + b"\n")

    def ilistdir(self, path: str):
        """The folders right below a namespace: all that can be known."""
        known = self._folders(path[1:])
        if not known:
            raise OSError(2, path)  # ENOENT
        return iter([(name, _FOLDER, 0) for name in known if name and "/" not in name])

    def remove(self, path: str) -> None:
        self._call(path, "erase_key")

    def read(self, path: str) -> bytes | bytearray:
        """The blob at `path`."""
        for size in (_SMALL, _LARGE):
            buffer = bytearray(size)
            try:
                count = self._call(path, "get_blob", buffer)
                return buffer if count == size else buffer[:count]
            except OSError as error:
                if error.errno != _TOO_SHORT or size == _LARGE:
                    raise
        return b""

    def write(self, path: str, data: bytes | bytearray) -> None:
        self._call(path, "set_blob", data)

    def _folders(self, space: str) -> list[str]:
        """The namespace itself is "", the first."""
        try:
            return self.read("/%s/%s" % (space, _FOLDERS)).decode()[:-1].split("\n")
        except OSError as error:
            if error.errno != 2:
                raise
            return []

    def _call(self, path: str, method: str, *more):
        name, _, key = path[1:].partition("/")
        try:
            if name not in self._spaces:
                self._spaces[name] = self._kind(name)
            space = self._spaces[name]
            found = getattr(space, method)(key, *more)
            if method != "get_blob":
                space.commit()
            return found
        except OSError as error:
            errno = error.errno or 5
            raise OSError(_ERRNO.get(errno, errno), path)


class File:
    """A blob as a file: its first bytes are in NVS as soon as they are written, the others when it is closed.

    So who has begun to write knows that NVS takes it.
    """

    def __init__(self, files: Files, path: str, data) -> None:
        self._files = files
        self._path = path
        self._data = bytearray(data)
        self._at = 0
        self._changed: bool | None = None  # None: nothing was written yet

    def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else self._at + size
        data = bytes(self._data[self._at : end])
        self._at += len(data)
        return data

    def write(self, data) -> int:
        end = self._at + len(data)
        self._data[self._at : end] = data
        self._at = end
        first = self._changed is None
        self._changed = True
        if first:
            self._flush()
        return len(data)

    def _flush(self) -> None:
        if self._changed:
            self._changed = False  # what NVS does not take is not tried again
            self._files.write(self._path, self._data)

    close = _flush

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.close()
