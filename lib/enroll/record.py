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
    """Who registers, as it is kept with every record: the provider, its keys of kind I, and what else its credential is
    bound to, each in a line of its own. Never a secret.
    """
    who = config.provider
    for item in config.service.TABLE.split(" "):
        if item[-1] == "I":
            who += "\n" + (config.section[item[:-2]] or "")
    if hasattr(config.service, "bound"):
        who += config.service.bound(config)
    return who.encode()


def recall(config: "Config", store: "Store") -> tuple[int, Credential | None]:
    """What `store` knows for `config`: (state, credential or None); state 0 if nothing.

    A damaged store counts as TRIED, because what it held cannot be known; what another provider or identity has left
    counts as nothing (what `config` leaves to the board fits any). A credential in an answer that was saved but not
    parsed any more comes with state RAW; one that was about to be replaced, with the state of that attempt. Needs no
    network and writes nothing.
    """
    ours = identity(config).split(b"\n")
    known = 0
    for older in (False, True):  # what another identity has left may stand before what is ours
        record = store.load(older)
        if not record:
            if store.damaged:
                known = known or TRIED
            break
        state, who, body = record
        theirs = who.split(b"\n")
        if len(ours) != len(theirs) or [1 for a, b in zip(ours, theirs) if a and a != b]:  # noqa: B905
            continue
        try:
            if state == KEPT:  # beside a newer note: the one that was to be replaced, which is still the best there is
                return known % RAW or state, Credential(config.provider, *json.loads(body))
            if state == RAW:
                known = state
                return state, config.service.parse(config, Answer(200, body))
        except (EnrollError, ValueError, TypeError):
            pass  # not understood; a later version of this firmware may; is there an earlier one that is?
        known = known or min(state, REFUSED)
    return known, None
