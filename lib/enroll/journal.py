"""The journal: everything that registration keeps on flash, and how that survives a power cut.

The journal has two slots and writes them in turn; the newest valid one counts. Each slot holds one record, which is in
one of four states. From the least valuable to the most:

    TRIED    a request was sent, or may have been; its outcome is unknown
    REFUSED  the service refused every attempt so far, or had not decided when the attempt ended
    RAW      the answer that contains the credential, byte for byte
    KEPT     the credential

This table says what each event writes, depending on the newest record. "Must": if the write fails,
EnrollError("storage") is raised; `arm` raises it before the request is sent. "Spare": if flash is full, the write may
delete the spare file; if its slot is worn, it may take the other slot.

    event                                    holds           written        must   spare
    arm   a request is about to be sent      nothing         TRIED          yes    no
                                             anything        next slot begun yes   no
    note  no answer came                     TRIED, RAW      nothing
                                             anything else   TRIED          no     no
    note  it was never sent, or was refused  REFUSED, RAW    nothing
                                             anything else   REFUSED        no     no
    note  an answer came                     anything        RAW            no     yes
    keep  the answer is understood           RAW             KEPT           no     yes
                                             anything else   KEPT           yes    yes
    clear factory reset                      anything        zeros          yes    no

A RAW or KEPT record that could not be written waits in `unsaved`; it is written before the next attempt. TRIED and
REFUSED never overwrite the only answer or credential. A second answer never overwrites the first. Only KEPT may.

A slot is a file of 1 024 bytes (larger if a record needs it) in a directory of its own. The record is written in place,
little-endian:

    "ENR" version | sequence u32 | state u8 | identity length u16 | body length u16 | identity | body | CRC-32 of these

`begin` writes the first eight bytes before the request is sent: the file system then allocates and erases its next
block early. A power cut before the record is complete costs only the older slot.
"""

import json
from binascii import crc32
from struct import unpack

from .providers import Answer

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from .config import Config
    from .credential import Credential

TRIED = const(1)
REFUSED = const(2)
RAW = const(3)
KEPT = const(4)

_MAGIC = const(b"ENR\x01")
_SLOT = const(1024)
_MOST = const(8192)  # largest body in bytes: it must fit the heap when it is read back; more counts as damage
_HEAD = const("<4sIBHH")  # "ENR" and version, sequence, state, lengths
_HEADER = const(13)  # bytes that _HEAD packs
_ENOENT = const(2)


def identity(config: "Config") -> bytes:
    """The identity that binds a record to one device at one address, in UTF-8.

    One line each: `url`, the provider's name, its keys of kind I, and what the provider's `bound` adds. Never a secret.
    """
    who = config.url + "\n" + config.provider
    for item in config.service.TABLE.split(" "):
        if item[-1] == "I":
            who += "\n" + (config.section[item[:-2]] or "")
    if hasattr(config.service, "bound"):
        who += config.service.bound(config)
    return who.encode()


def _address(identity: bytes, ours: list[bytes]) -> bytes:
    """The address in `identity`, a record's; b"" if its other lines differ from `ours`. An empty line of `ours`
    matches any.
    """
    where, *theirs = identity.split(b"\n")
    fits = len(ours) == len(theirs)
    for our, their in zip(ours, theirs):  # noqa: B905
        fits = fits and (not our or our == their)
    return where if fits else b""


class Slots:
    """Reads the two slots in the folder `path`, which need not exist.

    `states`: the state of each slot's record, 0 if the slot has none. `next`: the slot to write next, 0 or 1.
    `damaged`: one entry for each slot that `load` found neither blank nor valid: the identity in it, or b"" if that
    cannot be read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.damaged: list[bytes] = []
        self._sequence = 0  # that of the newest valid slot
        self.next = 0
        self.states = [0, 0]
        self._open: list = []  # the file of the next slot, once `begin` has opened it

    def load(self, older: bool = False) -> tuple[int, bytes, bytes] | None:
        """Read both slots. Returns the newest valid record as (state, identity, body), or None if there is none.

        `older`: return the other slot's record instead, if that is valid. Sets `states`, `next` and `damaged`.
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
        if self.states[slot]:
            try:
                with open(self.name(slot), "rb") as file:
                    _, _, state, first, left = unpack(_HEAD, file.read(_HEADER))
                    return state, file.read(first), file.read(left)
            except OSError:
                self.damaged.append(b"")
        return None

    def close(self) -> None:
        """Close the slot that `begin` opened."""
        while self._open:
            try:
                self._open.pop().close()
            except OSError:
                pass

    def name(self, slot: int) -> str:
        """The path of the file of `slot`, 0 or 1."""
        return "%s/%d/slot" % (self.path, slot)

    def _check(self, slot: int) -> int:
        """The sequence number of `slot` if it is valid, else 0. Adds the identity of a damaged slot to `damaged`."""
        self.states[slot] = 0
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
                        self.states[slot] = state
                        return sequence
        except OSError as error:
            if error.errno == _ENOENT:
                return 0
        except ValueError:  # shorter than a header
            pass
        self.damaged.append(identity)
        return 0


def recall(config: "Config", journal: Slots) -> "tuple[int, Credential | None]":
    """What the journal knows of the device of `config`: (state, credential or None); state 0 if nothing.

    `config`: completed with the port's identity. A record counts if its provider and identity match, and its address is
    `url` or is listed in `moved_from`. A damaged slot counts as TRIED if it shows this identity. It also does
    if it shows no identity, and the other slot is damaged too or holds an answer or a credential.

    With a credential, the state says what is left to do. RAW: write it, because it is in an answer that was never
    parsed, or was kept for an address in `moved_from`. TRIED or REFUSED: a newer attempt to replace it ended so.

    Uses no network and writes nothing. Sets `journal.next` to the slot that does not hold the credential.

    Raises EnrollError("configuration") if the only answer or credential is for an address that `config` does not name.
    """
    address, *ours = identity(config).split(b"\n")
    addresses = [address]
    for url in config.moved_from:
        addresses.append(url.encode())
    known = attempt = 0
    elsewhere = b""
    for older in (False, True):  # a newer record of another identity may hide ours
        record = journal.load(older)
        for who in () if older else journal.damaged:
            # TRIED is on flash before a request is sent: if the other slot is blank, this one was not an attempt; if
            # it is TRIED or REFUSED, that record counts
            silent = not who and (journal.damaged[1:] or max(journal.states) >= RAW)
            if silent or _address(who, ours) in addresses:
                attempt = TRIED
        if not record:
            break
        state, who, body = record
        where = _address(who, ours)
        if not where:
            continue
        if where not in addresses:
            if state >= RAW:
                elsewhere = where
            continue
        credential = None
        try:
            if state == KEPT:
                from .credential import Credential

                credential = Credential(config, *json.loads(body))
            elif state == RAW:
                known = RAW
                credential = config.service.parse(config, Answer(200, body))
        except MemoryError:
            raise
        except Exception:  # any error: this firmware cannot read the record, a later version may
            pass
        if credential:
            if older:
                journal.next = 1 - journal.next  # the credential is in the older slot: overwrite the newer one
            if state == KEPT:
                # after a newer attempt: the credential that it failed to replace is still the best there is
                note = known if known in (TRIED, REFUSED) else attempt
                state = note or (KEPT if where == address else RAW)
            return state, credential
        known = known or (TRIED if state == TRIED else REFUSED)
    if elsewhere:
        from .mistakes import moved

        raise moved(str(elsewhere, "utf-8"), config.url)
    return known or attempt, None
