"""Runs the steps of a registration other than requests, see providers/other_steps.py."""

import json

from . import tasks
from .commit import Journal
from .errors import EnrollError
from .journal import KEPT, REFUSED, TRIED, identity
from .providers.other_steps import Keep, Wait

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

    from .config import Config

_DAY = const(86400)


def take(step: "Any", enroller):
    """Task: run `step`, a Wait, Show or Keep, and return what to send to `register`.

    Raises EnrollError("storage") if the write for a Keep fails, and EnrollError("server") if a Wait is longer than the
    rest of the enroller's patience.
    """
    if isinstance(step, Wait):
        seconds = min(step.seconds, _DAY)  # whatever the service wants
        _be_patient(enroller, seconds)
        yield from tasks.pause(seconds)
    elif isinstance(step, Keep):
        found = kept(enroller.config, step.fields)  # before anything can cut this task: an answer may come only once
        yield 0  # feeds the watchdog
        return found
    else:
        enroller.log("%s: code %s at %s" % step.what)
        try:
            getattr(enroller.port, "show", tasks.ignore)(*step.what)
        except Exception as error:  # a broken display must not stop the registration
            enroller.warn("%s %s" % (type(error).__name__, error))


def _be_patient(enroller, seconds: float) -> None:
    patience = getattr(enroller, "patience", None)
    if patience is None:
        return
    enroller.patience = patience - seconds
    if enroller.patience < 0:
        if enroller.journal.state == TRIED and not enroller.again:
            enroller.journal.note(REFUSED)  # this attempt's outcome is known: no answer of it was lost
        error = EnrollError("server", "the service has not decided yet", "the device will ask again")
        error.retry_after = int(seconds)
        error.said = True  # keeps the link up
        raise error


def _read(body: bytes) -> dict | None:
    """The fields in a record, None if it cannot be read: MicroPython writes inf, which it cannot read back."""
    try:
        found = json.loads(body)
    except (ValueError, RuntimeError):  # the latter: nested too deeply
        return None
    return found if isinstance(found, dict) else None


def kept(config: "Config", fields: dict | None = None) -> dict:
    """Return the fields on flash from the last Keep for `config`, {} if none can be read. `fields` replace them first.

    Raises EnrollError("answer") if `fields` could not be read back, and EnrollError("storage") if the write fails.
    """
    slots = Journal(config.store + "/c0")  # named like a child's records: a reset erases it, too
    who = identity(config)
    record = slots.load()
    found = _read(record[2]) if record and record[1] == who else {}
    if fields is None or fields == found:
        return found or {}
    body = json.dumps(fields).encode()
    if _read(body) is None:
        raise EnrollError("answer", "a value in the answer cannot be kept")
    try:
        slots.prepare()
        slots.save(KEPT, who, body, True)
    finally:
        slots.close()
    return fields
