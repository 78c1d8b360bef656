"""After a reset a device continues at the step that says `resume`, with values from earlier answers.

The kept fields begin with "_", so a device that registers again starts over, see Keep.
"""

from ...calendar import now as clock
from ..other_steps import Keep
from . import take

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

    from ...config import Config

_BACK = const(60)  # seconds by which a later boot's clock may be behind an earlier one's


def register(config: "Config", now: int):
    """See `register` of the provider. If the service has forgotten what an earlier boot kept (404 or 410, unless a rule
    says what that means), it starts over, once.
    """
    steps = config.section["steps"]
    ahead = now - clock()
    at = steps[0]["resumes"]
    kept = yield Keep()
    if kept.get("_step") == at and 0 < kept["_until"] - now <= steps[at]["resume"] + _BACK:
        resumed = dict(steps[at])
        forgotten = {"means": "pending"}  # else the enroller would end here
        rules = resumed["answers"]
        resumed["answers"] = rules[:-2] + [(status, [""], None, forgotten) for status in (404, 410)] + rules[-2:]
        task = take(config, now, (resumed,) + steps[at + 1 :], kept["_taken"])
        answer: Any = None
        try:
            while getattr(answer, "rule", None) is not forgotten:
                answer = yield task.send(answer)
        except StopIteration:
            return
        now = clock() + ahead
    taken = yield from take(config, now, steps[:at], {})
    now = clock() + ahead
    yield Keep({"_step": at, "_taken": taken, "_until": now + steps[at]["resume"]})
    yield from take(config, now, steps[at:], taken)
