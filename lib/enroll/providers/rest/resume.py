"""After a reset a device continues at the step that says `resume`, with values from earlier answers.

The kept fields begin with "_", so a device that registers again starts over, see Keep.
"""

from ...calendar import now as clock
from ..other_steps import Keep
from . import take

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ...config import Config

_BACK = const(60)  # seconds by which a later boot's clock may be behind an earlier one's


def register(config: "Config", now: int):
    """See `register` of the provider."""
    steps = config.section["steps"]
    ahead = now - clock()
    at = steps[0]["resumes"]
    kept = yield Keep()
    taken = kept.get("_taken")
    if kept.get("_step") != at or not 0 < kept["_until"] - now <= steps[at]["resume"] + _BACK:
        taken = yield from take(config, now, steps[:at], {})
        now = clock() + ahead
        yield Keep({"_step": at, "_taken": taken, "_until": now + steps[at]["resume"]})
    yield from take(config, now, steps[at:], taken)
