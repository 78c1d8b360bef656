"""A record that survives power cuts: two slots, written in turn, the newest valid one wins.

A slot is a file of 1 024 bytes (more if a record needs more) in a directory of its own, written in place:

    "ENR" version | sequence u32 | state u8 | identity length u16 | body length u16 | identity | body | CRC-32 of these

Little-endian. `begin` writes the first eight bytes early, so that the file system takes and erases its next block
before it matters; a file that is closed half-written is only the older slot.
"""

import os
from binascii import crc32
from struct import pack, unpack

from .errors import EnrollError

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_MAGIC = const(b"ENR\x01")
_SLOT = const(1024)
_MOST = const(8192)  # bytes of a body: it has to be read into the heap again; more is damage
_HEAD = const("<4sIBHH")  # version, sequence, state, lengths
_HEADER = const(13)  # bytes of it
_BEGUN = const(8)  # bytes of it that `begin` writes: they say whose turn it is
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


class Store:
    """A record (state, identity, body) in the folder `path`, which is made when it is first needed.

    `state` says what a record is worth: below 3 it is a note, 3 holds what must not be lost, 4 is the end of it all.
    `damaged`: of each slot that was found neither blank nor valid, since `load` began, the identity that it shows, b""
    if it shows none.
    `next`: the slot to write, 0 or 1.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.damaged: list[bytes] = []
        self._sequence = 0  # of the newest valid slot
        self.next = 0  # the slot to write
        self.state = [0, 0]  # of the slots' records
        self._open: list = []  # the file of the next slot, once `begin` has opened it

    def load(self, older: bool = False) -> tuple[int, bytes, bytes] | None:
        """The newest valid record as (state, identity, body), or None: absent, or corrupt where `damaged` is set.

        `older`: the other slot's record instead, if that is valid.
        """
        self.close()
        self.damaged = []
        self._sequence = 0
        for slot in (0, 1):
            sequence = self._check(slot)
            if sequence > self._sequence:
                self._sequence = sequence
                self.next = 1 - slot
        slot = self.next if older else 1 - self.next
        if self.state[slot]:
            try:
                with open(self.name(slot), "rb") as file:
                    _, _, state, first, left = unpack(_HEAD, file.read(_HEADER))
                    return state, file.read(first), file.read(left)
            except OSError:
                self.damaged.append(b"")
        return None

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
        self._keep(False)

    def save(self, state: int, identity: bytes, body: bytes, spare: bool = False) -> None:
        """Write a record, read it back, and make it the newest. `spare`: it must not be lost; on full flash the spare
        file is given up for it, and the other slot where this one is worn.

        Raises EnrollError("storage"), also for more than 8 192 bytes; the record before stays valid then.
        """
        if len(body) > _MOST:
            raise self.trouble(OSError(27))  # EFBIG
        self._keep(spare, state, identity, body)
        self._sequence += 1
        self.next = 1 - self.next

    def close(self) -> None:
        """Close what `begin` has opened."""
        while self._open:
            try:
                self._open.pop().close()
            except OSError:
                pass

    def name(self, slot: int) -> str:
        """Path of a slot's file."""
        return "%s/%d/slot" % (self.path, slot)

    def _keep(self, spare: bool, *record) -> None:
        """Write `record` into the next slot; without one only its first bytes, unless they are there already. `spare`:
        see `save`. Raises EnrollError("storage").
        """
        state, identity, body = record or (0, b"", b"")
        full = False
        while True:
            try:
                if full:
                    os.remove(self.path + "/spare")
                sequence = self._sequence + 1
                header = pack(_HEAD, _MAGIC, sequence, state, len(identity), len(body))
                if not self._open:
                    older, newer = self.state[self.next], self.state[1 - self.next]
                    if older > 2 and (newer < older or older == newer == 3) and state < 4:
                        self.next = 1 - self.next  # an answer, a credential, the first unread answer has to stay
                    self._open.append(open(self.name(self.next), "r+b"))
                    self._open[0].write(header[:_BEGUN])
                if not record:
                    return
                crc = crc32(body, crc32(identity, crc32(header)))
                for part in (header[_BEGUN:], identity, body, crc.to_bytes(4, "little")):
                    self._open[0].write(part)
                self._open.pop().close()
                if self._check(self.next) == sequence:
                    return
                raise OSError(5)  # EIO: it reads back as something else
            except OSError as error:
                trouble = self.trouble(error)
                if not spare:
                    raise trouble
                spare = False
                full = error.errno == _ENOSPC
                if not full and self.state[1 - self.next] in (0, 1, 2, state):
                    self.next = 1 - self.next  # this slot is worn: take the other one, unless it is worth more

    def _check(self, slot: int) -> int:
        """Sequence number of `slot` if it is valid, else 0; where it is damaged, `damaged` gets who has begun it."""
        self.state[slot] = 0
        identity = b""
        try:
            with open(self.name(slot), "rb") as file:
                piece = file.read(_HEADER)
                if not any(piece):
                    return 0
                magic, sequence, state, first, left = unpack(_HEAD, piece)
                if magic == _MAGIC and first <= _SLOT and left <= _MOST:
                    identity = file.read(first)
                    crc = crc32(identity, crc32(piece))
                    while left > 0 and piece:
                        piece = file.read(min(left, 64))
                        crc = crc32(piece, crc)
                        left -= len(piece)
                    if file.read(4) == crc.to_bytes(4, "little"):
                        self.state[slot] = state
                        return sequence
        except OSError as error:
            if error.errno == _ENOENT:
                return 0
        except ValueError:  # too short for its header
            pass
        self.damaged.append(identity)
        return 0

    def trouble(self, error: OSError) -> EnrollError:
        """What to raise for `error`."""
        self.close()
        return EnrollError("storage", "flash at %s cannot be written" % self.path, error)
