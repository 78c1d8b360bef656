"""Takes the steps of a registration that are no requests; providers/other_steps.py has them."""

import json

from . import tasks
from .commit import Journal
from .errors import EnrollError
from .journal import KEPT, identity
from .providers.other_steps import Keep, Wait

if False:  # for type hints only
    from typing import Any

    from .config import Config


def take(step: "Any", enroller):
    """Task: take `step`, a Wait, Show or Keep, and return what `register` is sent.

    Raises EnrollError("storage") where flash does not take what is to be kept, and EnrollError("server") where a Wait
    is longer than the patience of `enroller`.
    """
    if isinstance(step, Wait):
        _be_patient(enroller, step.seconds)
        yield from tasks.pause(step.seconds)
    elif isinstance(step, Keep):
        yield 0  # feeds the watchdog
        return kept(enroller.config, step.fields)
    else:
        enroller.log("%s: code %s at %s" % step.what)
        try:
            getattr(enroller.port, "show", tasks.ignore)(*step.what)
        except Exception as error:  # of a display, which has no say in registering
            enroller.warn("%s %s" % (type(error).__name__, error))


def _be_patient(enroller, seconds: float) -> None:
    patience = getattr(enroller, "patience", None)
    if patience is None:
        return
    enroller.patience = patience - seconds
    if enroller.patience < 0:
        error = EnrollError("server", "the service has not decided yet: the device will ask again")
        error.retry_after = int(seconds)
        error.said = True  # so that the link is not taken down
        raise error


def kept(config: "Config", fields: dict | None = None) -> dict:
    """The fields on flash that the last Keep for `config` has left, {} if there are none. `fields` replace them first.

    Raises EnrollError("storage") where flash does not take them.
    """
    slots = Journal(config.store + "/c0")  # named like the records of a child, so that a reset erases it
    who = identity(config)
    record = slots.load()
    found = json.loads(record[2]) if record and record[1] == who else {}
    if fields is None or fields == found:
        return found
    try:
        slots.prepare()
        slots.save(KEPT, who, json.dumps(fields).encode(), True)
    finally:
        slots.close()
    return fields
