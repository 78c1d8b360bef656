"""How a registration lies in the store."""

import json

from .errors import EnrollError
from .providers import Answer, Credential

if False:  # for type hints only
    from .config import Config
    from .store import Store

# States of a record. What lies in the body: nothing, nothing, the raw answer, the credential.
TRIED = 1  # a request has left, or may have; its outcome is not known
REFUSED = 2  # the service said no to every attempt so far
RAW = 3  # an answer is there that holds the credential
KEPT = 4


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


def _fits(who: bytes, ours: list[bytes]) -> bool:
    """Whether `who`, of a record, is the identity `ours`, its address left out; an empty line of `ours` fits any."""
    theirs = who.split(b"\n")[1:]
    return len(ours) == len(theirs) and not [1 for a, b in zip(ours, theirs) if a and a != b]  # noqa: B905


def recall(config: "Config", store: "Store") -> tuple[int, Credential | None]:
    """What `store` knows for `config`, which the board has completed: (state, credential or None); state 0 if nothing.

    A record counts if it is of the same provider and identity, and of `url` or an address in `moved_from`. The state is
    RAW where the credential is in an answer that nobody has parsed yet, or is kept with an address in `moved_from`: it
    should be kept again. Beside a newer note the state is that note's. A damaged slot is TRIED if it shows this
    identity, or nothing while no other slot tells that it cannot have been this device's. Uses no network and writes
    nothing; afterwards `store` writes to the slot that does not hold the credential.

    Raises EnrollError("configuration") for a credential or an answer from an address that `config` does not name.
    """
    address, *ours = identity(config).split(b"\n")
    addresses = [address] + [it.encode() for it in config.moved_from]
    known = attempt = 0
    elsewhere = b""
    for older in (False, True):  # what another identity has left may stand before what is ours
        record = store.load(older)
        for who in () if older else store.damaged:
            # beside a note, or nothing, a slot that shows nothing cannot be an attempt: its own note would be there
            silent = not who and (store.damaged[1:] or max(store.state) > REFUSED)
            if silent or (_fits(who, ours) and who.split(b"\n")[0] in addresses):
                attempt = TRIED
        if not record:
            break
        state, who, body = record
        where = who.split(b"\n")[0]
        if not _fits(who, ours):
            continue
        if where not in addresses:
            if state > REFUSED:
                elsewhere = where
            continue
        credential = None
        try:
            if state == KEPT:
                credential = Credential(config.provider, *json.loads(body))
                # beside a newer note: the one that was to be replaced, which is still the best there is
                state = known % RAW or attempt or (KEPT if where == address else RAW)
            elif state == RAW:
                known = state
                credential = config.service.parse(config, Answer(200, body))
        except MemoryError:
            raise
        except Exception:  # whatever it is, it is not understood; a later version of this firmware may
            pass
        if credential:
            if older:
                store.next = 1 - store.next  # the newer slot is worth less
            return state, credential
        known = known or min(state, REFUSED)
    if elsewhere:
        fact = "registered at %s, not at %s: list the first in `moved_from`, or use enroll.forget"
        raise EnrollError("configuration", fact % (str(elsewhere, "utf-8"), config.url))
    return known or attempt, None
