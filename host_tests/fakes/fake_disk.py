"""A file system in memory that fails when it is told to."""

ENOENT, EIO, EEXIST, ENOSPC, EROFS = 2, 5, 17, 28, 30


class Disk:
    """Files in memory, in place of `open` and `os`. The write operation number `fail_at`, and all later ones if
    `lasting`, raise OSError(`errno`); half of what they should write is there then."""

    def __init__(self):
        self.files = {}
        self.folders = set()
        self.fail_at = self.errno = None
        self.lasting = False
        self.done = 0
        self.opened = 0

    def fail(self, at, errno, lasting):
        self.done, self.fail_at, self.errno, self.lasting = 0, at, errno, lasting

    def operation(self):
        """Count one; whether it fails."""
        self.done += 1
        return self.fail_at is not None and (self.done == self.fail_at or (self.lasting and self.done > self.fail_at))

    def change(self):
        if self.operation():
            raise OSError(self.errno, "fault")

    def read(self):
        pass

    def open(self, path, mode="r"):
        if "w" in mode:
            self.change()
            self.files[path] = bytearray()
        elif path not in self.files:
            raise OSError(ENOENT, "no such file")
        elif "+" in mode:
            self.change()
        return File(self, self.files[path], mode not in ("r", "rb"))

    def stat(self, path):
        if path not in self.files:
            raise OSError(ENOENT, "no such file")
        return (0, 0, 0, 0, 0, 0, len(self.files[path]), 0, 0, 0)

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

    def sync(self):
        self.change()


class File:
    def __init__(self, disk, content, writes):
        self.disk = disk
        self.content = content
        self.writes = writes
        self.at = 0
        disk.opened += 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def read(self, size=-1):
        self.disk.read()
        data = bytes(self.content[self.at :] if size < 0 else self.content[self.at : self.at + size])
        self.at += len(data)
        return data

    def readinto(self, buffer):
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data):
        data = bytes(data)
        fails = self.disk.operation()
        if fails:
            data = data[: len(data) // 2]
        self.content[self.at : self.at + len(data)] = data
        self.at += len(data)
        if fails:
            raise OSError(self.disk.errno, "fault")
        return len(data)

    def seek(self, at, whence=0):
        self.at = at if whence == 0 else len(self.content) + at
        return self.at

    def flush(self):
        self.disk.change()

    def close(self):
        if self.content is not None:
            self.content = None
            self.disk.opened -= 1
            if self.writes:
                self.disk.change()
