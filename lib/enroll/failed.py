"""What to do after an attempt that failed. Loaded only then."""

import os

from . import tasks
from .backoff import delay
from .errors import EnrollError
from .journal import RAW, REFUSED, TRIED

if False:  # for type hints only
    from typing import Any

    from .enroller import Action, Enroller
    from .providers import Answer


def words(fact: str, error: Exception, kind: str = "network") -> "Any":
    """`error` as it should be reported: an EnrollError or MemoryError unchanged; for any other exception an EnrollError
    of `kind` that says `fact`, and quotes the exception.
    """
    if isinstance(error, (EnrollError, MemoryError)):
        return error
    return EnrollError(kind, fact, error="%s %s" % (type(error).__name__, error))


def failed(enroller: "Enroller", error: "Any", action: type["Action"]) -> "Action":
    """What `Enroller.attempt` returns after an attempt that raised `error`. `action`: the class Action.

    Raises an EnrollError instead if no other attempt makes sense: for the kinds `configuration` and `storage`, unless
    the service said so or a record still waits to be written.
    """
    if isinstance(error, MemoryError):
        enroller.journal.state = None  # read flash again: the answer may be there
        error = EnrollError("memory", "not enough heap")
    error = words("the attempt failed", error)
    port = enroller.port
    joined = getattr(error, "joined", True)  # a network, see networks.py
    passes = error.said or enroller.journal.unsaved or getattr(error, "scan", False)
    if error.kind in ("configuration", "storage") and not passes:
        raise error
    config = enroller.config
    weight = 3 if joined else 1  # the wait grows to 9 or 2 times: as much as three failures or one without a network
    enroller.failures += weight
    count = enroller.failures
    if count // weight % 3 == 0 and not error.said:  # every third one
        try:
            getattr(port, "drop", tasks.ignore)()  # the driver may report a link that is dead
        except Exception as failure:
            enroller.warn("%s %s" % (type(failure).__name__, failure))
    chance = int.from_bytes(os.urandom(2), "big") / 65536
    slow = error.kind in ("refused", "orphaned", "answer", "configuration")
    if joined:
        count = (count + 1) // 3  # rounded to the nearest
    at = delay(count, config.first, config.cap, chance, slow, error.retry_after, not joined)
    return action(at, None, error)


def pause(enroller: "Enroller", action: "Action"):
    """Task: wait after `action`, an attempt that failed, until the next one is due. If it joined no network, a person
    may give it one meanwhile.
    """
    error: Any = action.error
    seconds = action.at
    enroller.warn("%s: %s; next attempt in %d s" % (error.kind, error, seconds))
    if getattr(error, "scan", False):
        from .config import unload
        from .onboarding import register

        seconds = yield from register(enroller, seconds)
        del register
        unload("onboarding", "improv", "portal", "networks")
    yield from tasks.pause(seconds)


def run(port, make) -> None:
    """What firmware/main.py calls after a KeyboardInterrupt, see visit.py."""
    from .visit import visit

    visit(port, make)


def refused(enroller: "Enroller", answer: "Answer", error: "Any") -> Exception:
    """The exception to raise for `error`, which parsing `answer` raised. Writes the outcome to the journal."""
    service = enroller.config.service
    journal = enroller.journal
    error = words("this firmware cannot read the answer", error, "answer")
    if service.ONCE and answer.again and error.kind == "refused":
        where = "kept unread in " + journal.path if journal.state == RAW else "lost"
        error = EnrollError("orphaned", "an earlier answer was %s; now %s" % (where, error.fact), error.remedy)
    error.said = True
    error.retry_after = answer.retry_after
    if error.kind == "answer" and answer.status < 300:
        if not service.ONCE:
            journal.note(RAW, answer.body)
        return words("the answer was cut short and is kept in " + journal.path, answer.cut or error)
    if error.kind == "server" and answer.status not in (429, 503):
        journal.note(TRIED)  # the service may have registered the device all the same
    elif not answer.again and (service.ONCE or error.kind != "server"):
        journal.note(REFUSED)
    return error
