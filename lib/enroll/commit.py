"""The journal's write path; journal.py says what is written when.

A boot that finds a credential does not load this module.
"""

import os
from binascii import crc32
from struct import pack

from .errors import EnrollError
from .journal import KEPT, RAW, REFUSED, TRIED, Slots, identity, recall

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

    from .config import Config
    from .credential import Credential

_HEAD = const("<4sIBHH")  # these four as in journal.py
_MAGIC = const(b"ENR\x01")
_SLOT = const(1024)
_MOST = const(8192)
_BEGUN = const(8)  # bytes that `begin` writes: magic, version and sequence
_EIO = const(5)
_EFBIG = const(27)
_ENOENT = const(2)
_EEXIST = const(17)
_ENOSPC = const(28)


def _folder(path: str) -> None:
    """Create the folder `path` and its missing parents. Raises OSError."""
    try:
        os.mkdir(path)
    except OSError as error:
        parent = path.rpartition("/")[0]
        if error.errno == _ENOENT and parent:
            _folder(parent)
            os.mkdir(path)
        elif error.errno != _EEXIST:
            raise


class Journal(Slots):
    """The journal in the folder `path`, which `prepare` creates: Slots that can also be written.

    `warn`: called with one line for each failed write that does not stop the attempt. `state`: the state of the newest
    record of the device that `recall` was called for, as far as this boot knows; None: read flash again. `unsaved`:
    (state, body) of a record that only the heap holds, because the write failed; () if there is none.
    """

    state: int | None = None
    unsaved: tuple = ()
    warn: "Any" = None
    _who = b""

    def prepare(self) -> None:
        """Create what is missing: folders, blank slots, and a spare file to delete if flash fills up later.

        Raises EnrollError("storage").
        """
        try:
            for name in (self.path + "/spare", self.name(0), self.name(1)):
                _folder(name.rpartition("/")[0])
                try:
                    if os.stat(name)[6]:
                        continue
                except OSError:
                    pass
                with open(name, "wb") as file:
                    file.write(bytes(_SLOT))
        except OSError as error:
            raise self.trouble(error)

    def begin(self) -> None:
        """Open the next slot and write its first bytes, unless that is done. Raises EnrollError("storage")."""
        try:
            self._begin(0)
        except OSError as error:
            raise self.trouble(error)

    def save(self, state: int, identity: bytes, body: bytes, spare: bool = False) -> None:
        """Write a record, read it back and make it the newest.

        `spare`: the record must not be lost. If flash is full, delete the spare file and try again; if the slot is
        worn, try the other slot, unless its record is worth more.

        Raises EnrollError("storage") if the write fails or `body` is longer than 8 192 bytes. The previous record then
        stays valid.
        """
        if len(body) > _MOST:
            raise self.trouble(OSError(_EFBIG))
        sequence = self._sequence + 1
        full = False
        while True:
            try:
                if full:
                    os.remove(self.path + "/spare")
                self._begin(state)
                header = pack(_HEAD, _MAGIC, sequence, state, len(identity), len(body))
                crc = crc32(body, crc32(identity, crc32(header)))
                for part in (header[_BEGUN:], identity, body, crc.to_bytes(4, "little")):
                    self._open[0].write(part)
                self._open.pop().close()
                if self._check(self.next) == sequence:
                    break
                raise OSError(_EIO)  # what was read back differs
            except OSError as error:
                trouble = self.trouble(error)
                if not spare:
                    raise trouble
                spare = False
                full = error.errno == _ENOSPC
                if not full and self.states[1 - self.next] in (0, TRIED, REFUSED, state):
                    self.next = 1 - self.next  # this slot is worn: take the other, unless its record is worth more
        self._sequence = sequence
        self.next = 1 - self.next

    def trouble(self, error: OSError) -> EnrollError:
        """Close the slot and return the EnrollError("storage") to raise for `error`."""
        self.close()
        return EnrollError("storage", "flash at %s cannot be written" % self.path, error=error)

    def _begin(self, state: int) -> None:
        """Open the next slot for a record in `state`, and write its first bytes. Raises OSError."""
        if self._open:
            return
        older, newer = self.states[self.next], self.states[1 - self.next]
        if older >= RAW and (newer < older or older == newer == RAW) and state < KEPT:
            self.next = 1 - self.next  # never overwrite the only answer or credential, or the first of two answers
        self._open.append(open(self.name(self.next), "r+b"))
        self._open[0].write(pack("<4sI", _MAGIC, self._sequence + 1))

    def recall(self, config: "Config") -> "Credential | None":
        """Return the credential that an earlier attempt brought, in this boot or another; None if none did.

        `config`: completed with the port's identity. Writes `unsaved` first, and keeps a credential that was only in an
        answer. Sets `state`. Raises EnrollError as `save` and journal.recall do.
        """
        self._who = identity(config)
        if self.unsaved:
            state, body = self.unsaved
            self.note(state, body, True)
        if self.state in (TRIED, REFUSED):
            return None
        self.state, credential = recall(config, self)
        if credential and self.state == RAW:
            self.keep(credential.encode())
        return credential

    def arm(self) -> None:
        """Make sure that the outcome of the next request can be written: a record is on flash, TRIED if there was none,
        and the next slot is begun. Call this right before a request that cannot be taken back.

        Raises EnrollError("storage").
        """
        if not self.state:
            self.note(TRIED, must=True)
        self.begin()

    def keep(self, body: bytes) -> None:
        """Write a credential; `body` is what Credential.encode returns.

        Raises EnrollError("storage") if the write fails, unless the answer that contains the credential is on flash.
        """
        self.note(KEPT, body, self.state != RAW or self.unsaved)

    def note(self, state: int, body=b"", must: "Any" = False) -> None:
        """Write the outcome of a request, unless the newest record already says the same or is RAW.

        `state`: TRIED, REFUSED, RAW or KEPT. `body`: the answer or the credential; it is always written, and waits in
        `unsaved` until flash has taken it. `must`: write even if nothing changed, raise EnrollError("storage") if the
        write fails. Otherwise a failed write is a warning.
        """
        newest = self.states[1 - self.next]  # not self.state: `arm` may have overwritten that record
        if not (must or body) and newest in (state, RAW):
            return
        if body:
            self.unsaved = (state, body)
        try:
            self.save(state, self._who, body, state >= RAW)
            self.unsaved = ()
        except EnrollError as error:
            if must:
                raise
            self.warn(str(error))
        self.state = state
