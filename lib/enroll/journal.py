"""All that is on flash of a registration: what lies there, what may follow what, and what survives a power cut.

The journal has two slots, written in turn; the newest valid one wins. Each holds one record, in one of four states, in
the order of what they are worth:

    TRIED    a request has left, or may have; nobody knows what came of it
    REFUSED  the service said no to every attempt so far
    RAW      an answer that holds the credential, as it came
    KEPT     the credential

What happens, what the journal holds then, and what is written. "Must": if flash does not take it, nothing is sent, and
EnrollError("storage") says so. "Spare": on full flash the spare file is given up for it, on a worn slot the other one.

    event                                    holds           written        must   spare
    arm   a request is about to leave        nothing         TRIED          yes    no
                                             anything        next slot begun yes   no
    note  no answer came                     TRIED, RAW      nothing
                                             anything else   TRIED          no     no
    note  it never left, or a refusal came   REFUSED, RAW    nothing
                                             anything else   REFUSED        no     no
    note  an answer came                     anything        RAW            no     yes
    keep  the answer is understood           RAW             KEPT           no     yes
                                             anything else   KEPT           yes    yes
    clear factory reset                      anything        zeros          yes    no

RAW and KEPT that flash does not take wait in `unsaved`, and are written before the next attempt. A TRIED or REFUSED is
never written over an answer or a credential, nor a second answer over the first; only a credential is.

A slot is a file of 1 024 bytes (more if a record needs more) in a directory of its own, written in place:

    "ENR" version | sequence u32 | state u8 | identity length u16 | body length u16 | identity | body | CRC-32 of these

Little-endian. `begin` writes the first eight bytes early, so that the file system takes and erases its next block
before it matters; a file that is closed half-written is only the older slot.
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
_MOST = const(8192)  # bytes of a body: it has to be read into the heap again; more is damage
_HEAD = const("<4sIBHH")  # version, sequence, state, lengths
_HEADER = const(13)  # bytes of it
_ENOENT = const(2)


def identity(config: "Config") -> bytes:
    """Who registers where, as it is kept with every record: `url`, the provider, its keys of kind I, and what else its
    credential is bound to, each in a line of its own. Never a secret.
    """
    who = config.url + "\n" + config.provider
    for item in config.service.TABLE.split(" "):
        if item[-1] == "I":
            who += "\n" + (config.section[item[:-2]] or "")
    if hasattr(config.service, "bound"):
        who += config.service.bound(config)
    return who.encode()


def _where(who: bytes, ours: list[bytes]) -> bytes:
    """The address in `who`, of a record; b"" if its other lines are not `ours`, of which an empty one fits any."""
    where, *theirs = who.split(b"\n")
    fits = len(ours) == len(theirs)
    for our, their in zip(ours, theirs):  # noqa: B905
        fits = fits and (not our or our == their)
    return where if fits else b""


class Slots:
    """The two slots in the folder `path`, which is made when it is first needed.

    `states`: of the slots' records, 0 where there is none. `next`: the slot to write, 0 or 1. `damaged`: of each slot
    that was found neither blank nor valid, since `load` began, the identity that it shows, b"" if it shows none.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.damaged: list[bytes] = []
        self._sequence = 0  # of the newest valid slot
        self.next = 0
        self.states = [0, 0]
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
        if self.states[slot]:
            try:
                with open(self.name(slot), "rb") as file:
                    _, _, state, first, left = unpack(_HEAD, file.read(_HEADER))
                    return state, file.read(first), file.read(left)
            except OSError:
                self.damaged.append(b"")
        return None

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

    def _check(self, slot: int) -> int:
        """Sequence number of `slot` if it is valid, else 0; where it is damaged, `damaged` gets who has begun it."""
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
        except ValueError:  # too short for its header
            pass
        self.damaged.append(identity)
        return 0


def recall(config: "Config", slots: Slots) -> "tuple[int, Credential | None]":
    """What `slots` know for `config`, which the board has completed: (state, credential or None); state 0 if nothing.

    A record counts if it is of the same provider and identity, and of `url` or an address in `moved_from`. The state is
    RAW where the credential is in an answer that nobody has parsed yet, or is kept with an address in `moved_from`: it
    should be kept again. Beside a newer note the state is that note's. A damaged slot is TRIED if it shows this
    identity, or nothing while no other slot tells that it cannot have been this device's. Uses no network and writes
    nothing; afterwards `slots` writes to the slot that does not hold the credential.

    Raises EnrollError("configuration") for a credential or an answer from an address that `config` does not name.
    """
    address, *ours = identity(config).split(b"\n")
    addresses = [address]
    for url in config.moved_from:
        addresses.append(url.encode())
    known = attempt = 0
    elsewhere = b""
    for older in (False, True):  # what another identity has left may stand before what is ours
        record = slots.load(older)
        for who in () if older else slots.damaged:
            # beside a note, or nothing, a slot that shows nothing cannot be an attempt: its own note would be there
            silent = not who and (slots.damaged[1:] or max(slots.states) >= RAW)
            if silent or _where(who, ours) in addresses:
                attempt = TRIED
        if not record:
            break
        state, who, body = record
        where = _where(who, ours)
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
        except Exception:  # whatever it is, it is not understood; a later version of this firmware may
            pass
        if credential:
            if older:
                slots.next = 1 - slots.next  # the newer slot is worth less
            if state == KEPT:
                # beside a newer note: the one that was to be replaced, which is still the best there is
                note = known if known in (TRIED, REFUSED) else attempt
                state = note or (KEPT if where == address else RAW)
            return state, credential
        known = known or (TRIED if state == TRIED else REFUSED)
    if elsewhere:
        from .mistakes import moved

        raise moved(str(elsewhere, "utf-8"), config.url)
    return known or attempt, None
