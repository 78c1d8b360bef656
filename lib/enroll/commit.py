"""The write path of the journal; journal.py says what is written when.

A device that has its credential does not load it at a boot.
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

_HEAD = const("<4sIBHH")  # as journal.py has it
_MAGIC = const(b"ENR\x01")
_SLOT = const(1024)
_MOST = const(8192)  # bytes of a body, as many as journal.py reads
_BEGUN = const(8)  # bytes that `begin` writes: version and sequence, they say whose turn it is
_EIO = const(5)
_EFBIG = const(27)
_ENOENT = const(2)
_EEXIST = const(17)
_ENOSPC = const(28)


def _folder(path: str) -> None:
    """Make the folder `path`, and its parents where they are missing. Raises OSError."""
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
    """The journal in the folder `path`, which is made when it is first needed. `warn`: called with what goes wrong and
    does not stop it.

    `state`: of the newest record of the device that `recall` was called for, as far as this boot knows; None: look
    again. `unsaved`: (state, body) that only the heap holds, because flash has not taken it, or ().
    """

    state: int | None = None
    unsaved: tuple = ()
    warn: "Any" = None
    _who = b""

    def prepare(self) -> None:
        """Make what is missing: folders, blank slots, and a spare file to give up when flash fills at the wrong moment.

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
        """Open the next slot and write its first bytes, if that is not done yet. Raises EnrollError("storage")."""
        try:
            self._begin(0)
        except OSError as error:
            raise self.trouble(error)

    def save(self, state: int, identity: bytes, body: bytes, spare: bool = False) -> None:
        """Write a record, read it back, and make it the newest. `spare`: it must not be lost; on full flash the spare
        file is given up for it, and the other slot where this one is worn.

        Raises EnrollError("storage"), also for more than 8 192 bytes; the record before stays valid then.
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
                raise OSError(_EIO)  # it reads back as something else
            except OSError as error:
                trouble = self.trouble(error)
                if not spare:
                    raise trouble
                spare = False
                full = error.errno == _ENOSPC
                if not full and self.states[1 - self.next] in (0, TRIED, REFUSED, state):
                    self.next = 1 - self.next  # this slot is worn: take the other one, unless it is worth more
        self._sequence = sequence
        self.next = 1 - self.next

    def trouble(self, error: OSError) -> EnrollError:
        """What to raise for `error`."""
        self.close()
        return EnrollError("storage", "flash at %s cannot be written" % self.path, error)

    def _begin(self, state: int) -> None:
        """Open the next slot for a record in `state`, and write its first bytes. Raises OSError."""
        if self._open:
            return
        older, newer = self.states[self.next], self.states[1 - self.next]
        if older >= RAW and (newer < older or older == newer == RAW) and state < KEPT:
            self.next = 1 - self.next  # the only answer or credential stays, and the first of two answers
        self._open.append(open(self.name(self.next), "r+b"))
        self._open[0].write(pack("<4sI", _MAGIC, self._sequence + 1))

    def recall(self, config: "Config") -> "Credential | None":
        """The credential of the device of `config`, which the board has completed, if an earlier attempt, of this boot
        or another, has brought it. What flash has not taken yet is written first. Raises EnrollError as `save` and
        journal.recall do.
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
        """The last moment before a request that cannot be taken back. Raises EnrollError("storage")."""
        if not self.state:
            self.note(TRIED, must=True)
        self.begin()

    def keep(self, body: bytes) -> None:
        """Write a credential's `body`. Where the answer that holds it is on flash, a worn slot may leave it at that.

        Raises EnrollError("storage").
        """
        self.note(KEPT, body, self.state != RAW or bool(self.unsaved))

    def note(self, state: int, body=b"", must: bool = False) -> None:
        """Write what has come of a request if it is news, and worth more than what is there, or `must` be written. An
        answer or a credential, whose `body` is given, waits in `unsaved` until flash has taken it.

        Raises EnrollError("storage") for what `must` be written; else it goes on where flash will not take it now.
        """
        newest = self.states[1 - self.next]  # not self.state: `arm` may have cost the note that was there
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
