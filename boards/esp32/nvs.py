"""A file system in esp32.NVS: the journal works there by the same rules as with files.

"/state/0/slot" is the blob "0/slot" in the namespace "state"; both names have at most 15 characters. NVS writes a blob
completely or not at all. It cannot list its blobs, so the blob "folders" of a namespace lists its folders. To mount it:

    vfs.mount(Files(esp32.NVS, esp32.Partition), "/nvs")

https://docs.micropython.org/en/latest/library/esp32.html#non-volatile-storage
"""

from enroll.errors import EnrollError

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_SMALL = const(1024)  # bytes of most blobs: one slot
_LARGE = const(9216)  # bytes of the largest blob
_TOO_SHORT = const(-0x110C)  # ESP_ERR_NVS_INVALID_LENGTH: the buffer is too short
_LONGEST = const(15)  # bytes of the longest name
_ENTRIES = const(126)  # entries of 32 bytes in a page of the partition
_FOLDER = const(0x4000)
_FOLDERS = const("folders")
_ERRNO = {-0x1102: 2, -0x1105: 28}  # ESP-IDF's codes for ENOENT and ENOSPC


class Files:
    """The file system. `kind`: the class esp32.NVS. `partitions`: the class esp32.Partition, for `statvfs`.

    Every method raises OSError, with the errno that a file would give if there is one, and EnrollError("configuration")
    for a name that NVS does not accept.
    """

    def __init__(self, kind, partitions=None) -> None:
        self._kind = kind
        self._partitions = partitions
        self._spaces: dict[str, Any] = {}  # opened once each: opening one again would leak memory

    def mount(self, *_) -> None:
        """Do nothing."""

    umount = mount

    def open(self, path: str, mode: str):
        return File(self, path, b"" if "w" in mode else self.read(path))

    def stat(self, path: str) -> tuple:
        if path == "/":
            return (_FOLDER, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        size = len(self.read(path))
        return (0x8000, 0, 0, 0, 0, 0, size, 0, 0, 0)

    def statvfs(self, _path: str) -> tuple:
        """The room in NVS like os.statvfs, in entries of 32 bytes: (32, 32, all, free, free, 0, 0, 0, 0, 15).

        A blob takes one entry per 32 bytes and two more, and another one in each page in which it continues. Its
        replacement is written before the old blob is erased.

        Follows ESP-IDF's format. A page of 4 096 bytes begins with a header of 32 bytes, the first of which tells its
        state. Two bits for each entry come next; they are 2 if the entry is in use. One page always stays free.
        """
        partition = self._partitions.find(self._partitions.TYPE_DATA, label="nvs")[0]
        pages = partition.info()[3] // 4096
        free = -_ENTRIES
        page = bytearray(64)
        for number in range(pages):
            partition.readblocks(number, page)
            for entry in range(_ENTRIES):
                if page[0] >= 0xF8:  # otherwise the page is broken
                    free += page[32 + entry // 4] >> entry % 4 * 2 & 3 != 2
        return (32, 32, (pages - 1) * _ENTRIES, free, free, 0, 0, 0, 0, _LONGEST)

    def mkdir(self, path: str) -> None:
        if path == "/":
            raise OSError(17, path)  # EEXIST
        space, _, name = path[1:].partition("/")
        known = self._folders(space)
        if name in known:
            raise OSError(17, path)  # EEXIST
        known.append(name)
        self.write("/%s/%s" % (space, _FOLDERS), "\n".join(known).encode() + b"\n")

    def ilistdir(self, path: str):
        """List the folders of a namespace. NVS cannot list anything else."""
        if path == "/":
            return iter(())  # not even the namespaces
        known = self._folders(path[1:])
        if not known:
            raise OSError(2, path)  # ENOENT
        return iter([(name, _FOLDER, 0) for name in known if name and "/" not in name])

    def remove(self, path: str) -> None:
        self._call(path, "erase_key")

    def read(self, path: str) -> bytes | bytearray:
        """The bytes of the blob at `path`."""
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
        """The folders of the namespace `space`; the first, "", is the namespace itself."""
        try:
            return self.read("/%s/%s" % (space, _FOLDERS)).decode()[:-1].split("\n")
        except OSError as error:
            if error.errno != 2:
                raise
            return []

    def _call(self, path: str, method: str, *more):
        name, _, key = path[1:].partition("/")
        if not 0 < len(name.encode()) <= _LONGEST or len(key.encode()) > _LONGEST:
            raise EnrollError("configuration", "`store` needs names of 1 to 15 characters after /nvs/")
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
    """A blob as a file. The first `write` goes to NVS at once, the rest when the file is closed.

    The first write proves that NVS accepts the blob.
    """

    def __init__(self, files: Files, path: str, data) -> None:
        self._files = files
        self._path = path
        self._data = bytearray(data)
        self._at = 0
        self._changed: bool | None = None  # None: nothing has been written yet

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
            self._changed = False  # a failed write is not tried again
            self._files.write(self._path, self._data)

    close = _flush

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.close()
